"""Every awkward series of the phantom is split, measured and loaded as what it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.demo_study import write_demo_study, write_stacks
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.phantom import marker_phantom
from medseg_app.phantom.stack import Stack
from medseg_app.phantom.variants import VARIANTS

FULL = (12, 48, 64)
FRONTAL, LATERAL, AXIAL = (1, 12, 64), (1, 12, 48), (1, 48, 64)

EXPECTED: dict[str, tuple[list[tuple[int, int, int]], set[str]]] = {
    "plain": ([FULL], set()),
    "localizers in the series": ([FULL, FRONTAL, LATERAL, AXIAL], {"part_of_series"}),
    "localizers in the study": ([FULL, FRONTAL, LATERAL, AXIAL], set()),
    "two phases": ([FULL, FULL], {"part_of_series"}),
    "gantry tilt": ([FULL], {"gantry_tilt"}),
    "missing slice": ([(11, 48, 64)], {"missing_slices"}),
    "duplicate slice": ([FULL, AXIAL], {"part_of_series"}),
    "uneven gaps": ([FULL], {"uneven_spacing"}),
    "reversed order": ([FULL], set()),
    "coronal": ([(48, 12, 64)], set()),
    "sagittal": ([(64, 12, 48)], set()),
    "negated columns": ([FULL], set()),
    "MONOCHROME1": ([FULL], {"inverted"}),
    "slope per slice": ([FULL], {"rescale_per_slice"}),
    "padding": ([FULL], {"padding"}),
    "b-values": ([FULL, FULL, FULL], {"part_of_series"}),
}
"""Name of the variant -> shapes (k, j, i) of the volumes, and findings that the largest volume must have."""

REGULAR = [n for n in VARIANTS if n not in {"gantry tilt", "missing slice", "duplicate slice", "uneven gaps"}]


def _at(volume: Volume, positions: np.ndarray) -> list[float | None]:
    """The value at each patient position (n, 3), None where the volume has no voxel within 0.02 mm of it."""
    values: list[float | None] = []
    for position in positions:
        index = volume.geometry.nearest_voxel(position)
        near = index is not None and np.abs(volume.geometry.to_patient(index) - position).max() < 0.02
        values.append(float(volume.voxels[index]) if near and index is not None else None)
    return values


def _belongs(volume: Volume, stack: Stack) -> bool:
    """Whether the volume shows, at random voxels of the stack, what was written there."""
    rng = np.random.default_rng(3)
    index = rng.integers(0, stack.volume.geometry.shape, (60, 3))
    written = [float(v) for v in stack.volume.voxels[tuple(index.T)]]
    read = _at(volume, stack.volume.geometry.to_patient(index))
    slopes = stack.facts.get("slopes") or (0.0,)
    half_step = max(slopes) / 2 + 1e-3
    return all(r is not None and abs(r - w) <= half_step for r, w in zip(read, written, strict=True))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_scan_finds_the_volumes_and_says_what_is_wrong(tmp_path: Path, name: str) -> None:
    files = write_stacks(VARIANTS[name](marker_phantom()[0]), tmp_path, seed=1)
    scan = scan_folder(tmp_path)
    shapes, codes = EXPECTED[name]
    assert sorted(volume.shape for volume in scan.volumes) == sorted(shapes)
    assert sum(len(volume.files) for volume in scan.volumes) + len(scan.left_out) == len(files)
    main = max(scan.volumes, key=lambda volume: volume.shape)
    found = {finding.code for finding in main.passport.findings}
    assert codes <= found, main.passport.findings
    if not codes and len(shapes) == 1:
        assert main.passport.verdict == "ok"


@pytest.mark.parametrize("orientation", ["axial", "oblique"])
@pytest.mark.parametrize("name", [*REGULAR, "gantry tilt", "missing slice", "uneven gaps"])
def test_every_voxel_is_read_where_it_was_written(tmp_path: Path, name: str, orientation: str) -> None:
    stacks = VARIANTS[name](marker_phantom(orientation)[0])
    write_stacks(stacks, tmp_path, seed=1)
    loaded = [load_volume(info) for info in scan_folder(tmp_path).volumes]
    for stack in stacks:
        assert any(_belongs(volume, stack) for volume in loaded), stack.volume.description


@pytest.mark.parametrize("shift", [(0, 0, 1), (0, 1, 0), (1, 0, 0), (0.5, 0, 0)])
def test_the_comparison_would_see_a_shift(tmp_path: Path, shift: tuple[float, float, float]) -> None:
    volume = marker_phantom("oblique")[0]
    affine = volume.geometry.affine
    affine[:3, 3] += affine[:3, :3] @ shift
    moved = replace(volume, geometry=VolumeGeometry.regular(volume.geometry.shape, affine))
    write_stacks([Stack(moved)], tmp_path, seed=1)
    (info,) = scan_folder(tmp_path).volumes
    assert not _belongs(load_volume(info), Stack(volume))


def test_the_demo_study_is_one_sound_ct_and_three_localizers(tmp_path: Path) -> None:
    scan = scan_folder(write_demo_study(tmp_path, seed=4))
    assert not scan.left_out
    assert sorted(volume.shape[0] for volume in scan.volumes) == [1, 1, 1, 44]
    main = max(scan.volumes, key=lambda volume: volume.shape[0])
    assert main.passport.verdict == "ok"
    assert main.geometry.is_regular
    assert main.patient["name"].replace("^", " ").startswith("Phantom")
