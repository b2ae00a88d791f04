"""One export: check, write under a temporary name, read back with another reader, then rename."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medseg_app.core.errors import WrongUse
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, silent
from medseg_app.core.volume import Volume

from .atomic import replacing
from .dicom.deidentify import deidentified
from .export_options import ExportOptions, Written
from .flatten import described_only, flatten
from .formats import Format, check_output, suffix_of
from .placement import nonempty
from .unions import without_unions
from .verify import read_back_with_sitk, verify


def export(
    label_map: LabelMap, volume: Volume, path: Path, options: ExportOptions, progress: Progress = silent
) -> Written:
    """Write, verify and name one file; see `formats.export_labels`."""
    entry = check_output(path, volume)
    if not entry.module:
        raise WrongUse(
            f"{path.name} is not a label file.", "Reports and cases are written by other commands."
        )
    if not label_map.geometry.same_grid(volume.geometry):
        raise WrongUse(
            "The labels do not lie on the grid of these images.", "Import them onto the images first."
        )
    if entry.needs_dicom:
        return _export_seg(label_map, volume, path, options, progress)
    if options.deidentify and entry.names:
        label_map = deidentified(label_map, volume)
    return _export_file(label_map, path, entry, options, progress)


def _export_file(
    label_map: LabelMap, path: Path, entry: Format, options: ExportOptions, progress: Progress
) -> Written:
    remarks: tuple[str, ...] = ()
    lost: dict[str, int] = {}
    label_map = described_only(label_map)
    if not entry.layers or len(label_map.layers) <= 1:
        label_map, unions = without_unions(label_map)
        flat = flatten(label_map, options.overlap)
        label_map, lost = flat.label_map, flat.lost
        remarks = tuple(_in_one_layer(name, parts, path.name) for name, parts in unions.items())
        remarks += tuple(f"{name} has the value {new} in {path.name}." for name, _, new in flat.renumbered)
        remarks += tuple(f"{name} lost {count} voxels to another segment." for name, count in lost.items())
    entry.load().check_labels(label_map)
    with replacing(path, suffix_of(path)) as temporary:
        progress(0.0, f"Writing {path.name}")
        entry.load().write_labels(label_map, temporary)
        progress(0.4, f"Checking {path.name} with SimpleITK")
        verify(label_map, temporary, read_back_with_sitk, path.name)
    progress(1.0)
    return Written(path, True, True, reader="SimpleITK", remarks=remarks, lost=lost)


def _in_one_layer(name: str, parts: tuple[str, ...], file: str) -> str:
    return f"{name} is {', '.join(parts[:-1])} and {parts[-1]} together: in {file} every voxel of theirs."


def _export_seg(
    label_map: LabelMap, volume: Volume, path: Path, options: ExportOptions, progress: Progress
) -> Written:
    from .dicom import seg_write, verify_references, verify_seg

    present = nonempty(label_map)
    if not present:
        reason = "There is no segment with voxels, and DICOM SEG cannot be empty."
        return Written(path, False, False, reason=reason)
    filled = replace(label_map, segments=tuple(present))
    read_back, reader = verify_seg.reader_for(filled, volume)
    with replacing(path, suffix_of(path)) as temporary:
        progress(0.0, f"Writing {path.name}")
        seg_write.write_seg(filled, volume, temporary, options)
        progress(0.3, f"Checking {path.name} with {reader}")
        verify(filled, temporary, read_back, path.name)
        progress(0.8, f"Checking the references of {path.name}")
        verify_references.verify_references(temporary, volume, options.deidentify, path.name)
    left_out = [segment.name for segment in label_map.segments if segment not in present]
    remarks = tuple(f"{name} has no voxels and was left out." for name in left_out)
    progress(1.0)
    return Written(path, True, True, reader=reader, remarks=remarks)
