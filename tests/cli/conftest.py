"""Studies, labels and tiny models for the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from medseg_app.app import model_zoo
from medseg_app.app.enter_case import about
from medseg_app.cli.main import main
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.journal import Facts, Journal
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.segment import Segment
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.io.nifti import write_labels
from medseg_app.phantom import marker_phantom
from tests.cli.served_zoo import running_zoo, zip_bundle
from tests.engines.foreign.made_bundles import write_bundle
from tests.engines.tiny_models import write_tiny_model


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def medseg(capsys):
    """Run `medseg` with words; paths are turned into text."""

    def run(*words: object) -> Ran:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for number, name in enumerate(("unet", "unet for findings", "mask_rcnn")):
        write_tiny_model(folder / f"model{number}", name)
    return folder


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Path:
    """One oblique CT series of 12 slices."""
    folder = tmp_path_factory.mktemp("study")
    write_series(marker_phantom("oblique")[0], folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def two_series(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    for number, orientation in enumerate(("axial", "coronal")):
        write_series(marker_phantom(orientation)[0], folder / orientation, seed=number, series=f"s{number}")
    return folder


@pytest.fixture(scope="session")
def labels(tmp_path_factory) -> Path:
    """Labels on the grid of `study`, as NIfTI."""
    path = tmp_path_factory.mktemp("labels") / "labels.nii.gz"
    write_labels(marker_phantom("oblique")[1], path)
    return path


@pytest.fixture(scope="session")
def journal(tmp_path_factory) -> Path:
    """The journal of a case with one segment of 64 voxels, painted in one step."""
    path = tmp_path_factory.mktemp("journal") / "c.journal"
    case = Case.of(marker_phantom("oblique")[0])
    written = Journal(path, about(case))
    case.writer.begin("Brush")
    case.writer.put_segment(Segment(1, "Lesion", 1))
    case.writer.write(LabelPatch(1, Box((1, 2, 3), (5, 6, 7)), np.ones((4, 4, 4), bool)))
    facts = Facts(reader="Dr A", tool="brush", active_seconds=2.5)
    written.append_edit(case.writer.commit(), facts).result()
    written.close()
    return path


@pytest.fixture(scope="session")
def image(tmp_path_factory) -> Path:
    """A NIfTI image with a left-handed, oblique affine."""
    path = tmp_path_factory.mktemp("image") / "image.nii.gz"
    voxels = np.random.default_rng(2).integers(-1000, 400, (40, 44, 12)).astype(np.int16)
    affine = np.array([[-0.9, 0.1, 0.2, 5.0], [0.1, 0.9, 0.1, -7.0], [0.0, -0.3, 3.0, 9.0], [0, 0, 0, 1]])
    affine[:3, :3] = np.linalg.qr(affine[:3, :3])[0] @ np.diag([0.9, 0.8, 3.0])
    nibabel.save(nibabel.Nifti1Image(voxels, affine), path)
    return path


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    """A bundle as MONAI offers it, as a folder, and beside it as a ZIP."""
    folder = write_bundle(tmp_path_factory.mktemp("zoo") / "spleen_ct", weights="model.pt")
    zip_bundle(folder, folder.with_suffix(".zip"))
    return folder


@pytest.fixture
def zoo(bundle, tmp_path, monkeypatch):
    """A model zoo on this computer, its address and its folder: a list, the newer of two versions."""
    with running_zoo(bundle.with_suffix(".zip"), tmp_path / "site") as address:
        monkeypatch.setenv(model_zoo.ZOO_VARIABLE, f"{address}/list.json")
        yield address, tmp_path / "site"
