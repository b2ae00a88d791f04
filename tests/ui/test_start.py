"""The first window needs Qt alone; torch never comes into the window's process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, sys
from PySide6.QtCore import QTimer
from medseg_app.ui.main import fill, make_application
from medseg_app.ui.window import MainWindow
HEAVY = ("numpy", "pydantic", "psygnal", "blosc2", "scipy", "pydicom", "SimpleITK", "highdicom", "napari",
         "vispy", "torch", "torchvision", "monai", "qtawesome")
def loaded():
    return [name for name in HEAVY if name in sys.modules]
app = make_application()
window = MainWindow()
seen = {}
def first():
    seen["first"] = loaded()
    fill(window)
def look():
    if window.controller is None or window.controller.viewer.area is None:
        return
    timer.stop()
    seen["ready"] = loaded()
    print(json.dumps(seen), flush=True)
    window.close()
    app.quit()
window.painted.connect(first)
timer = QTimer(interval=20)
timer.timeout.connect(look)
timer.start()
window.show()
app.exec()
"""

CLOSED_AT_ONCE = """
from PySide6.QtCore import QTimer
from medseg_app.ui.main import fill, make_application
from medseg_app.ui.window import MainWindow
app = make_application()
window = MainWindow()
window.painted.connect(lambda: fill(window))
window.painted.connect(lambda: QTimer.singleShot(100, window.close))
window.show()
app.exec()
assert window.controller is None
"""


def start(script, home):
    environment = {**os.environ, "MEDSEG_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def seen(display, tmp_path_factory):
    return json.loads(start(SCRIPT, tmp_path_factory.mktemp("home")).stdout.strip().splitlines()[-1])


def test_the_first_window_needs_qt_alone(seen):
    assert seen["first"] == []


def test_the_viewer_stands_without_torch(seen):
    assert "napari" in seen["ready"]
    assert not {"torch", "torchvision", "monai"} & set(seen["ready"])
    assert not {"pydicom", "SimpleITK", "highdicom"} & set(seen["ready"])


def test_a_window_that_is_closed_at_once_ends_in_silence(display, tmp_path):
    assert "Traceback" not in start(CLOSED_AT_ONCE, tmp_path).stderr
