"""A whole prediction in bfloat16 or in eight bits, beside MONAI and nnU-Net in float32."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from medseg_app.core.volume import Volume
from medseg_app.engines.device import fast_arithmetic
from medseg_app.engines.model_folder import ModelFolder

from .inference import PEER, ROUNDS, USUAL, beside_monai, model_and_image
from .predictions import monai_with, ours
from .row import NotMeasuredError, Row
from .timing import measure

if TYPE_CHECKING:
    from torch import nn

WHOLE, BODY, LIGHTER = 0.25, 0.125, 0.125
"""Goals: four times as fast as MONAI, eight times where the air around the body is left out, and as much with
the network that is shipped instead of one of nnU-Net's usual width."""
WIDTH = (32, 64, 128, 256, 320)
"""Channels by level of nnU-Net's networks; ours have half of them."""


def rows() -> list[Row]:
    """The whole image; then, as the application does it, the body only, also beside the usual network."""
    if fast_arithmetic("cpu") is None:
        raise NotMeasuredError("without AMX and AVX2 the processor computes it in float32")
    folder, volume = model_and_image()
    return [*beside_monai(folder, volume, "fast", WHOLE, BODY), _lighter(folder, volume)]


def _lighter(folder: ModelFolder, volume: Volume) -> Row:
    """The whole job as the application does it, beside what people use without it."""
    usual = _of_usual_width(folder)
    run, peer = ours(folder, volume, "fast", "cpu"), f"{PEER}, nnU-Net's width"
    run()  # the first run converts the network
    peers = {peer: monai_with(usual, folder, volume, "cpu", USUAL)}
    row = measure("the same beside a network of usual width, fast", run, peers, {peer: LIGHTER}, ROUNDS)
    ratio = _weights(usual) / _weights(_own(folder))
    return replace(row, note=f"{ratio:.1f} times the weights, random: their time does not depend on them")


def _of_usual_width(folder: ModelFolder) -> nn.Module:
    from medseg_app.engines.networks import build_network

    own = folder.card.network
    levels = len(own.arguments["filters"])
    network = build_network(replace(own, arguments={**own.arguments, "filters": WIDTH[:levels]}))
    return network.eval()


def _own(folder: ModelFolder) -> nn.Module:
    from medseg_app.engines.networks import build_network

    return build_network(folder.card.network)


def _weights(network: nn.Module) -> int:
    return sum(one.numel() for one in network.parameters())
