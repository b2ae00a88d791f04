"""A newcomer's data set trains, is evaluated and runs from the AI panel, and nobody edits a file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

import medseg_app as ms
from medseg_app.app.enter_case import enter
from medseg_app.cli.main import main
from medseg_app.core.case import Case
from medseg_app.training import fingerprint

CASES = 10
STEPS = 30
"""Instead of the 20000 of a real training: so few are enough here, and as good on any computer."""
AFFINE = np.diag([-1.5, -1.5, 3.0, 1.0])


def write_knees(root: Path) -> Path:
    """Knees as in an MR, in nnU-Net form: marrow is bright in fainter muscle; two more to be judged by."""
    for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs"):
        (root / name).mkdir(parents=True)
    for number in range(CASES + 2):
        rng, part = np.random.default_rng(number), "Tr" if number < CASES else "Ts"
        _, j, i = np.indices((32, 32, 32))
        centre = rng.integers(11, 20, 2)
        marrow = (j - centre[0]) ** 2 + (i - centre[1]) ** 2 < 36
        image = (rng.gamma(4.0, 30.0, marrow.shape) + np.where(marrow, 700, 150)).astype(np.int16)
        _save(image, root / f"images{part}/knee_{number:02}_0000.nii.gz")
        _save(marrow.astype(np.uint8), root / f"labels{part}/knee_{number:02}.nii.gz")
    description = {
        "channel_names": {"0": "T1"}, "labels": {"background": 0, "marrow": 1}, "numTraining": CASES,
        "file_ending": ".nii.gz",
    }  # fmt: skip
    (root / "dataset.json").write_text(json.dumps(description))
    return root


def _save(voxels: np.ndarray, path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(voxels, AFFINE), path)


def medseg(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


def test_from_a_folder_of_cases_to_the_ai_panel(
    empty_window: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    knees, made = write_knees(tmp_path / "Dataset007_Knee"), tmp_path / "made"
    whole = fingerprint.usual_training
    monkeypatch.setattr(
        fingerprint, "usual_training", lambda plan, count: replace(whole(plan, count), steps=STEPS)
    )
    medseg("train", knees, "--name", "knee", "--device", "cpu", "--quiet")
    made.mkdir()
    for image in sorted((knees / "imagesTs").iterdir()):
        medseg("predict", image, "--model", "knee", "-o", made / image.name.replace("_0000", ""), "--quiet")
    capsys.readouterr()
    medseg("evaluate", made, knees / "labelsTs", "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["mean"]["dice"]["value"] > 0.5

    panel, session = empty_window.controller.ai, empty_window.controller.session
    session.settings.device = "cpu"
    enter(session, Case.of(ms.load(image)))
    with qtbot.waitSignal(panel.found, timeout=60_000):
        panel.find_models()
    panel.choice.setCurrentIndex(panel.choice.findText("knee"))
    assert panel.chosen.modality == ("MR",)
    panel.run_button.click()
    qtbot.waitUntil(lambda: not panel.is_running, timeout=240_000)
    (candidate,) = session.case.proposal.candidates
    assert candidate.name == "marrow"
    truth = np.asarray(nibabel.load(knees / "labelsTs" / f"knee_{CASES + 1}.nii.gz").dataobj).T > 0
    mine = np.zeros(truth.shape, bool)
    mine[candidate.box.slices] = candidate.mask
    assert 2 * np.count_nonzero(mine & truth) > 0.5 * (mine.sum() + truth.sum())
