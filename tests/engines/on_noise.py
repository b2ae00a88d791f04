"""The engine contract on one volume for all: a bright ellipsoid in noise."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.core.volume import Volume

from .contract import EngineContract
from .grids import GRIDS, ellipsoid


class OnNoise(EngineContract):
    """The ellipsoid is above 0 HU, what is around it far below. grid: a name of GRIDS."""

    grid = "oblique"

    @pytest.fixture(scope="class")
    @classmethod
    def volume(cls) -> Volume:
        geometry = GRIDS[cls.grid]
        noise = np.random.default_rng(5).normal(0, 60, geometry.shape)
        voxels = (ellipsoid(geometry) * 900 - 600 + noise).astype(np.int16)
        return Volume(voxels, geometry, "1.2.3", "CT")
