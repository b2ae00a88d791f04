"""Absent is not empty: which classes nobody annotated."""

from __future__ import annotations

import pytest

from medseg_app.app.unknown_by_case import UnknownClasses, read_unknown_by_case
from medseg_app.core.errors import InputError


def test_cases_are_named_with_or_without_suffix(tmp_path):
    path = tmp_path / "unknown.json"
    path.write_text('{"case1": [3, 5], "case2.nii.gz": [], "a.b": [1]}')
    assert read_unknown_by_case(path) == {"case1": (3, 5), "case2": (), "a.b": (1,)}


def test_both_lists_count():
    unknown = UnknownClasses((7, 3), {"a": (3, 1), "c": ()})
    assert unknown.of("a") == (1, 3, 7)
    assert unknown.of("b") == (3, 7)
    assert unknown.strangers(["a", "b"]) == ["c"]


@pytest.mark.parametrize(
    "text",
    [
        "", "no", "[]", "[1]", "3", "null", '{"a": 3}',
        '{"a": ["3"]}', '{"a": [0]}', '{"a": [-1]}', '{"a": [true]}',
        '{"a": [1.0]}', '{"a": [NaN]}', '{"a": {"b": 1}}', '{"a": [[1]]}', '{"a": [1], "a.nii": [2]}',
        "[" * 100_000, '{"a": [1]', "\udcff",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_name_of_the_file(tmp_path, text):
    path = tmp_path / "unknown.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"unknown\.json"):
        read_unknown_by_case(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_unknown_by_case(tmp_path / "no.json")
