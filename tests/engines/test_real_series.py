"""Every engine keeps the contract on a real series, and Python and the command line say the same of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import medseg_app as ms
from medseg_app.cli.main import main
from medseg_app.core.volume import Volume
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.registry import engine_names, find_model
from tests.engines.foreign.containment_needed import needs_containment
from tests.every_engine import CAN_CONTAIN, EVERY_ENGINE, algorithms_of, masks_of

from .contract import ProposalContract, Run

OF_OTHER_PACKAGES = {"nninteractive", "totalsegmentator"}
"""They have tests of their own, with stand-ins where the packages are missing."""


class TestOnRealSeries(ProposalContract):
    """A few slices of a CT of a thigh with a sarcoma, one run per model."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def at_hand(cls, every_model: Path) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MEDSEG_MODELS", str(every_model))
            yield

    @pytest.fixture(scope="class", params=EVERY_ENGINE)
    @classmethod
    def model(cls, request: pytest.FixtureRequest, at_hand: None) -> ModelFolder:
        if request.param == "from-torchscript" and not CAN_CONTAIN:
            pytest.skip("this system cannot contain a program")
        return find_model(request.param)

    @pytest.fixture(scope="class")
    @classmethod
    def volume(cls, real_ct: Path) -> Volume:
        return ms.load(real_ct)

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, model: ModelFolder, volume: Volume) -> Run:
        """By the function that a script calls."""
        images, reports = volume.voxels.copy(), list[float]()
        name = model.card.name
        found = ms.predict(volume, name, device="cpu", progress=lambda f, message="": reports.append(f))
        return Run(found, tuple(reports), images)

    def test_the_command_line_writes_the_same_voxels_and_what_made_them(
        self, run: Run, model: ModelFolder, volume: Volume, real_ct: Path, every_model: Path, tmp_path: Path
    ) -> None:
        seg, card = tmp_path / "o.seg.dcm", model.card
        words = ["predict", real_ct, "--model", card.name, "--models", every_model, "-o", seg]
        assert main([str(word) for word in (*words, "--device", "cpu", "--quiet")]) == 0
        labels = ms.to_label_map(run.proposal, volume)
        found = masks_of(seg, real_ct)
        assert list(found) == [segment.name for segment in labels.segments]
        for segment in labels.segments:
            np.testing.assert_array_equal(found[segment.name], labels.mask(segment))
        assert algorithms_of(seg) == {("AUTOMATIC", card.name, card.version, card.sha256)}


@needs_containment
def test_every_engine_is_among_them(every_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEG_MODELS", str(every_model))
    ours = set(engine_names()) - OF_OTHER_PACKAGES
    assert {find_model(name).card.engine for name in EVERY_ENGINE} == ours
