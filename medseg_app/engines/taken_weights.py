"""Which tensors a network took of weights that were made for another one (torch)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Taken:
    """Names of tensors: taken as they are, adapted to the channels, begun afresh, of the file not used."""

    same: tuple[str, ...]
    adapted: tuple[str, ...]
    afresh: tuple[str, ...]
    unused: tuple[str, ...]


def take_what_fits(network: nn.Module, given: dict[str, Tensor], adapted: dict[str, Tensor]) -> Taken:
    """Put all tensors with a name and a shape of the network into it, adapted ones instead of given ones."""
    own = network.state_dict()
    fitting = {n: t for n, t in {**given, **adapted}.items() if n in own and own[n].shape == t.shape}
    network.load_state_dict({**own, **fitting})
    return Taken(
        tuple(sorted(set(fitting) - set(adapted))),
        tuple(sorted(set(fitting) & set(adapted))),
        tuple(sorted(set(own) - set(fitting))),
        tuple(sorted(set(given) - set(fitting))),
    )
