"""Consent: a model that is a program is run only where the user agrees, and is told what that means."""

from __future__ import annotations

from medseg_app.core.errors import ModelError

from .landlock import keeps_from_tcp, landlock_version
from .sandbox import SECONDS


class ConsentNeeded(ModelError):
    """A program that is run only where the user agrees; the hint says what is and what is not contained."""


def require_consent(why: str, consent: bool) -> None:
    """Raises ConsentNeeded where the user did not agree.

    why: which model is what kind of program, in one or two sentences.
    """
    if not consent:
        raise ConsentNeeded(why, f"{consent_text()} If you trust it, import it with --trust.")


def consent_text() -> str:
    """What a user is told before a program is run: what holds it, and what does not."""
    return " ".join(consent_paragraphs())


def consent_paragraphs() -> tuple[str, ...]:
    """The same in paragraphs: what is done, what it is kept from, what it is not kept from."""
    if not landlock_version():
        return (
            "On this computer nothing can keep a program from your files (that needs Landlock, Linux 5.13), "
            "so models that are programs are not opened here at all.",
        )
    network = "the network (TCP)"
    held = ["your files (it sees a folder of its own only)", "your environment variables"]
    kept = f"While it runs it is kept from {', '.join([*held, network] if keeps_from_tcp() else held)}."
    return (
        "It is run once to turn it into a graph of plain operations; later only the graph is used.",
        kept if keeps_from_tcp() else f"{kept} It may NOT be kept from {network} on this computer.",
        f"Not contained: it takes memory and up to {SECONDS} seconds of a processor, and so does every "
        "process that it may start, whose number is not limited; it may use a fault in torch, OpenVINO or "
        "the system to get out, and nobody checks that what it marks is right.",
    )
