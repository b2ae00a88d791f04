"""A model for every engine, shipped or made of another program's format, and slices of a real CT for them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.app.import_model import import_model
from medseg_app.engines.foreign.containment import can_keep_files_away
from tests.data_folder import data

SHIPPED = (
    *("sarcoma-unet", "sarcoma-mask-rcnn", "sarcoma-yolact", "sarcoma-mask2former", "sarcoma-detr"),
    *("ct-tissues", "ct-head-neck-organs"),
)
JOINED = "ct-tissues+sarcoma-mask-rcnn"
VOTING = "sarcoma-unet+sarcoma-mask-rcnn+sarcoma-mask2former"
IMPORTED = ("from-onnx", "from-monai", "from-nnunet", "from-torchscript")
CAN_CONTAIN = can_keep_files_away()
"""Whether a TorchScript program may be run here to be converted."""
EVERY_ENGINE = (*SHIPPED, JOINED, VOTING, *IMPORTED)
SLICES = slice(20, 32)
"""Of the 51 slices of the series: they show tumour, fat, muscle and bone."""


def import_every_kind(models: Path, place: Path) -> None:
    """Put a model of every foreign format into `models`; the originals are made in `place`."""
    from tests.engines.foreign.made_bundles import write_bundle
    from tests.engines.foreign.made_onnx import segmenting
    from tests.engines.foreign.made_programs import CARD, Segmenting, write_program
    from tests.engines.foreign.made_results import plans, write_results

    onnx = place / "net.onnx"
    onnx.write_bytes(segmenting())
    onnx.with_suffix(".toml").write_text(CARD)
    program = write_program(place / "program.ts", Segmenting())
    coarse = plans()
    coarse["configurations"]["3d_fullres"]["spacing"] = [5.0, 2.0, 2.0]
    bundle, results = write_bundle(place / "bundle", weights="model.pt"), write_results(place, coarse)
    for name, path in zip(IMPORTED, (onnx, bundle, results, program), strict=True):
        if path is not program or CAN_CONTAIN:
            import_model(path, name=name, consent=path is program, models=models)


def copy_slices(folder: Path) -> Path:
    """Neighbouring slices of a real CT of a thigh with a sarcoma, as DICOM files; skips without the data."""
    import pydicom

    series = data("dicom", "sarcoma_ct_pet_mr_rtstruct", "STS_003", "CT", "image")

    def height(path: Path) -> float:
        return float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])

    for path in sorted(series.iterdir(), key=height)[SLICES]:
        shutil.copy(path, folder)
    return folder


def algorithms_of(seg: Path) -> set[tuple[str, str, str, str]]:
    """Type, name, version and SHA-256 of the algorithms that a DICOM SEG names, as pydicom reads them."""
    import pydicom

    return {_algorithm(item) for item in pydicom.dcmread(seg).SegmentSequence}


def _algorithm(item: Any) -> tuple[str, str, str, str]:
    (algorithm,) = item.SegmentationAlgorithmIdentificationSequence
    parameters = algorithm.AlgorithmParameters
    digest = parameters.rpartition("=")[2]
    return item.SegmentAlgorithmType, algorithm.AlgorithmName, algorithm.AlgorithmVersion, digest


def masks_of(seg: Path, sources: Path) -> dict[str, NDArray[np.bool_]]:
    """Voxels by label of a DICOM SEG, each frame on the slice of the CT that it names, from feet to head."""
    import pydicom

    heads = [pydicom.dcmread(path, stop_before_pixels=True) for path in sources.glob("*.dcm")]
    heads.sort(key=lambda head: float(head.ImagePositionPatient[2]))
    row = {head.SOPInstanceUID: k for k, head in enumerate(heads)}
    found = pydicom.dcmread(seg)
    shape = (len(heads), found.Rows, found.Columns)
    masks = {int(item.SegmentNumber): np.zeros(shape, bool) for item in found.SegmentSequence}
    for frame, groups in zip(found.pixel_array, found.PerFrameFunctionalGroupsSequence, strict=True):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        masks[int(number)][row[source]] = frame != 0
    return {item.SegmentLabel: masks[int(item.SegmentNumber)] for item in found.SegmentSequence}
