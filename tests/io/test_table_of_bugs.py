"""`tests/bugs.md` promises those tests that run with their bug planted, and names only tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from .test_planted_bugs import BUGS

TABLE = (Path(__file__).parents[1] / "bugs.md").read_text(encoding="utf-8")
NAME = re.compile(r"`(?=test_|dicom/|::)((?:dicom/)?test_\w+\.py)?(?:::(test_\w+))?(?:\[\w+\])?`")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in re.findall(r"^\| \d.*", TABLE, re.M)]


def _named(cell: str) -> set[str]:
    """The tests in a cell as `file.py::test`; `::test` is one of the file before it, `file.py` all of it."""
    found, file = set(), ""
    for stated, function in NAME.findall(cell):
        file = stated or file
        found.add(f"{file}::{function}".removesuffix("::"))
    return found


def test_the_table_promises_those_tests_that_are_run_here() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 27))
    for number, _, promised, _, _ in ROWS:
        run_here = {planted.run.name for planted in BUGS if planted.bug == int(number)}
        assert _named(promised) == run_here, f"bug {number}"


def test_the_other_tests_of_the_table_exist() -> None:
    others = set().union(*(_named(others) for *_, others in ROWS))
    assert len(others) > 5
    for file, _, function in (name.partition("::") for name in others):
        source = (Path(__file__).parent / file).read_text(encoding="utf-8")
        assert f"def {function or 'test_'}" in source, f"{file}::{function}"
