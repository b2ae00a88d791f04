"""`medseg demo`: the demonstration study in the window; with --close the whole job, done by itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_app.app.demo_study import ensure_demo_study
from medseg_app.app.folders import Folders
from medseg_app.core.errors import CouldNotBeDone

from . import main
from .window import MainWindow

if TYPE_CHECKING:
    from medseg_app.app.session import Session

    from .controller import Controller

ORGANS, LESIONS = "demo-organs", "demo-lesions"
READY_SECONDS = 120.0


def run_demo(output: Path | None = None, *, close: bool = False) -> dict[str, Path]:
    """Show the demonstration study until its window is closed.

    close: let the models propose, accept, export and take a picture, then end; returns what was written
    by name. Raises CouldNotBeDone where there is no display.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise CouldNotBeDone(
            "There is no display.", "python3 installer/bootstrap.py run makes one in memory."
        )
    folder = output or Folders.of_user().data / "demo"
    study = ensure_demo_study(folder / "study")
    if close:
        return _do_the_job(study, folder)
    main.main(study)
    return {}


def _do_the_job(study: Path, folder: Path) -> dict[str, Path]:
    from .scripted import wait_until

    main.make_application()
    window = MainWindow()
    window.resize(1600, 1000)
    window.painted.connect(lambda: main.fill(window, study))
    window.show()
    try:
        wait_until(lambda: _is_ready(window), READY_SECONDS, "the demonstration study")
        return _results(window, folder)
    finally:
        if window.controller is not None:
            window.controller.session.release_case(forget_unsaved=True)
            window.controller.close()
        window.hide()


def _is_ready(window: MainWindow) -> bool:
    controller = window.controller
    if controller is None or controller.viewer.area is None or controller.session.case is None:
        return False
    return not controller.session.tasks.running


def _results(window: MainWindow, folder: Path) -> dict[str, Path]:
    """Let both models propose, accept everything above the threshold, export, save and take a picture."""
    from medseg_app.app.commands.case import save_case
    from medseg_app.app.commands.export import export
    from medseg_app.app.commands.proposals import accept_candidates, open_candidates, run_model

    from .scripted import run_to_end, screenshot

    controller: Controller | None = window.controller
    assert controller is not None
    session = controller.session
    for model in (ORGANS, LESIONS):
        run_to_end(session, run_model, model=model)
        numbers = tuple(open_candidates(session))
        if numbers:
            run_to_end(session, accept_candidates, numbers=numbers)
    _look_at_the_largest_finding(session)
    paths = {
        "DICOM SEG": folder / "abdomen.seg.dcm",
        "NIfTI": folder / "abdomen.nii.gz",
        "screenshot": folder / "screenshot.png",
        "case": folder / "abdomen.medseg",
    }
    run_to_end(session, export, paths=[paths["DICOM SEG"], paths["NIfTI"]], overlap="last")
    run_to_end(session, save_case, path=paths["case"])
    screenshot(window, paths["screenshot"])
    return paths


def _look_at_the_largest_finding(session: Session) -> None:
    from medseg_app.app.commands.segments import jump_to_segment

    segmentation = session.open().segmentation
    findings = [segment for segment in segmentation.segments if segment.kind == "instance"]
    if findings:
        largest = max(findings, key=lambda segment: segmentation.voxel_count(segment.id))
        session.run(jump_to_segment, segment_id=largest.id)
