"""Loading: voxels equal those of a second decoder, whatever way the pixels are stored."""

from __future__ import annotations

import multiprocessing
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_rescale, pixel_array
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from medseg_app.core.errors import Cancelled
from medseg_app.io.dicom import decoding
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import UnreadableSlices, load_readable, load_slice, load_volume
from medseg_app.io.dicom.volume_info import Frame, VolumeInfo
from tests.data_folder import data

from .small_series import image, positions, stack, stored, write


def _info(images: list[Dataset], folder: Path) -> VolumeInfo:
    (info,) = scan_folder(write(images, folder)).volumes
    return info


def _second_decoder(frame: Frame) -> np.ndarray:
    """By pydicom what MedSeg reads by itself, by GDCM what pydicom decodes for it."""
    dataset = pydicom.dcmread(frame.path)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(frame.path)))
        return image.reshape(-1, *image.shape[-2:])[frame.number - 1]
    pixels = pixel_array(dataset, index=frame.number - 1)
    if "ModalityLUTSequence" in dataset or "RescaleSlope" in dataset:
        return np.asarray(apply_modality_lut(pixels, dataset))
    for groups in (
        dataset.get("PerFrameFunctionalGroupsSequence"),
        dataset.get("SharedFunctionalGroupsSequence"),
    ):
        group = groups[min(frame.number, len(groups)) - 1] if groups else {}
        if "PixelValueTransformationSequence" in group:
            return np.asarray(apply_rescale(pixels, group.PixelValueTransformationSequence[0]))
    return np.asarray(pixels)


@pytest.mark.parametrize(
    "folder",
    [
        "ct_lung_4d_rtstruct",
        "mr_breast_dce_seg",
        "mr_cardiac_cine",
        "mr_enhanced_multiframe",
        "mr_head_patient_positions",
        "mr_prostate_study",
        "pydicom_data",
        "rtstruct_rt_utils",
        "sarcoma_ct_pet_mr_rtstruct",
        "seg_dcmqi",
        "seg_highdicom",
        "transfer_syntaxes",
        "vendor_quirks",
    ],
)
def test_voxels_of_every_real_series(folder: str) -> None:
    result = scan_folder(data("dicom", folder))
    assert result.volumes
    for info in result.volumes:
        volume = load_volume(info)
        assert volume.voxels.shape == info.shape
        assert volume.source is not None
        for k in sorted({0, len(info.frames) // 2, len(info.frames) - 1}):
            other = _second_decoder(info.frames[k])
            np.testing.assert_allclose(volume.voxels[k], other, rtol=1e-6, atol=1e-5)
            np.testing.assert_array_equal(load_slice(info, k), volume.voxels[k])
            assert volume.source.sop_instance_uids[k] == info.frames[k].sop_instance_uid


def test_every_copy_in_another_transfer_syntax_is_the_same_image() -> None:
    folder = data("dicom", "transfer_syntaxes")
    reference = load_volume(scan_folder(folder / "CTImage.dcm").volumes[0]).voxels
    read = 0
    for path in folder.glob("CTImage.dcm_*"):
        for info in scan_folder(path).volumes:
            voxels = load_volume(info).voxels
            off = np.abs(voxels.astype(float) - reference).max()
            assert off == 0 or (info.passport.has("lossy") and off < 70), path.name
            np.testing.assert_allclose(voxels[0], _second_decoder(info.frames[0]), atol=1e-3)
            read += 1
    assert read == 12


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", range(8, 17))
@pytest.mark.parametrize("at_top", [False, True])
def test_bits_beyond_those_stored_are_not_read(tmp_path: Path, signed: bool, bits: int, at_top: bool) -> None:
    """Overlays and leftovers in the spare bits never reach a voxel; the sign is extended."""
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    real = np.random.default_rng(bits).integers(low, high + 1, (48, 64))
    shift = 16 - bits if at_top else 0
    noise = np.random.default_rng(1).integers(0, 1 << 16, (48, 64)) & ~(((1 << bits) - 1) << shift)
    raw = ((real & ((1 << bits) - 1)) << shift | noise).astype(np.uint16)
    values = {
        "BitsStored": bits,
        "HighBit": bits - 1 + shift,
        "PixelRepresentation": int(signed),
        "RescaleIntercept": 0,
    }
    info = _info([image(positions()[0], raw, **values)], tmp_path)
    volume = load_volume(info)
    np.testing.assert_array_equal(volume.voxels[0], real)
    assert volume.voxels.dtype == (np.float32 if bits == 16 and not signed else np.int16)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_every_width_of_pixels(tmp_path: Path, dtype: Any) -> None:
    limits = np.iinfo(dtype)
    raw = np.linspace(limits.min, limits.max, 48 * 64).astype(dtype).reshape(48, 64)
    info = _info([image(positions()[0], raw, RescaleIntercept=0)], tmp_path)
    np.testing.assert_allclose(load_volume(info).voxels[0], raw, rtol=1e-7)


def test_whole_numbers_that_do_not_fit_become_float(tmp_path: Path) -> None:
    images = stack()
    high = stored(1)[0].copy()
    high[3, 4] = 60000
    images[9].PixelData = high.tobytes()
    volume = load_volume(_info(images, tmp_path))
    assert volume.voxels.dtype == np.float32
    assert volume.voxels[9, 3, 4] == 60000 - 1024
    assert volume.voxels[0, 0, 1] == 7 - 1024


def test_a_slope_and_intercept_of_whole_numbers_stay_whole(tmp_path: Path) -> None:
    volume = load_volume(_info(stack(RescaleSlope=2, RescaleIntercept=-3000), tmp_path))
    assert volume.voxels.dtype == np.int16
    np.testing.assert_array_equal(volume.voxels, stored().astype(int) * 2 - 3000)


def test_each_slice_has_its_own_slope(tmp_path: Path) -> None:
    images = stack()
    slopes = [0.5 + 0.013 * k for k in range(12)]
    for dataset, slope in zip(images, slopes, strict=True):
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{slope:.3f}", 0
    info = _info(images, tmp_path)
    assert info.passport.has("rescale_per_slice")
    voxels = load_volume(info).voxels
    assert voxels.dtype == np.float32
    np.testing.assert_allclose(voxels, stored() * np.array(slopes)[:, None, None], rtol=1e-6)


def test_monochrome1_values_are_untouched(tmp_path: Path) -> None:
    volume = load_volume(_info(stack(PhotometricInterpretation="MONOCHROME1"), tmp_path))
    assert volume.inverted
    np.testing.assert_array_equal(volume.voxels, stored().astype(int) - 1024)


def test_padding_is_rescaled_and_kept(tmp_path: Path) -> None:
    images = stack(PixelRepresentation=1)
    for dataset in images:
        dataset.add_new((0x0028, 0x0120), "SS", -2000)
    volume = load_volume(_info(images, tmp_path))
    assert volume.padding == -3024


def encoded(syntax: str) -> list[Dataset]:
    """The stack under another transfer syntax."""
    images = stack()
    for k, dataset in enumerate(images):
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = stored()[k].astype(">u2").tobytes()
            dataset["PixelData"].VR = "OW"
    return images


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_rare_encodings(tmp_path: Path, syntax: str) -> None:
    images = encoded(syntax)
    np.testing.assert_array_equal(load_volume(_info(images, tmp_path)).voxels, stored().astype(int) - 1024)


@pytest.mark.parametrize("meta", [False, True])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_files_without_preamble_are_read(tmp_path: Path, syntax: str, meta: bool) -> None:
    """As some archives keep them: the data set alone, or only the 132 bytes before the meta data missing."""
    folder = write(encoded(syntax), tmp_path / "bare")
    for path in folder.iterdir():
        whole = path.read_bytes()
        length = int.from_bytes(whole[140:144], "little")
        path.write_bytes(whole[132:] if meta else whole[144 + length :])
    np.testing.assert_array_equal(
        load_volume(scan_folder(folder).volumes[0]).voxels, stored().astype(np.int16) - 1024
    )


def test_the_middle_slice_comes_first_and_all_come(tmp_path: Path) -> None:
    seen: list[int] = []
    fractions: list[float] = []

    def on_slice(k: int, plane: np.ndarray) -> None:
        np.testing.assert_array_equal(plane, stored()[k].astype(int) - 1024)
        seen.append(k)

    info = _info(stack(), tmp_path)
    load_volume(info, lambda fraction, message="": fractions.append(fraction), on_slice)
    assert seen[0] == 6
    assert sorted(seen) == list(range(12))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_loading_can_be_stopped(tmp_path: Path) -> None:
    def stop(fraction: float, message: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        load_volume(_info(stack(), tmp_path), stop)


def test_no_more_memory_than_the_volume(tmp_path: Path) -> None:
    pixels = np.zeros((400, 400), np.uint16)
    info = _info([image(place, pixels, n) for n, place in enumerate(positions(count=60))], tmp_path)
    load_slice(info, 0)
    tracemalloc.start()
    volume = load_volume(info)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 1.2 * volume.voxels.nbytes


# -- slices that cannot be read -------------------------------------------------------------------


def _compressed(count: int = 12, syntax: str = RLELossless) -> list[Dataset]:
    images = stack(places=positions(count=count))
    for dataset in images:
        dataset.compress(syntax)
    return images


def test_a_slice_that_went_missing_after_the_scan_is_named(tmp_path: Path) -> None:
    info = _info(stack(), tmp_path)
    info.frames[7].path.unlink()
    with pytest.raises(UnreadableSlices, match=r"Slice 8 of 12, 007\.dcm: it cannot be read") as told:
        load_volume(info)
    assert told.value.slices[0][0] == 7
    assert told.value.exit_code == 2


def test_the_rest_can_be_loaded_and_its_passport_tells(tmp_path: Path) -> None:
    images = _compressed()
    images[4].PixelData = encapsulate([b"\x01" + bytes(200)])
    info = _info(images, tmp_path)
    assert info.left_out == ()
    with pytest.raises(UnreadableSlices, match="Slice 5 of 12"):
        load_volume(info)
    report = load_readable(info)
    assert report.volume.voxels.shape == (11, 48, 64)
    assert [entry.path.name for entry in report.left_out] == ["004.dcm"]
    assert {"damaged_slices", "missing_slices"} <= {f.code for f in report.info.passport.findings}
    np.testing.assert_array_equal(report.volume.voxels[4], stored()[5].astype(int) - 1024)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_mutated_pixels_are_read_or_named(tmp_path: Path, syntax: str) -> None:
    """Whatever stands in compressed pixels ends in voxels or in a named slice, never in another error."""
    chance = random.Random(20261124)
    (dataset,) = _compressed(1, syntax)
    whole = (write([dataset], tmp_path / "whole") / "000.dcm").read_bytes()
    start = whole.rindex(b"\xe0\x7f\x10\x00")
    path = tmp_path / "mutated.dcm"
    outcomes = set()
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 3, 10))):
            content[chance.randrange(start + 20, len(content))] = chance.randrange(256)
        path.write_bytes(content)
        for info in scan_folder(path).volumes:
            try:
                outcomes.add(load_volume(info).voxels.shape)
            except UnreadableSlices as problem:
                outcomes.add(problem.slices[0][0])
    assert outcomes <= {(1, 48, 64), 0}
    assert outcomes


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    info = _info(stack(), tmp_path)
    for frame in info.frames:
        frame.path.write_bytes(b"")
    with pytest.raises(UnreadableSlices, match="and 11 more"):
        load_readable(info)


# -- decoding in worker processes -----------------------------------------------------------------


def test_workers_give_what_one_process_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = _info(_compressed(20, JPEG2000Lossless), tmp_path)
    alone = load_volume(info).voxels
    monkeypatch.setattr(decoding, "WORTH_WORKERS", 2)
    monkeypatch.setattr(decoding, "FRAMES_PER_TASK", 3)
    together = load_volume(info).voxels
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(alone, stored(20).astype(int) - 1024)


def test_a_worker_of_somebodys_pool_decodes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a process is a daemon, which may not start processes of its own."""
    (volume,) = scan_folder(write(_compressed(), tmp_path)).volumes
    monkeypatch.setattr(decoding, "WORTH_WORKERS", 2)
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    assert load_volume(volume).voxels.shape == (12, 48, 64)


def test_a_decoder_that_dies_takes_only_its_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = _info(_compressed(4), tmp_path)
    monkeypatch.setattr(decoding, "WORTH_WORKERS", 2)
    monkeypatch.setattr(decoding, "_decode", _decode_or_die)
    with pytest.raises(UnreadableSlices, match=r"Slice 2 of 4, 001\.dcm: .*brought the decoder down") as told:
        load_volume(info)
    assert len(told.value.slices) == 1


_decode = decoding._decode


def _decode_or_die(task: decoding.Task) -> list[decoding.Decoded]:
    import os

    if task[0].endswith("001.dcm"):
        os._exit(11)
    return _decode(task)
