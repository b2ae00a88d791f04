"""Export of a label map of 400 x 512 x 512 with 30 segments: NIfTI and SEG, writing and verifying apart.

`python -m benchmarks.export` prints the rows. The sources are 400 DICOM files cloned from a real series.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions

from .clones import clone_series
from .row import Row
from .timing import measure, seconds, within

SEGMENTS = 30
MEMORY_ABOVE_VOLUME_MB = 300.0


@dataclass(frozen=True)
class Setting:
    """A label map, the series it lies on, and a folder to write to."""

    labels: LabelMap
    volume: Volume
    folder: Path


def rows(rounds: int = 3) -> Iterator[Row]:
    """Every line of the export table."""
    with _setting() as setting:
        yield _nifti(setting, rounds)
        yield _seg(setting, rounds)
        yield from _verification(setting)
        yield from _memory(setting.folder)


def _nifti(setting: Setting, rounds: int) -> Row:
    from medseg_app.io import nifti

    ours, theirs = setting.folder / "ours.nii.gz", setting.folder / "theirs.nii.gz"
    peers = {
        "SimpleITK": lambda: write_nifti_with_sitk(setting, theirs),
        "nibabel": lambda: write_nifti_with_nibabel(setting, theirs),
    }
    return measure(
        "NIfTI.gz label map, written",
        lambda: nifti.write_labels(setting.labels, ours),
        peers,
        {"SimpleITK": 0.2},
        rounds,
    )


def _seg(setting: Setting, rounds: int) -> Row:
    from medseg_app.io.dicom import seg_write

    ours, theirs = setting.folder / "ours.seg.dcm", setting.folder / "theirs.seg.dcm"
    return measure(
        f"DICOM SEG of {SEGMENTS} segments, written",
        lambda: seg_write.write_seg(setting.labels, setting.volume, ours, ExportOptions()),
        {"highdicom": lambda: write_seg_with_highdicom(setting, theirs)},
        {"highdicom": 1.0},
        rounds,
    )


def _verification(setting: Setting) -> Iterator[Row]:
    from medseg_app.io.dicom.verify_references import verify_references
    from medseg_app.io.dicom.verify_seg import read_back_with_dcmqi
    from medseg_app.io.verify import read_back_with_sitk, verify

    nifti, seg = setting.folder / "ours.nii.gz", setting.folder / "ours.seg.dcm"
    checks: dict[str, Callable[[], None]] = {
        "NIfTI.gz read back by SimpleITK and compared": lambda: verify(
            setting.labels, nifti, read_back_with_sitk, nifti.name
        ),
        "DICOM SEG read back by dcmqi and compared": lambda: verify(
            setting.labels, seg, read_back_with_dcmqi, seg.name
        ),
        "DICOM SEG: image and place of every frame compared": lambda: verify_references(
            seg, setting.volume, False, seg.name
        ),
    }
    for what, check in checks.items():
        yield Row(what, seconds(check))


def _memory(folder: Path) -> Iterator[Row]:
    if not Path("/proc/self/clear_refs").exists():
        return
    volume_mb = 400 * 512 * 512 / 1e6
    ours, theirs = (peak_mb(name, folder) for name in ("ours", "highdicom"))
    limit = volume_mb + MEMORY_ABOVE_VOLUME_MB
    note = f"highdicom: {theirs:.0f} MB"
    yield within("DICOM SEG, peak memory above the start", ours, limit, "MB", note)


def peak_mb(which: str, folder: Path) -> float:
    """Peak memory of writing the SEG in a process of its own, above what it had before (MB)."""
    command = [sys.executable, "-m", "benchmarks.export", "--memory", which, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def write_nifti_with_sitk(setting: Setting, path: Path) -> None:
    import SimpleITK as sitk  # noqa: N813

    sitk.WriteImage(sitk.GetImageFromArray(setting.labels.layers[0]), str(path), useCompression=True)


def write_nifti_with_nibabel(setting: Setting, path: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(setting.labels.layers[0].transpose(), np.eye(4))
    nibabel.save(image, path)


def write_seg_with_highdicom(setting: Setting, path: Path) -> None:
    """As its documentation shows: sources read by pydicom, the labels as a Volume, one file."""
    import warnings

    import highdicom
    from highdicom.sr import CodedConcept
    from pydicom import dcmread

    warnings.simplefilter("ignore")
    assert setting.volume.source is not None
    images = [dcmread(file, stop_before_pixels=True) for file in setting.volume.source.files]
    kind = CodedConcept("85756007", "SCT", "Tissue")
    descriptions = [
        highdicom.seg.SegmentDescription(
            segment_number=segment.value,
            segment_label=segment.name,
            segmented_property_category=kind,
            segmented_property_type=kind,
            algorithm_type="MANUAL",
        )
        for segment in setting.labels.segments
    ]
    pixels = highdicom.Volume(
        setting.labels.layers[0],
        affine=setting.labels.geometry.affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=images[0].FrameOfReferenceUID,
    )
    highdicom.seg.Segmentation(
        source_images=images,
        pixel_array=pixels,
        segmentation_type="BINARY",
        segment_descriptions=descriptions,
        series_instance_uid=highdicom.UID(),
        series_number=1,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="x",
        manufacturer_model_name="x",
        software_versions="x",
        device_serial_number="x",
    ).save_as(path)


@contextmanager
def _setting() -> Iterator[Setting]:
    with tempfile.TemporaryDirectory() as folder:
        clone_series(Path(folder) / "series", 1, with_pixels=False)
        yield _setting_in(Path(folder))


def _setting_in(folder: Path) -> Setting:
    from medseg_app.core.volume import VolumeSource
    from medseg_app.io.dicom.scan import scan_folder

    [info] = scan_folder(folder / "series").volumes
    files = tuple(sorted((folder / "series").iterdir()))
    geometry = info.geometry
    uids = tuple(f"1.2.826.0.1.3680043.8.498.1.{number}" for number in range(len(files)))
    source = VolumeSource("dicom", folder, files, info.series_uid, uids, (1,) * len(files))
    hollow = np.broadcast_to(np.int16(0), geometry.shape)
    volume = Volume(hollow, geometry, info.id, "CT", source=source)
    return Setting(made_labels(geometry), volume, folder)


def made_labels(geometry: VolumeGeometry) -> LabelMap:
    """Thirty smooth bodies of organ size, about 30 mm to 90 mm across."""
    layer = np.zeros(geometry.shape, np.uint8)
    chance = np.random.default_rng(5)
    for value in range(1, SEGMENTS + 1):
        radii = chance.integers(40, 90, 3) // (1, 2, 2)
        middle = [int(chance.integers(r, n - r)) for r, n in zip(radii, geometry.shape, strict=True)]
        box = tuple(slice(m - r, m + r) for m, r in zip(middle, radii, strict=True))
        axes = np.ogrid[tuple(slice(-r, r) for r in radii)]
        inside = sum((axis / r) ** 2 for axis, r in zip(axes, radii, strict=True)) < 1
        layer[box][inside] = value
    segments = tuple(
        Segment(id=value, name=f"Body {value}", value=value) for value in np.unique(layer[layer > 0]).tolist()
    )
    return LabelMap((layer,), geometry, segments)


def _print_memory(which: str, folder: Path) -> None:
    from medseg_app.io.dicom import seg_write

    setting = _setting_in(folder)
    # Linux forgets the peak so far, which making the labels drove up.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_kb("VmRSS")
    path = folder / "memory.seg.dcm"
    if which == "ours":
        seg_write.write_seg(setting.labels, setting.volume, path, ExportOptions())
    else:
        write_seg_with_highdicom(setting, path)
    print((_status_kb("VmHWM") - before) * 1024 / 1e6)


def _status_kb(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        _print_memory(sys.argv[2], Path(sys.argv[3]))
    else:
        for row in rows():
            print(row)
