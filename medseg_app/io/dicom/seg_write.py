"""Write a label map as DICOM SEG (BINARY), each frame where its slice lies and naming its image."""

from __future__ import annotations

import warnings
from pathlib import Path

from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions

from .deidentify import refuse_patient_in_names, replaced_references, without_history
from .seg_frames import frames_of, write_frames
from .seg_header import build_header
from .seg_source import read_head, references_of
from .segment_description import describe, unique_labels

_NAME_LENGTH = 64


def write_seg(label_map: LabelMap, volume: Volume, path: Path, options: ExportOptions) -> None:
    """Write a SEG with SegmentNumber 1..n in the order of the label map's segments, all with voxels.

    Every frame carries the position that its own slice states, so uneven and tilted series stay as
    they are. Raises WrongUse without a DICOM source, InputError where its images cannot be read.
    """
    from pydicom import dcmwrite

    head = read_head(volume)
    references = references_of(volume, head)
    segments = list(label_map.segments)
    if options.deidentify:
        refuse_patient_in_names(segments, head)
        references = replaced_references(references)
        segments = [without_history(segment) for segment in segments]
    labels = unique_labels(segments)
    with warnings.catch_warnings():
        # Odd values of the source (a malformed date) are carried over as they are, not judged here.
        warnings.simplefilter("ignore")
        descriptions = [
            describe(segment, number, label)
            for number, (segment, label) in enumerate(zip(segments, labels, strict=True), 1)
        ]
        header = build_header(descriptions, volume, head, references, options)
        if not options.deidentify:
            header.ContentCreatorName = _readers(segments)
        header.SegmentsOverlap = "NO" if len(label_map.layers) == 1 else "UNDEFINED"
        frames = frames_of(label_map, options.every_frame)
        header.NumberOfFrames = len(frames)
        dcmwrite(path, header, enforce_file_format=True)
    with path.open("ab") as stream:
        write_frames(stream, frames, label_map, references)


def _readers(segments: list[Segment]) -> str:
    """The reader, where one reader alone made or edited the segments."""
    names = {segment.provenance.reader for segment in segments} - {""}
    return names.pop()[:_NAME_LENGTH] if len(names) == 1 else ""
