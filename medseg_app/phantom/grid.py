"""Where the slices of a phantom lie: size, spacing and obliquity of the acquisition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Index
from medseg_app.core.geometry import VolumeGeometry

ABDOMEN_CENTRE_LPS = np.array([0.0, 0.0, 14.0])
"""Middle of the anatomy that the slices are centred on, mm."""


@dataclass(frozen=True)
class Grid:
    """An acquisition grid: shape (k, j, i), spacing in mm, tilt about the x and z axes in degrees."""

    shape: Index = (44, 160, 224)
    spacing_kji: tuple[float, float, float] = (3.5, 1.9, 1.6)
    about_x: float = 0.0
    about_z: float = 0.0
    centre_lps: tuple[float, float, float] = (0.0, 0.0, 14.0)

    @property
    def geometry(self) -> VolumeGeometry:
        """The regular, oblique VolumeGeometry of this grid."""
        steps = rotation(self.about_x, self.about_z)[:, ::-1] * np.array(self.spacing_kji)
        affine = np.eye(4)
        affine[:3, :3] = steps
        affine[:3, 3] = np.array(self.centre_lps) - steps @ ((np.array(self.shape) - 1) / 2)
        return VolumeGeometry.regular(self.shape, affine)


def rotation(about_x: float, about_z: float) -> NDArray[np.float64]:
    """Rotation matrix: first about the patient's x axis, then about z, both in degrees."""
    a, c = np.deg2rad([about_x, about_z])
    around_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    around_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(around_z @ around_x)


def oblique_grid(rng: np.random.Generator) -> Grid:
    """The usual grid, turned by 3 to 8 degrees about x and z either way, centred a little differently."""
    about_x, about_z = rng.uniform(3, 8, 2) * rng.choice([-1, 1], 2)
    centre = ABDOMEN_CENTRE_LPS + rng.uniform(-5, 5, 3)
    return Grid(about_x=float(about_x), about_z=float(about_z), centre_lps=tuple(centre.tolist()))
