"""TotalSegmentator keeps the engine contract; its stand-in calls what is above 0 HU the liver."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from medseg_app.core.proposal import ModelIdentity
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.registry import find_model
from tests.engines.on_noise import OnNoise

from .conftest import Fake, stand_in


class TestTotalSegmentator(OnNoise):
    engine = "totalsegmentator"
    tells_scores = False  # its package gives labels and no probabilities
    chooses_its_precision = True  # its package has no word for it
    reports_by_the_clock = True  # what its process prints is looked at ten times a second

    @pytest.fixture(scope="class")
    @classmethod
    def fake(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fake]:
        folder = tmp_path_factory.mktemp("totalsegmentator")
        with pytest.MonkeyPatch.context() as patch, stand_in(folder, patch) as made:
            made.add_weights(297)
            made.plan(by_value=True)
            yield made

    @pytest.fixture(autouse=True)
    def one_home(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not the fresh one of each test: so what any run leaves behind is seen at the end of the class."""
        monkeypatch.setenv("MEDSEG_HOME", str(fake.home))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, fake: Fake) -> ModelFolder:
        return find_model("totalsegmentator-total-fast")

    @pytest.fixture(scope="class")
    @classmethod
    def identity(cls, model: ModelFolder) -> ModelIdentity:
        """With the hash of the weights, which are no part of a model folder and may change under the card."""
        return replace(model.card.identity, sha256=hashlib.sha256(b"weights 297").hexdigest())
