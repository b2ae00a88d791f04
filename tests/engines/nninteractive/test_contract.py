"""nnInteractive keeps the engine contract where it is shown what to mark."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import ModelIdentity
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Request
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.nninteractive.models import nninteractive_models
from tests.engines.grids import CENTRE
from tests.engines.on_noise import OnNoise

from .conftest import Fake, stand_in


class TestNnInteractive(OnNoise):
    engine = "nninteractive"
    tells_scores = False  # its package gives a mask and no probabilities
    chooses_its_precision = True  # its package has no word for it

    @pytest.fixture(scope="class")
    @classmethod
    def fake(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fake]:
        folder = tmp_path_factory.mktemp("nninteractive")
        with pytest.MonkeyPatch.context() as patch, stand_in(folder, patch) as made:
            made.add_weights("nnInteractive_v1.0")
            yield made

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, fake: Fake) -> ModelFolder:
        (model,) = nninteractive_models()
        return model

    @pytest.fixture(scope="class")
    @classmethod
    def identity(cls, model: ModelFolder) -> ModelIdentity:
        """With the hash of the weights, which are no part of a model folder and may change under the card."""
        return replace(model.card.identity, sha256=hashlib.sha256(b"nnInteractive_v1.0").hexdigest())

    @pytest.fixture(scope="class")
    @classmethod
    def asked(cls, volume: Volume) -> Request:
        """It answers prompts only: a point in the ellipsoid, and one beside it that does not belong."""
        middle = volume.geometry.nearest_voxel(CENTRE)
        assert middle is not None
        beside = (middle[0], middle[1], middle[2] + 3)
        return Request(prompts=(Prompt("point", (middle,)), Prompt("point", (beside,), belongs=False)))
