"""From the command to the first window, beside an empty PySide6 window; to the viewer, beside napari's own.

Each figure is a process of its own, timed from before it is started until it has painted. Needs a display;
without one a virtual display is started.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from installer.virtual_display import has_display, virtual_display

from .row import Row
from .timing import within

ROUNDS = 5
NAPARI_OWN = "napari.Viewer()"
HERE = Path(__file__).resolve().parents[1]

EMPTY = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        QTimer.singleShot(0, lambda: (print(time.time(), flush=True), app.quit()))
app = QApplication(sys.argv)
window = Window()
window.resize(1440, 900)
window.show()
app.exec()
"""
FIRST_WINDOW = """
import time
from medseg_app.ui.main import make_application
from medseg_app.ui.window import MainWindow
app = make_application()
window = MainWindow()
window.painted.connect(lambda: (print(time.time(), flush=True), app.quit()))
window.show()
app.exec()
"""
VIEWER = """
import time
from medseg_app.ui.main import fill, make_application
from medseg_app.ui.viewer_loader import ViewerLoader
from medseg_app.ui.window import MainWindow
app = make_application()
window = MainWindow()
make = ViewerLoader._make
def timed(loader):
    make(loader)
    app.processEvents()
    print(time.time(), flush=True)
    window.close()
    app.quit()
ViewerLoader._make = timed
window.painted.connect(lambda: fill(window))
window.show()
app.exec()
"""
NAPARI = """
import time
import napari
from qtpy.QtWidgets import QApplication
viewer = napari.Viewer()
QApplication.instance().processEvents()
print(time.time(), flush=True)
viewer.close()
"""


def rows() -> list[Row]:
    with contextlib.ExitStack() as stack:
        if not has_display():
            stack.enter_context(virtual_display())
        home = stack.enter_context(tempfile.TemporaryDirectory())
        scripts = {"empty": EMPTY, "window": FIRST_WINDOW, "viewer": VIEWER, "napari": NAPARI}
        for script in scripts.values():
            _seconds(script, home)
        rounds = [{name: _seconds(script, home) for name, script in scripts.items()} for _ in range(ROUNDS)]
    later = median(times["window"] - times["empty"] for times in rounds)
    ratio = median(times["viewer"] / times["napari"] for times in rounds)
    ours, napari = (median(times[name] for times in rounds) for name in ("viewer", "napari"))
    empty = median(times["empty"] for times in rounds)
    return [
        within("first window, later than an empty PySide6 window", later, 0.3, note=f"empty {empty:.2f} s"),
        Row(
            "viewer ready",
            ours,
            {"napari.Viewer()": napari},
            {"napari.Viewer()": ratio},
            {"napari.Viewer()": 1.0},
        ),
    ]


def _seconds(script: str, home: str) -> float:
    """Time from the start of a process until it prints the clock."""
    environment = {**os.environ, "MEDSEG_HOME": home, "NAPARI_CONFIG": str(Path(home) / "napari.yaml")}
    start = time.time()
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=HERE, env=environment, check=True, timeout=300
    )
    return float(done.stdout.strip().splitlines()[-1]) - start


if __name__ == "__main__":
    for line in rows():
        print(line)
