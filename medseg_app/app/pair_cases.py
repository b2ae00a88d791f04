"""Two folders of label files: which prediction belongs to which truth, by the name of the case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medseg_app.core.errors import InputError

from .case_name import LABEL_SUFFIXES, case_name, label_suffix


@dataclass(frozen=True)
class LeftOut:
    """A file that takes no part, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class CasePair:
    """The two files of one case."""

    name: str
    prediction: Path
    truth: Path


@dataclass(frozen=True)
class Pairing:
    """pairs: in the order of their names. left_out: label files without a partner."""

    pairs: tuple[CasePair, ...]
    left_out: tuple[LeftOut, ...]


def pair_cases(predictions: Path, truths: Path) -> Pairing:
    """Pair the label files directly inside two folders; suffixes do not count, other files neither.

    Where a folder holds a case in several formats, the two files of one format are taken, DICOM SEG
    before NIfTI. Raises InputError where no two files belong together.
    """
    mine, theirs = _files(predictions), _files(truths)
    names = sorted({*mine, *theirs})
    pairs = tuple(
        CasePair(name, *_of_one_format(mine[name], theirs[name]))
        for name in names
        if name in mine and name in theirs
    )
    if not pairs:
        raise InputError(
            f"No file of {predictions} has the name of a file of {truths}.",
            "Cases are paired by file name: case1.nii.gz with case1.nii.gz (or .seg.dcm, .nrrd, .mha), "
            "without the _0000 that images of nnU-Net have.",
        )
    missing = (*_alone(mine, theirs, "truth"), *_alone(theirs, mine, "prediction"))
    return Pairing(pairs, missing)


def _files(folder: Path) -> dict[str, list[Path]]:
    """Label files by the name of their case, richest format first."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if label_suffix(path) and not path.name.startswith(".") and path.is_file():
            found.setdefault(case_name(path), []).append(path)
    for paths in found.values():
        paths.sort(key=lambda path: LABEL_SUFFIXES.index(label_suffix(path)))
    return found


def _of_one_format(mine: list[Path], theirs: list[Path]) -> tuple[Path, Path]:
    both = [(one, other) for one in mine for other in theirs if label_suffix(one) == label_suffix(other)]
    return both[0] if both else (mine[0], theirs[0])


def _alone(mine: dict[str, list[Path]], theirs: dict[str, list[Path]], partner: str) -> Iterator[LeftOut]:
    for name, paths in mine.items():
        if name not in theirs:
            yield LeftOut(paths[0], f"there is no {partner} of this name")
