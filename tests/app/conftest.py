"""A session on a small oblique volume, with folders of its own."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.app.enter_case import enter
from medseg_app.app.folders import Folders
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.core.case import Case
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume


def oblique_geometry(shape=(12, 40, 48)) -> VolumeGeometry:
    """Oblique and anisotropic: 3.1 mm slices, 0.9 mm rows, 0.7 mm columns."""
    turn = np.linalg.qr(np.array([[0.9, 0.3, 0.1], [-0.2, 1.0, 0.2], [0.1, -0.3, 0.9]]))[0]
    turn *= np.sign(np.linalg.det(turn))
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([3.1, 0.9, 0.7])
    affine[:3, 3] = (-20.0, 35.0, 110.0)
    return VolumeGeometry.regular(shape, affine, "1.2.3")


@pytest.fixture
def volume() -> Volume:
    geometry = oblique_geometry()
    voxels = np.random.default_rng(1).integers(-100, 100, geometry.shape).astype(np.int16)
    return Volume(voxels, geometry, id="1.2.3.4", modality="CT")


@pytest.fixture
def folders(tmp_path) -> Folders:
    return Folders(tmp_path / "config", tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def session(folders, volume):
    session = Session(folders, Settings(reader="Dr Test"))
    enter(session, Case.of(volume))
    yield session
    session.close()


@pytest.fixture
def told(session):
    """The notices that the session gives from here on."""
    notices = []
    session.notices.connect(notices.append)
    return notices


@pytest.fixture
def images_without_files(volume, monkeypatch):
    """Cases find their images without any file."""
    for place in ("commands.open", "recovery"):
        monkeypatch.setattr(f"medseg_app.app.{place}.find_images", lambda *_: volume)
