"""Find the image volumes in a folder, a single file or below a DICOMDIR, reading only heads of files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from medseg_app.core.errors import GeometryError, InputError, WrongUse
from medseg_app.core.progress import Progress, silent

from . import tags
from .assemble import assemble, patient_of
from .dicomdir import Missing, missing_files
from .heads import Head, Unusable, read_head
from .multiframe import frames_of
from .split import split
from .suitable import require_image
from .volume_info import LeftOut, ScanResult, VolumeInfo

DAMAGE = "cut off", "damaged"
"""How the reasons begin for which an image is missing that should be there."""
REPORT_EVERY = 64
"""Files between two reports of progress."""


@dataclass(frozen=True)
class SeriesFound:
    """The first image of a series, told while the scan goes on, for a list that fills at once."""

    series_uid: str
    modality: str
    description: str
    patient: dict[str, str]
    first_file: Path


OnSeries = Callable[[SeriesFound], None]


def scan_folder(
    path: Path | str, on_series: OnSeries | None = None, progress: Progress = silent
) -> ScanResult:
    """Find every image volume below a folder (or in one file, or on the medium of a DICOMDIR).

    Each file ends in a volume or in `left_out` with its reason. `on_series` hears of each series at
    its first image. Raises InputError where there is nothing at the path.
    """
    root = Path(path)
    _require(root)
    collection = _Collection(on_series)
    files = (
        [str(root)]
        if root.is_file() and root.name.upper() != "DICOMDIR"
        else _files(_folder(root), collection)
    )
    for number, file in enumerate(files):
        if number % REPORT_EVERY == 0:
            progress(0.9 * number / (number + 1000), f"{number} files")
        collection.add(file)
    collection.leave_out_missing()
    progress(0.95, f"{len(collection.series)} series")
    volumes = [volume for heads in collection.series.values() for volume in _volumes(heads, root, collection)]
    progress(1.0)
    return ScanResult(root, tuple(volumes), tuple(collection.left_out))


def _require(root: Path) -> None:
    try:
        if not root.exists():
            raise InputError(f"There is no file or folder {root}.", "Check the path.")
        if not root.is_file() and not root.is_dir():
            raise InputError(f"{root} is neither a file nor a folder.", "Choose a folder of DICOM files.")
    except OSError as error:
        raise InputError(
            f"{root} cannot be opened ({error.strerror}).", "Check its name and your right to read it."
        ) from error


def find_volume(
    scan: ScanResult, series_id: str | None = None, modalities: tuple[str, ...] = (), *, scouts: bool = True
) -> VolumeInfo:
    """The one volume that is meant: by id, or the only one (of the modalities, where any are named).

    scouts: whether localizers of a single slice can be meant where there are others.
    Raises InputError where there is none, WrongUse with the list where several fit or the id is unknown.
    """
    if not scan.volumes:
        raise InputError(
            f"{scan.root} holds no image series. {_why_nothing(scan)}".strip(), "Choose a DICOM folder."
        )
    if series_id is not None:
        return _by_id(scan, series_id)
    fitting = [volume for volume in scan.volumes if not modalities or volume.modality in modalities]
    fitting = fitting if scouts else without_scouts(fitting)
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise WrongUse(
            f"{scan.root} holds no {' or '.join(modalities)} volume. Found:\n{_listing(scan.volumes)}",
            "Choose another folder or a model for this modality.",
        )
    raise WrongUse(
        f"{scan.root} holds {len(fitting)} volumes that fit:\n{_listing(fitting)}",
        "Name one with --series ID.",
    )


def without_scouts(volumes: list[VolumeInfo]) -> list[VolumeInfo]:
    """The volumes without localizers of a single slice, if that leaves any."""
    return [one for one in volumes if not (one.is_localizer and one.shape[0] == 1)] or volumes


def _by_id(scan: ScanResult, series_id: str) -> VolumeInfo:
    for volume in scan.volumes:
        if volume.id == series_id:
            return volume
    parts = [volume for volume in scan.volumes if volume.series_uid == series_id]
    if parts:
        raise WrongUse(
            f"Series {series_id} holds {len(parts)} volumes:\n{_listing(parts)}", "Name one with --series ID."
        )
    raise WrongUse(
        f"{scan.root} holds no volume {series_id}. Found:\n{_listing(scan.volumes)}",
        "Name one with --series ID.",
    )


def _listing(volumes: list[VolumeInfo] | tuple[VolumeInfo, ...]) -> str:
    rows = [f"  {v.id}  {v.modality}  {' x '.join(map(str, v.shape))}  {v.description}" for v in volumes]
    return "\n".join(row.rstrip() for row in rows)


def _why_nothing(scan: ScanResult) -> str:
    if not scan.left_out:
        return "It is empty."
    first, *others = scan.left_out
    if not others:
        return f"1 file was left out, {first.path.name}: {first.reason}."
    return f"{len(scan.left_out)} files were left out; the first, {first.path.name}: {first.reason}."


@dataclass
class _Collection:
    """What a scan has gathered so far."""

    on_series: OnSeries | None
    series: dict[str, list[Head]] = field(default_factory=dict)
    seen: dict[str, Head] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def add(self, file: str) -> None:
        """Read the head of a file and keep its frames, or the reason why not."""
        head = None
        try:
            head = read_head(file)
            if tags.DIRECTORY_RECORDS in head.values:
                self.missing += missing_files(file)
            require_image(head)
            frames = frames_of(head)
            self._refuse_duplicate(head)
        except Unusable as reason:
            self.leave_out(file, str(reason), head)
        except Exception as problem:  # noqa: BLE001  one damaged file must not end the scan of the others
            self.leave_out(
                file, f"damaged: it cannot be understood as DICOM ({type(problem).__name__})", head
            )
        else:
            self._keep(frames)

    def leave_out(self, file: str, reason: str, head: Head | None = None) -> None:
        """Note a file that no volume uses; a damaged image remembers its series."""
        series = head.text(tags.SERIES_UID) if head is not None and reason.startswith(DAMAGE) else ""
        self.left_out.append(LeftOut(Path(file), reason, series))

    def leave_out_missing(self) -> None:
        """Note what an index names, unless the image was found under another name (a renamed copy)."""
        self.left_out += [one.file for one in self.missing if one.instance_uid not in self.seen]

    def _refuse_duplicate(self, head: Head) -> None:
        instance = head.text(tags.SOP_INSTANCE)
        if not instance:
            return
        first = self.seen.setdefault(instance, head)
        if first is head:
            return
        if _identity(first) != _identity(head):
            raise Unusable(f"damaged: another image that carries the SOPInstanceUID of {first.path}")
        raise Unusable(f"the same image (SOPInstanceUID) as {first.path}")

    def _keep(self, frames: list[Head]) -> None:
        uid = frames[0].text(tags.SERIES_UID)
        known = self.series.get(uid)
        if known is not None:
            known += frames
            return
        self.series[uid] = frames
        if self.on_series is not None:
            head = frames[0]
            texts = head.text(tags.MODALITY), head.text(tags.SERIES_DESCRIPTION)
            self.on_series(SeriesFound(uid, *texts, patient_of(head), Path(head.path)))


def _identity(head: Head) -> tuple[object, ...]:
    """What two copies of one image have in common, however they are encoded."""
    place = head.numbers(tags.POSITION), head.numbers(tags.ORIENTATION)
    return head.text(tags.SERIES_UID), head.integer(tags.INSTANCE_NUMBER), *place


def _volumes(heads: list[Head], root: Path, collection: _Collection) -> Iterator[VolumeInfo]:
    uid = heads[0].text(tags.SERIES_UID)
    lost = [entry for entry in collection.left_out if entry.series_uid == uid]
    stacks = split(heads)
    for number, stack in enumerate(stacks, start=1):
        try:
            yield assemble(stack, uid if len(stacks) == 1 else f"{uid}#{number}", root, lost)
        except GeometryError as problem:
            for file in dict.fromkeys(head.path for head in stack.heads):
                collection.leave_out(file, problem.message)


def _folder(root: Path) -> Path:
    return root.parent if root.is_file() else root


def _files(folder: Path, collection: _Collection) -> Iterator[str]:
    """Regular files below a folder in order of names; everything else is noted as left out."""
    waiting, entered = [str(folder)], set()
    while waiting:
        here = waiting.pop()
        try:
            real = os.path.realpath(here)
            if real in entered:
                continue
            entered.add(real)
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as problem:
            collection.leave_out(here, f"a folder that cannot be opened ({problem.strerror})")
            continue
        waiting += [entry.path for entry in reversed(entries) if entry.is_dir()]
        for entry in entries:
            if entry.is_file():
                yield entry.path
            elif not entry.is_dir():
                collection.leave_out(entry.path, "not a regular file")
