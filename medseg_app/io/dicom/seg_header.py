"""Everything of a DICOM SEG but its frames, made by highdicom."""

from __future__ import annotations

from typing import Any

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions

from .deidentify import mark_deidentified
from .seg_source import References, copy_patient_and_study
from .segment_description import new_uid

_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


def build_header(
    descriptions: list[Any], volume: Volume, head: Any, references: References, options: ExportOptions
) -> Any:
    """A SEG data set without frames: no PerFrameFunctionalGroupsSequence, no PixelData."""
    dataset = _from_highdicom(descriptions, volume.geometry, references)
    _, rows, columns = volume.geometry.shape
    dataset.Rows, dataset.Columns = rows, columns
    dataset.ContentLabel = "SEGMENTATION"
    dataset.SharedFunctionalGroupsSequence = [_shared_groups(volume.geometry, head)]
    dataset.ReferencedSeriesSequence = [_referenced_series(references)]
    for keyword in ("PerFrameFunctionalGroupsSequence", "PixelData", "DimensionOrganizationType",
                    "SourceImageSequence"):  # fmt: skip
        if keyword in dataset:
            delattr(dataset, keyword)
    dataset.ContentCreatorName = ""
    if options.deidentify:
        mark_deidentified(dataset, references.study_uid)
    else:
        copy_patient_and_study(head, dataset)
    return dataset


def _from_highdicom(descriptions: list[Any], geometry: VolumeGeometry, references: References) -> Any:
    """highdicom's own modules, made from a stand-in for the source that no odd attribute can upset."""
    import highdicom

    stand_in = _stand_in(geometry, references)
    pixels = highdicom.Volume(
        np.zeros((1, 2, 2), np.uint8),
        affine=_flat_affine(geometry),
        coordinate_system="PATIENT",
        frame_of_reference_uid=references.frame_of_reference_uid,
    )
    return highdicom.seg.Segmentation(
        source_images=[stand_in],
        pixel_array=pixels,
        segmentation_type="BINARY",
        segment_descriptions=descriptions,
        series_instance_uid=new_uid(),
        series_number=900,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer="MedSeg",
        manufacturer_model_name="MedSeg",
        software_versions=_program_version(),
        device_serial_number="0",
        omit_empty_frames=False,
        content_description="Segmentation",
        specific_character_set="ISO_IR 192",
        transfer_syntax_uid=_EXPLICIT_LITTLE_ENDIAN,
        series_description="Segmentation",
    )


def _program_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("medseg")
    except PackageNotFoundError:
        return "not installed"


def _stand_in(geometry: VolumeGeometry, references: References) -> Any:
    from pydicom.dataset import Dataset

    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = _CT_IMAGE, references.instance_uids[0]
    image.StudyInstanceUID, image.SeriesInstanceUID = references.study_uid, references.series_uid
    image.FrameOfReferenceUID, image.Modality = references.frame_of_reference_uid, "CT"
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber",
                    "StudyID", "StudyDate", "StudyTime"):  # fmt: skip
        setattr(image, keyword, "")
    image.Rows, image.Columns = 2, 2
    image.ImageOrientationPatient = orientation(geometry)
    image.ImagePositionPatient = numbers(geometry.origins[0])
    image.PixelSpacing = numbers([np.linalg.norm(geometry.j_step), np.linalg.norm(geometry.i_step)])
    image.SliceThickness = numbers([_thickness(geometry)])[0]
    return image


def _flat_affine(geometry: VolumeGeometry) -> Any:
    """A right-angled matrix, slice first, for one slice: only the plane is taken from it."""
    matrix = np.eye(4)
    rows = np.cross(geometry.normal, geometry.i_step)
    matrix[:3, 0] = geometry.normal * _thickness(geometry)
    matrix[:3, 1] = rows / np.linalg.norm(rows) * np.linalg.norm(geometry.j_step)
    matrix[:3, 2] = geometry.i_step
    matrix[:3, 3] = geometry.origins[0]
    return matrix


def _thickness(geometry: VolumeGeometry) -> float:
    """Distance of two neighbouring slices along the normal, mm; the smallest where they are uneven."""
    gaps = np.abs(geometry.gaps_mm)
    return float(gaps.min()) if gaps.size else float(abs(geometry.last_step @ geometry.normal))


def _shared_groups(geometry: VolumeGeometry, head: Any) -> Any:
    from pydicom.dataset import Dataset

    measures = Dataset()
    measures.PixelSpacing = numbers([np.linalg.norm(geometry.j_step), np.linalg.norm(geometry.i_step)])
    measures.SliceThickness = numbers([_stated_thickness(head) or _thickness(geometry)])[0]
    if geometry.is_regular:
        spacing = (
            float(np.median(np.abs(geometry.gaps_mm))) if geometry.shape[0] > 1 else _thickness(geometry)
        )
        measures.SpacingBetweenSlices = numbers([spacing])[0]
    plane = Dataset()
    plane.ImageOrientationPatient = orientation(geometry)
    groups = Dataset()
    groups.PixelMeasuresSequence = [measures]
    groups.PlaneOrientationSequence = [plane]
    return groups


def _stated_thickness(head: Any) -> float | None:
    try:
        thickness = float(head.get("SliceThickness") or 0.0)
    except (TypeError, ValueError):
        return None
    return thickness if 0.0 < thickness < 1000.0 else None


def orientation(geometry: VolumeGeometry) -> list[str]:
    """ImageOrientationPatient of the volume's planes."""
    row = geometry.i_step / np.linalg.norm(geometry.i_step)
    column = geometry.j_step / np.linalg.norm(geometry.j_step)
    return numbers([*row, *column])


def numbers(values: Any) -> list[str]:
    """Decimal strings of at most 16 characters, free of noise from the last bits."""
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(round(float(value), 12) + 0.0) for value in values]


def _referenced_series(references: References) -> Any:
    from pydicom.dataset import Dataset

    series = Dataset()
    series.SeriesInstanceUID = references.series_uid
    series.ReferencedInstanceSequence = []
    # A multi-frame object stands behind many slices and is named once.
    for uid in dict.fromkeys(references.instance_uids):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = references.sop_class_uid, uid
        series.ReferencedInstanceSequence.append(item)
    return series
