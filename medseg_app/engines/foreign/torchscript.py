"""TorchScript: a program, so it is run only where the user trusts it, once, and in a child without rights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

from medseg_app.core.errors import ModelError
from medseg_app.engines.model_card import ModelCard, Network
from medseg_app.engines.preprocess import Preprocessing

from .landlock import keeps_from_tcp, landlock_version
from .sandbox import MAX_FILE, SECONDS, run_contained

ENGINE = "openvino"


class ConsentNeeded(ModelError):
    """A program that is run only where the user agrees; the hint says what is and what is not contained."""


def consent_text() -> str:
    """What a user is told before a TorchScript program is run: what holds it, and what does not."""
    return " ".join(consent_paragraphs())


def consent_paragraphs() -> tuple[str, ...]:
    """The same in paragraphs: what is done, what it is kept from, what it is not kept from."""
    if not landlock_version():
        return (
            "On this computer nothing can keep a program from your files (that needs Landlock, Linux 5.13), "
            "so TorchScript is not opened here at all.",
        )
    network = "the network (TCP)"
    held = ["your files (it sees a folder of its own only)", "your environment variables"]
    kept = f"While it runs it is kept from {', '.join([*held, network] if keeps_from_tcp() else held)}."
    return (
        "TorchScript is a program, and it is run once to turn it into a graph of plain operations; "
        "later only the graph is used.",
        kept if keeps_from_tcp() else f"{kept} It may NOT be kept from {network} on this computer.",
        f"Not contained: it takes memory and up to {SECONDS} seconds of a processor, and so does every "
        "process that it may start, whose number is not limited; it may use a fault in torch, OpenVINO or "
        "the system to get out, and nobody checks that what it marks is right.",
    )


def require_consent(path: Path, consent: bool) -> None:
    """Raises ConsentNeeded, which says what is and what is not contained, where the user did not agree."""
    if not consent:
        raise ConsentNeeded(
            f"{path} is TorchScript, a program, and is not opened unless you trust it.",
            f"{consent_text()} If you trust it, import it with --trust.",
        )


def graph_of(path: Path, card: ModelCard, consent: bool) -> tuple[ModelCard, bytes]:
    """The card and the weights of a model made of a TorchScript program; its card names tiles and classes.

    Raises ModelError without consent, where this computer cannot keep the program from the user's
    files, and where the program is not what its card says.
    """
    require_consent(path, consent)
    if card.grid.tile is None:
        raise ModelError(f"The card of {path} does not say the size of its tiles.", "State grid.tile.")
    if path.stat().st_size > MAX_FILE:
        raise ModelError(f"{path} is larger than a model may be (4 GB).", "Use a smaller model.")
    channels = Preprocessing.from_json(card.preprocessing).in_channels
    options = {"channels": channels, "classes": len(card.labels) + 1, "tile": list(card.grid.tile)}
    graph = run_contained("torchscript", path, partial(shutil.copyfile, path), options, strict=True)
    network = Network("OpenVINO", {"output": card.network.arguments.get("output", "logits")})
    return replace(card, engine=ENGINE, network=network, weights="models/model.safetensors"), graph
