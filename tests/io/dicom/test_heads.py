"""Heads of files: the walker agrees with pydicom, and no damaged file gets past it unnamed."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from medseg_app.io.dicom import tags
from medseg_app.io.dicom.head_pydicom import head_by_pydicom
from medseg_app.io.dicom.head_runs import _Run
from medseg_app.io.dicom.heads import FIRST_READ, Unusable, read_head
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from tests.data_folder import data

from .small_series import image, positions, stored


def _one(**values: object) -> Dataset:
    return image(positions()[0], stored(1)[0], **values)


def _save(dataset: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = stored(1)[0].astype(">u2").tobytes()
        dataset["PixelData"].VR = "OW"
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    "folder",
    [
        "ct_lung_4d_rtstruct",
        "mr_prostate_study",
        "sarcoma_ct_pet_mr_rtstruct",
        "vendor_quirks",
        "pydicom_data",
    ],
)
def test_walker_reads_what_pydicom_reads(folder: str) -> None:
    for path in sorted(data("dicom", folder).rglob("*.dcm"))[::7]:
        walked = read_head(str(path))
        read = head_by_pydicom(str(path), path.stat().st_size)
        assert walked.transfer_syntax == read.transfer_syntax
        for number in tags.WANTED - {tags.CHARACTER_SET, tags.TRANSFER_SYNTAX}:
            if number in tags.NUMBERS_IN_TWO_BYTES:
                assert walked.integer(number, -1) == read.integer(number, -1), (path, hex(number))
            elif walked.numbers(number) and number != tags.PIXEL_PADDING:
                assert walked.numbers(number) == pytest.approx(read.numbers(number)), (path, hex(number))
            else:
                assert walked.text(number).split() == read.text(number).split(), (path, hex(number))


def test_pixels_lie_where_pydicom_finds_them(tmp_path: Path) -> None:
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        path = _save(_one(), tmp_path / "image.dcm", syntax)
        head = read_head(str(path))
        assert path.read_bytes()[head.pixel_offset :] == stored(1)[0].tobytes()
        assert head.pixel_length == stored(1)[0].nbytes


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_rare_encodings_are_left_to_pydicom(tmp_path: Path, syntax: str) -> None:
    head = read_head(str(_save(_one(), tmp_path / "image.dcm", syntax)))
    assert (head.text(tags.MODALITY), head.integer(tags.ROWS)) == ("CT", 48)
    assert head.numbers(tags.POSITION) == (-20.0, -30.0, -100.0)


@pytest.mark.parametrize("defined_length", [True, False])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_sequences_before_the_pixels_are_stepped_over(
    tmp_path: Path, syntax: str, defined_length: bool
) -> None:
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3"
    inner.Rows = 7
    outer = Dataset()
    outer.ReferencedImageSequence = Sequence([inner, inner])
    dataset = _one(ReferencedStudySequence=Sequence([outer]))
    for part in (dataset, outer):
        for element in part:
            if element.VR == "SQ":
                element.is_undefined_length = not defined_length
                for item in element.value:
                    item.is_undefined_length_sequence_item = not defined_length
    head = read_head(str(_save(dataset, tmp_path / "image.dcm", syntax)))
    assert head.dataset is None
    assert head.integer(tags.ROWS) == 48


def test_a_head_larger_than_the_first_read(tmp_path: Path) -> None:
    dataset = _one()
    dataset.add_new((0x0009, 0x0010), "LO", "SMALL")
    dataset.add_new((0x0009, 0x1001), "OB", bytes(10 * FIRST_READ))
    head = read_head(str(_save(dataset, tmp_path / "image.dcm")))
    assert head.integer(tags.COLUMNS) == 64
    assert head.pixel_offset > 10 * FIRST_READ


def test_names_in_their_character_set(tmp_path: Path) -> None:
    dataset = _one(SpecificCharacterSet="ISO_IR 192", PatientName="Grün^Żaneta")
    assert read_head(str(_save(dataset, tmp_path / "image.dcm"))).text(tags.PATIENT_NAME) == "Grün^Żaneta"


def test_a_data_set_without_preamble_is_read(tmp_path: Path) -> None:
    whole = _save(_one(), tmp_path / "image.dcm", ImplicitVRLittleEndian).read_bytes()
    start = whole.index(b"\x08\x00\x08\x00")
    bare = tmp_path / "bare"
    bare.write_bytes(whole[start:])
    assert read_head(str(bare)).integer(tags.ROWS) == 48


def test_a_length_beyond_the_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    whole = bytearray(_save(_one(), tmp_path / "image.dcm").read_bytes())
    at = whole.index(b"LO")
    whole[at : at + 4] = b"UT\0\0"
    whole[at + 4 : at + 8] = (2**31).to_bytes(4, "little")
    (tmp_path / "long.dcm").write_bytes(whole)
    with pytest.raises(Unusable, match="cut off|longer than the file"):
        read_head(str(tmp_path / "long.dcm"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"hello", "not a DICOM file"),
        (b"\x89PNG" + bytes(500), "not a DICOM file"),
        (bytes(128) + b"DICM", "cut off"),
        (zlib.compress(bytes(4000)), "not a DICOM file"),
    ],
)
def test_files_that_are_no_dicom_are_named(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "file").write_bytes(content)
    left_out = scan_folder(tmp_path).left_out
    assert [entry.path.name for entry in left_out] == ["file"]
    assert reason in left_out[0].reason


def test_every_cut_of_a_file_is_named(tmp_path: Path) -> None:
    whole = _save(_one(), tmp_path / "whole").read_bytes()
    folder = tmp_path / "cut"
    folder.mkdir()
    lengths = [*range(1, 1200, 7), len(whole) - 1, len(whole) // 2]
    for length in lengths:
        (folder / f"{length}").write_bytes(whole[:length])
    result = scan_folder(folder)
    assert result.volumes == ()
    assert len(result.left_out) == len(lengths)


def _mutated(whole: bytes, chance: random.Random) -> bytes:
    head = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 8, 40))):
        at = chance.randrange(132, min(len(head), 1400))
        kind = chance.randrange(4)
        if kind == 0:
            head[at] = chance.randrange(256)
        elif kind == 1:
            head[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"))
        elif kind == 2:
            del head[at : at + chance.randrange(1, 30)]
        else:
            head[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 12)))
    return bytes(head)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_mutated_files_are_used_or_named(tmp_path: Path, syntax: str) -> None:
    """Every file of a folder of damaged ones ends in a volume or on the list, and nothing raises."""
    chance = random.Random(20261123)
    wholes = [_save(_one(), tmp_path / "whole", syntax).read_bytes()]
    real = data("dicom") / "vendor_quirks" / "philips_enhanced" / "anatomical" / "001"
    wholes += [path.read_bytes()[:60000] for path in sorted(real.glob("*.dcm"))[:1]]
    folder = tmp_path / "mutated"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:04d}").write_bytes(_mutated(wholes[number % len(wholes)], chance))
    result = scan_folder(folder)
    used = {file for volume in result.volumes for file in volume.files}
    named = {entry.path for entry in result.left_out}
    assert used | named == set(folder.iterdir())
    assert not used & named
    assert all(entry.reason for entry in result.left_out)


def test_reading_a_head_never_follows_pydicom_defaults() -> None:
    """The fallback must not change how the rest of the process reads DICOM."""
    assert pydicom.config.settings.reading_validation_mode == pydicom.config.WARN


def test_another_scan_in_between_gets_the_values_of_its_own_file() -> None:
    """Values that repeat are taken from the file before; a thread may look while they are exchanged."""

    def head(patient: bytes) -> bytes:
        return struct.pack("<HH2sH", 0x0010, 0x0020, b"LO", 2) + patient

    run = _Run(head(b"P1"), [(0, 8, tags.PATIENT_ID, 2)])
    assert run.values_at(head(b"P1"), 0) == {tags.PATIENT_ID: b"P1"}
    taken, between = run._values_in, []

    def interrupted(stretch: bytes) -> tuple[bytes, ...]:
        run._values_in = taken
        between.append(run.values_at(head(b"P2"), 0))
        return taken(stretch)

    run._values_in = interrupted
    assert run.values_at(head(b"P2"), 0) == {tags.PATIENT_ID: b"P2"}
    assert between == [{tags.PATIENT_ID: b"P2"}]


def test_a_file_that_announces_implicit_and_is_explicit_is_read(tmp_path: Path) -> None:
    path = _save(_one(), tmp_path / "one.dcm")
    announced = ImplicitVRLittleEndian.encode().ljust(len(ExplicitVRLittleEndian) + 1, b"\0")
    path.write_bytes(path.read_bytes().replace(ExplicitVRLittleEndian.encode() + b"\0", announced, 1))
    with pytest.warns(UserWarning, match="found explicit VR"):
        assert pydicom.dcmread(path).Rows == 48
    (volume,) = scan_folder(path).volumes
    assert (load_volume(volume).voxels[0] == stored(1)[0].astype(int) - 1024).all()
