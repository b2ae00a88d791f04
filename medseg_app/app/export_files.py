"""Convert labels of a case or a label file to verified files: `medseg export` and `ms.export_files`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg_app.core.errors import InputError, SegmentsOverlap, WrongUse
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, part, silent
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions, Written
from medseg_app.io.flatten import with_distinct_values

from .case_output import read_case
from .documents import export_document
from .inputs import load_input, open_case_images, require_series
from .left_out import gap_explained
from .outputs import Contents, check_outputs, written_outputs
from .remedy import remedy

if TYPE_CHECKING:
    from medseg_app.io.dicom.volume_info import VolumeInfo


@dataclass(frozen=True, eq=False)
class Exported:
    """What was written. left_out: slices, segments or voxels that did not come along, a sentence each."""

    volume: Volume
    labels: LabelMap
    outputs: tuple[Written, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return export_document(self.volume, self.labels, self.outputs)


def export_files(
    labels_or_case: Path,
    outputs: Sequence[Path],
    source: Path | None = None,
    series: str | None = None,
    options: ExportOptions | None = None,
    progress: Progress = silent,
) -> Exported:
    """Write the labels of a case or label file to all outputs, verified, or to none.

    source: the DICOM folder (or image file) that the labels belong to.
    """
    with exported_files(labels_or_case, outputs, source, series, options, progress) as done:
        return done


@contextmanager
def exported_files(
    labels_or_case: Path,
    outputs: Sequence[Path],
    source: Path | None = None,
    series: str | None = None,
    options: ExportOptions | None = None,
    progress: Progress = silent,
) -> Iterator[Exported]:
    """What export_files does, for a block that may still fail: then the outputs are taken back."""
    if not labels_or_case.exists():
        raise InputError(f"{labels_or_case} does not exist.", "Check the name.")
    check_outputs(outputs, labels_or_case, source if source and source.exists() else None)
    said = _Said([], [], [])
    volume, found = _open(labels_or_case, source, series, said, part(progress, 0.0, 0.4))
    labels, renumbered = with_distinct_values(found) if len(found.layers) > 1 else (found, ())
    said.remarks.extend(f"{name} has the value {new} in files of labels." for name, _, new in renumbered)
    case = read_case(labels_or_case, volume) if _is_case(labels_or_case) else None
    contents = Contents(labels, volume, lambda done: export_document(volume, labels, done), case)
    hint = "Export to .seg.dcm, or say which one wins: --overlap first or last."
    with (
        remedy(SegmentsOverlap, hint),
        gap_explained(said.lost_slices),
        written_outputs(contents, outputs, options or ExportOptions(), part(progress, 0.4, 1.0)) as written,
    ):
        yield _exported(contents, written, said)


@dataclass(frozen=True)
class _Said:
    """Sentences that came up on the way.

    lost_slices: slices of the source that cannot be read, with reasons. lost_labels: what of the labels did
    not come along onto the source.
    """

    remarks: list[str]
    lost_slices: list[str]
    lost_labels: list[str]


def _exported(contents: Contents, written: list[Written], said: _Said) -> Exported:
    lost = [f"{o.path.name}: {name} lost {n} voxels" for o in written for name, n in o.lost.items()]
    remarks = (*said.remarks, *(remark for o in written for remark in o.remarks))
    whole = (*said.lost_slices, *said.lost_labels, *lost)
    return Exported(contents.volume, contents.labels, tuple(written), whole, remarks)


def _open(
    path: Path, source: Path | None, series: str | None, said: _Said, progress: Progress
) -> tuple[Volume, LabelMap]:
    if _is_case(path):
        from medseg_app.io.case_file import read_case_file

        volume = require_series(_images_of_case(path, source, progress), series, path)
        return volume, read_case_file(path).segmentation.to_label_map()
    from medseg_app.io.formats import import_labels, read_labels

    if source is None:
        if series is not None:
            raise WrongUse("--series names a volume of the source.", "Name the source: --source FOLDER.")
        labels = read_labels(path)
        return Volume(labels.layers[0], labels.geometry, id=path.name), labels
    volume = _source_volume(path, source, series, said, progress)
    return volume, import_labels(path, volume, said.remarks.append, said.lost_labels.append)


def _is_case(path: Path) -> bool:
    return path.suffix.lower() == ".medseg"


def _images_of_case(path: Path, source: Path | None, progress: Progress) -> Volume:
    """The images of a case, where it says or where the user says that they are now; checked by hash."""
    if source is not None and not source.exists():
        raise InputError(f"{source} does not exist.", "Check the name of the source.")
    return open_case_images(path, progress, source, "Name the folder where they are now: --source FOLDER.")


def _source_volume(path: Path, source: Path, series: str | None, said: _Said, progress: Progress) -> Volume:
    """The volume of the source that the labels lie on: by id, the only one, or the one that they mean."""
    from medseg_app.io.dicom.scan import find_volume, scan_folder
    from medseg_app.io.formats import read_image
    from medseg_app.io.images import is_image_file

    if not source.exists():
        raise InputError(f"{source} does not exist.", "Check the name of the source.")
    if is_image_file(source):
        return read_image(source)
    found = scan_folder(source)
    try:
        info = find_volume(found, series)
    except WrongUse:
        meant = _meant_by(path, found.volumes) if series is None else None
        if meant is None:
            raise
        info = meant
    loaded = load_input(info, progress)
    said.lost_slices.extend(loaded.left_out)
    if info.passport.verdict == "problem":
        said.remarks.append(f"Geometry of the source: {info.passport.sentence}")
    return loaded.volume


def _meant_by(path: Path, volumes: Sequence[VolumeInfo]) -> VolumeInfo | None:
    """The only volume whose images a SEG names, else the only one with the grid of the labels."""
    from medseg_app.io.dicom.seg_images import images_of_seg
    from medseg_app.io.formats import read_labels

    named = images_of_seg(path)
    drawn_on = [v for v in volumes if any(frame.sop_instance_uid in named for frame in v.frames)]
    if len(drawn_on) != 1:
        grid = read_labels(path).geometry
        drawn_on = [v for v in drawn_on or volumes if v.geometry.same_grid(grid, tolerance_mm=0.1)]
    return drawn_on[0] if len(drawn_on) == 1 else None
