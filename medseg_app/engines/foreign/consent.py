"""Consent: a model that is a program is run only where the user agrees, and is told what that means."""

from __future__ import annotations

from medseg_app.core.errors import ModelError

from .containment import can_keep_files_away
from .sandbox import SECONDS


class ConsentNeeded(ModelError):
    """A program that is run only where the user agrees; the hint says what is and what is not contained."""


def require_consent(why: str, consent: bool) -> None:
    """Raises ConsentNeeded where the user did not agree, ModelError where agreeing would be of no use.

    why: which model is what kind of program, in one or two sentences.
    """
    if not can_keep_files_away():
        raise ModelError(why, consent_text())
    if not consent:
        raise ConsentNeeded(why, f"{consent_text()} If you trust it, import it with --trust.")


def consent_text() -> str:
    """What a user is told before a program is run: what holds it, and what does not."""
    return " ".join(consent_paragraphs())


def consent_paragraphs() -> tuple[str, ...]:
    """The same in paragraphs: what is done, what it is kept from, what it is not kept from."""
    if not can_keep_files_away():
        return (
            "On this computer nothing can keep a program from your files (that needs Landlock and seccomp, "
            "Linux 5.13), so models that are programs are not opened here at all.",
        )
    return (
        "It is run once to turn it into a graph of plain operations; later only the graph is used.",
        "While it runs it can neither read nor change your files (it sees a copy of the model, and the "
        "programs and libraries that are installed), and is kept from your environment variables, from the "
        "network and from other processes.",
        f"Not contained: it takes memory, space on the disk and up to {SECONDS} seconds of a processor; it "
        "can ask whether a file of a name that it knows is there; it may use a fault in torch, OpenVINO or "
        "the system to get out, and nobody checks that what it marks is right.",
    )
