"""No engine of ours is without tests of the contract."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import import_module

from medseg_app.engines.registry import ENGINE_GROUP
from tests.data_folder import ROOT

from .contract import EngineContract


def tried(contract: type[EngineContract]) -> Iterator[str]:
    """The engines of all classes of tests below a contract."""
    for below in contract.__subclasses__():
        if below.__name__.startswith("Test"):
            yield below.engine
        yield from tried(below)


def test_the_contract_is_tried_on_every_engine() -> None:
    for path in (ROOT / "tests/engines").rglob("test_*.py"):
        if "OnNoise" in path.read_text(encoding="utf-8"):
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(tried(EngineContract)) == set(project["entry-points"][ENGINE_GROUP])
