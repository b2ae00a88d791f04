"""Errors that a user can act on; everything else is a bug.

MedsegError
    WrongUse            the request itself is wrong (bad option, unknown suffix)      exit 2
        SegmentsOverlap a format cannot hold segments that share voxels               exit 2
    InputError          a file or folder cannot be used                               exit 2
        GeometryError   the geometry does not allow what was asked                    exit 2
        CaseError       a case file cannot be opened or saved as asked                exit 2
            ImagesMoved     the images of a case are not where it says                exit 2
    ModelError          a model folder is missing, changed or not allowed             exit 2
        ModalityError   the model does not fit the images                             exit 2
    CouldNotBeDone      the work failed though the request was right                  exit 1
        VerificationError   an export did not read back as it was written             exit 1
        OutOfMemory         the device or the computer ran out of memory              exit 1
        EngineError         a model stopped while it was running                      exit 1
    Cancelled           the user stopped the work                                     exit 130
"""

from __future__ import annotations


class MedsegError(Exception):
    """An error with a message (what happened, to which file) and a hint (the next step)."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[type[MedsegError], tuple[str, str]]:
        # The default reduction drops the hint when an error crosses a process border.
        return type(self), (self.message, self.hint)


class WrongUse(MedsegError):
    """The request itself is wrong."""

    exit_code = 2


class SegmentsOverlap(WrongUse):
    """A format cannot hold segments that share voxels, and nobody said who keeps them."""


class InputError(MedsegError):
    """A file or folder cannot be used."""

    exit_code = 2


class GeometryError(InputError):
    """The geometry does not allow what was asked."""


class CaseError(InputError):
    """A case file cannot be opened or saved as asked."""


class ImagesMoved(CaseError):
    """The images of a case are not where it says: whoever opens it can say where they are now."""


class ModelError(MedsegError):
    """A model folder is missing, changed or not allowed."""

    exit_code = 2


class ModalityError(ModelError):
    """The model does not fit the images."""


class CouldNotBeDone(MedsegError):
    """The request was right, the work failed."""


class VerificationError(CouldNotBeDone):
    """An export did not read back as it was written."""


class OutOfMemory(CouldNotBeDone):
    """The device or the computer ran out of memory."""


class EngineError(CouldNotBeDone):
    """A model stopped while it was running."""


class Cancelled(MedsegError):
    """The user stopped the work."""

    exit_code = 130

    def __init__(self, message: str = "Stopped by the user.", hint: str = "") -> None:
        super().__init__(message, hint)
