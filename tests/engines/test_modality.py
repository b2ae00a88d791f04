"""A model refuses images of another modality; files that do not say theirs are judged by their values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.errors import ModalityError
from medseg_app.core.volume import Volume
from medseg_app.engines.modality import check_modality, guess_modality

from .grids import GRIDS
from .tiny_models import TINY

CT_ONLY = TINY["unet"]
MR_ONLY = replace(CT_ONLY, modality=("MR",))
BOTH = replace(CT_ONLY, modality=("MR", "CT"))
PET_AND_MR = replace(CT_ONLY, modality=("PT", "MR"))


def _volume(lowest: float, highest: float, modality: str = "") -> Volume:
    geometry = GRIDS["single slice"]
    voxels = np.linspace(lowest, highest, int(np.prod(geometry.shape)), dtype=np.float32)
    return Volume(voxels.reshape(geometry.shape), geometry, "scan.nii.gz", modality)


def test_dicom_says_its_own() -> None:
    assert check_modality(CT_ONLY, _volume(0, 100, "CT")) == ("CT", "")
    with pytest.raises(ModalityError, match="are MR") as caught:
        check_modality(CT_ONLY, _volume(-1000, 100, "MR"), stated="CT")
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_series_is_named_by_its_words_and_a_file_by_its_name() -> None:
    series = replace(_volume(0, 100, "MR"), id="1.2.826.0.1", description="t2 tse sag")
    with pytest.raises(ModalityError, match="The images of t2 tse sag are MR"):
        check_modality(CT_ONLY, series)
    file = replace(_volume(0, 100), description="written by a tool")
    with pytest.raises(ModalityError, match=r"The values of scan\.nii\.gz"):
        check_modality(CT_ONLY, file)


def test_stated_counts_for_files() -> None:
    assert check_modality(BOTH, _volume(-1000, 100), "MR") == ("MR", "")
    with pytest.raises(ModalityError, match="said to be PT"):
        check_modality(BOTH, _volume(-1000, 100), "PT")


@pytest.mark.parametrize(
    ("card", "lowest", "expected"),
    [(CT_ONLY, -1000, "CT"), (MR_ONLY, -1000, "MR"), (BOTH, -500, "CT"), (BOTH, -499, "MR"), (BOTH, 0, "MR")],
)
def test_guess_follows_the_only_modality_then_the_lowest_value(card, lowest: float, expected: str) -> None:
    modality, remark = guess_modality(card, _volume(lowest, 900).voxels)
    assert modality == expected
    assert expected in remark


def test_a_guess_that_the_model_does_not_take_is_refused() -> None:
    with pytest.raises(ModalityError, match="look like CT"):
        check_modality(PET_AND_MR, _volume(-1000, 900))


@pytest.mark.parametrize(("lowest", "highest"), [(-400, 900), (-1000, 40_001), (0, 255)])
@pytest.mark.parametrize("stated", ["", "CT"])
def test_values_that_no_ct_has_are_refused(lowest: float, highest: float, stated: str) -> None:
    with pytest.raises(ModalityError, match="Hounsfield"):
        check_modality(CT_ONLY, _volume(lowest, highest), stated)
