"""VolumeGeometry: the only owner of index (k, j, i) <-> patient mm (LPS).

Slices may be unevenly spaced or shifted against each other (gantry tilt, missing slices): each
slice keeps the origin that its file stated. `affine` exists only where the slices are regular.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .box import Box, Index
from .errors import GeometryError

Vector = NDArray[np.float64]

STEP_TOLERANCE_MM = 0.01
"""A slice origin may differ from the regular grid by this much and still count as regular."""
STEP_TOLERANCE_RATIO = 0.01
"""A gap may differ from the median gap by this share and still count as regular."""
SHEAR_TOLERANCE_MM = 0.01
"""In-plane drift of the origin per slice, above which a grid counts as sheared (gantry tilt)."""
ORTHONORMAL_TOLERANCE = 1e-4
SHORTEST_STEP_MM = 1e-6
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
FLATTEST_GRID = 1e-3
"""Volume of a voxel as a share of that of a right-angled one; below it the axes do not span space."""


def _frozen(values: ArrayLike) -> Vector:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class VolumeGeometry:
    """Where the voxels of a volume lie in the patient.

    shape: number of (slices k, rows j, columns i).
    i_step, j_step: mm (LPS) from one column, one row to the next, shape (3,).
    origins: centre of voxel (k, 0, 0) of every slice, mm (LPS), shape (slices, 3).
    last_step: mm to the next slice where there is a single slice (its thickness along the normal).
    """

    shape: Index
    i_step: Vector
    j_step: Vector
    origins: Vector
    last_step: Vector
    frame_of_reference_uid: str = ""

    @classmethod
    def regular(cls, shape: Index, affine: ArrayLike, frame_of_reference_uid: str = "") -> VolumeGeometry:
        """A regular grid from a 4x4 matrix that maps (k, j, i, 1) to LPS mm."""
        matrix = np.asarray(affine, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise GeometryError("The grid needs a 4x4 matrix of finite numbers.", f"Got {matrix!r}.")
        k_step, j_step, i_step, origin = (matrix[:3, n] for n in range(4))
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if lengths.min() < SHORTEST_STEP_MM or abs(np.linalg.det(matrix[:3, :3] / lengths)) < FLATTEST_GRID:
            raise GeometryError("Its voxels have no volume: the axes of the grid do not span space.")
        origins = origin + np.arange(shape[0])[:, None] * k_step
        return cls.from_slices(shape, i_step, j_step, origins, k_step, frame_of_reference_uid)

    @classmethod
    def from_slices(
        cls,
        shape: Index,
        i_step: ArrayLike,
        j_step: ArrayLike,
        origins: ArrayLike,
        last_step: ArrayLike | None = None,
        frame_of_reference_uid: str = "",
    ) -> VolumeGeometry:
        """A grid from in-plane steps and one origin per slice, all LPS mm; may be irregular."""
        i_vector, j_vector, firsts = _frozen(i_step), _frozen(j_step), _frozen(origins)
        normal = np.cross(i_vector, j_vector)
        if not np.isfinite(normal).all() or np.linalg.norm(normal) < 1e-9:
            raise GeometryError("The directions of rows and columns do not span a plane.")
        if firsts.shape != (shape[0], 3) or not np.isfinite(firsts).all():
            raise GeometryError(f"Expected {shape[0]} slice positions, got an array of shape {firsts.shape}.")
        if last_step is None:
            last_step = firsts[-1] - firsts[-2] if len(firsts) > 1 else normal / np.linalg.norm(normal)
        k0, j0, i0 = (int(n) for n in shape)
        return cls((k0, j0, i0), i_vector, j_vector, firsts, _frozen(last_step), frame_of_reference_uid)

    # -- facts -----------------------------------------------------------------------------------

    @cached_property
    def normal(self) -> Vector:
        """Unit vector row x column (LPS): right-handed with the rows and columns."""
        cross = np.cross(self.i_step, self.j_step)
        return _frozen(cross / np.linalg.norm(cross))

    @property
    def gaps_mm(self) -> Vector:
        """Distance from each slice to the next along the normal, mm, shape (slices - 1,)."""
        return np.asarray(np.diff(self.origins @ self.normal))

    @cached_property
    def k_step(self) -> Vector:
        """Mean step from one slice to the next, LPS mm; exact on a regular grid."""
        if self.shape[0] < 2:
            return self.last_step
        return _frozen((self.origins[-1] - self.origins[0]) / (self.shape[0] - 1))

    @cached_property
    def is_regular(self) -> bool:
        """Whether one affine describes all slices."""
        n = self.shape[0]
        if n < 3:
            return True
        ideal = self.origins[0] + np.arange(n)[:, None] * self.k_step
        if np.abs(self.origins - ideal).max() > STEP_TOLERANCE_MM:
            return False
        gaps = np.abs(self.gaps_mm)
        median = float(np.median(gaps))
        return bool(np.abs(gaps - median).max() <= max(STEP_TOLERANCE_RATIO * median, 1e-9))

    @property
    def is_sheared(self) -> bool:
        """Whether the axes are not at right angles (gantry tilt, skewed rows and columns)."""
        step = self.k_step
        drift = step - self.normal * (step @ self.normal)
        cosine = (self.i_step @ self.j_step) / (np.linalg.norm(self.i_step) * np.linalg.norm(self.j_step))
        return bool(np.linalg.norm(drift) > SHEAR_TOLERANCE_MM or abs(cosine) > ORTHONORMAL_TOLERANCE)

    @property
    def affine(self) -> NDArray[np.float64]:
        """4x4 matrix from (k, j, i, 1) to LPS mm. Raises GeometryError where slices are irregular."""
        if not self.is_regular:
            raise GeometryError(
                "The slices are not evenly spaced, so no single grid describes them.",
                "Export to DICOM SEG keeps each slice where it is.",
            )
        matrix = np.eye(4)
        matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = self.k_step, self.j_step, self.i_step
        matrix[:3, 3] = self.origins[0]
        return matrix

    @property
    def affine_ras_ijk(self) -> NDArray[np.float64]:
        """4x4 matrix from (i, j, k, 1) to RAS mm, as NIfTI has it. Raises GeometryError as `affine` does."""
        return np.asarray((LPS_TO_RAS @ self.affine)[:, [2, 1, 0, 3]])

    @property
    def spacing_kji(self) -> tuple[float, float, float]:
        """Distance between neighbouring slices (median along the normal), rows and columns, mm.

        On a sheared grid the first figure is the length of the step, as ITK defines spacing.
        """
        if self.shape[0] > 1 and not self.is_regular:
            k = float(np.median(np.abs(self.gaps_mm)))
        else:
            k = float(np.linalg.norm(self.k_step))
        return k, float(np.linalg.norm(self.j_step)), float(np.linalg.norm(self.i_step))

    @property
    def direction_kji(self) -> NDArray[np.float64]:
        """Unit vectors of the k, j and i axes as columns, LPS."""
        columns = np.stack([self.k_step, self.j_step, self.i_step], axis=1)
        return np.asarray(columns / np.linalg.norm(columns, axis=0))

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in millilitres. Raises GeometryError where slices are irregular."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    # -- index <-> patient -----------------------------------------------------------------------

    def to_patient(self, index_kji: ArrayLike) -> Vector:
        """Patient position (LPS mm, shape (..., 3)) of voxel indices (k, j, i), fractions allowed.

        Between uneven slices k is interpolated; outside the stack the end step is continued.
        """
        index = np.asarray(index_kji, dtype=np.float64)
        k, j, i = index[..., 0], index[..., 1], index[..., 2]
        return np.asarray(self._slice_origin(k) + j[..., None] * self.j_step + i[..., None] * self.i_step)

    def to_index(self, position_lps: ArrayLike) -> Vector:
        """Fractional voxel index (k, j, i), shape (..., 3), of patient positions in LPS mm."""
        position = np.asarray(position_lps, dtype=np.float64)
        k = self._slice_number(position @ self.normal)
        ji = (position - self._slice_origin(k)) @ self._to_row_and_column
        return np.concatenate([k[..., None], ji], axis=-1)

    def nearest_voxel(self, position_lps: ArrayLike) -> Index | None:
        """The voxel whose centre is nearest to a position in LPS mm; None outside the volume."""
        index = np.floor(self.to_index(position_lps) + 0.5).astype(int)
        if (index < 0).any() or (index >= self.shape).any():
            return None
        return int(index[0]), int(index[1]), int(index[2])

    @cached_property
    def _to_row_and_column(self) -> Vector:
        return _frozen(np.linalg.pinv(np.stack([self.j_step, self.i_step], axis=1)).T)

    @cached_property
    def _heights(self) -> Vector:
        """Position of every slice along the normal, mm."""
        return _frozen(self.origins @ self.normal)

    def _slice_origin(self, k: NDArray[np.float64]) -> Vector:
        n = self.shape[0]
        if n == 1:
            return np.asarray(self.origins[0] + k[..., None] * self.last_step)
        low = np.clip(np.floor(k), 0, n - 2).astype(int)
        step = self.origins[low + 1] - self.origins[low]
        return np.asarray(self.origins[low] + (k - low)[..., None] * step)

    def _slice_number(self, height: NDArray[np.float64]) -> NDArray[np.float64]:
        heights = self._heights
        if len(heights) == 1:
            return np.asarray((height - heights[0]) / (self.last_step @ self.normal))
        sign = 1.0 if heights[-1] > heights[0] else -1.0
        low = np.clip(np.searchsorted(sign * heights, sign * height, side="right") - 1, 0, len(heights) - 2)
        return np.asarray(low + (height - heights[low]) / (heights[low + 1] - heights[low]))

    # -- derived grids ---------------------------------------------------------------------------

    def cropped(self, box: Box) -> VolumeGeometry:
        """The grid of a block of voxels; every voxel keeps its place in the patient."""
        inside = box.clipped(self.shape)
        if inside != box or box.is_empty:
            raise GeometryError(
                f"The box {box.start}..{box.stop} does not lie inside the volume {self.shape}."
            )
        offset = box.start[1] * self.j_step + box.start[2] * self.i_step
        origins = self.origins[box.start[0] : box.stop[0]] + offset
        return replace(self, shape=box.shape, origins=_frozen(origins), last_step=_frozen(self.k_step))

    def straightened(self) -> VolumeGeometry:
        """The nearest grid with axes at right angles: same shape, spacing, handedness and middle.

        For programs that refuse other grids; voxels keep their indices, not all of them their place.
        Raises GeometryError where slices are irregular.
        """
        matrix = self.affine
        left, _, right = np.linalg.svd(self.direction_kji)
        middle = (np.array(self.shape) - 1) / 2
        matrix[:3, :3] = left @ right * self.spacing_kji
        matrix[:3, 3] = self.to_patient(middle) - matrix[:3, :3] @ middle
        return VolumeGeometry.regular(self.shape, matrix, self.frame_of_reference_uid)

    def same_grid(self, other: VolumeGeometry, tolerance_mm: float = 1e-3) -> bool:
        """Whether both grids put every voxel within the tolerance of the same place."""
        if self.shape != other.shape:
            return False
        last_row, last_column = self.shape[1] - 1, self.shape[2] - 1
        for j, i in ((0, 0), (0, last_column), (last_row, 0)):
            mine = self.origins + j * self.j_step + i * self.i_step
            theirs = other.origins + j * other.j_step + i * other.i_step
            if np.abs(mine - theirs).max() > tolerance_mm:
                return False
        return True

    def to_json(self) -> dict[str, Any]:
        """The geometry as plain numbers, exact enough to be restored bit for bit."""
        return {
            "shape_kji": list(self.shape),
            "i_step_mm": self.i_step.tolist(),
            "j_step_mm": self.j_step.tolist(),
            "origins_lps_mm": self.origins.tolist(),
            "last_step_mm": self.last_step.tolist(),
            "frame_of_reference_uid": self.frame_of_reference_uid,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> VolumeGeometry:
        """The inverse of `to_json`."""
        k, j, i = data["shape_kji"]
        steps = data["i_step_mm"], data["j_step_mm"], data["origins_lps_mm"], data["last_step_mm"]
        return cls.from_slices((k, j, i), *steps, data["frame_of_reference_uid"])
