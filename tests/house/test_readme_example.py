"""The README's Python example runs as it stands, on the demonstration study."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from medseg_app.app.demo_study import write_demo_study
from tests.data_folder import missing
from tests.house.repository import ROOT


def example() -> str:
    """The one block of Python in the README."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


def test_the_example_is_short() -> None:
    assert len(example().strip().splitlines()) <= 10


def test_the_example_runs_and_finds_the_organs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (ROOT / "models/demo-organs").is_dir():
        missing("the model demo-organs")
    monkeypatch.chdir(tmp_path)
    write_demo_study(tmp_path / "STUDY")
    write_truth(tmp_path / "truth.nii.gz")
    exec(compile(example(), "README.md", "exec"), {})
    mean = capsys.readouterr().out
    assert float(re.findall(r"'dice': ([\d.]+)", mean)[0]) >= 0.8
    assert {"organs.seg.dcm", "organs.nii.gz"} <= {path.name for path in tmp_path.iterdir()}


def write_truth(path: Path) -> None:
    """The organs that were drawn, on the grid of the study."""
    import medseg_app as ms
    from medseg_app.app.demo_study import DEMO_SEED
    from medseg_app.core.label_map import LabelMap
    from medseg_app.phantom import make_phantom

    phantom = make_phantom(DEMO_SEED)
    organs = tuple(segment for segment in phantom.truth.segments if segment.kind == "semantic")
    labels = LabelMap(phantom.truth.layers[:1], phantom.volume.geometry, organs)
    ms.export(labels, phantom.volume, path)
