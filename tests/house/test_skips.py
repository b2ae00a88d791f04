"""A test that lacks data or a tool says so by `missing`, so that MEDSEG_REQUIRE_DATA=1 makes it fail."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.repository import ROOT, name_of, tracked_files

OF_NO_LACK = {"already inside the scaled run", "this system cannot contain a program"}
"""Reasons that no installation mends."""
WITH_REQUIRE = ROOT / "tests" / "data_folder.py"


def plain_skips(path: Path) -> list[str]:
    """The reasons for which a file calls pytest.skip itself."""
    calls = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    return [ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "pytest.skip"]


def test_what_is_lacking_can_be_required() -> None:
    files = [path for path in tracked_files(".py") if path.is_relative_to(ROOT / "tests")]
    found = {name_of(path): set(plain_skips(path)) - OF_NO_LACK for path in files if path != WITH_REQUIRE}
    assert {name: reasons for name, reasons in found.items() if reasons} == {}
