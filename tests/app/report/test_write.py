"""The files of a report: complete, escaped, self-contained, and all of them or none."""

from __future__ import annotations

import csv
import io
import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medseg_app.app.evaluate import HowToEvaluate, evaluate
from medseg_app.app.report.page import number
from medseg_app.core.errors import InputError, WrongUse
from tests.app.label_files import labels, write, write_image


class Reader(HTMLParser):
    """Text, tags and addresses of a page; complains about tags that do not close."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.text, self.tags, self.addresses, self.open = "", set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "data", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f"{data} "


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    assert reader.open == []
    return reader


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    mine, theirs = tmp_path / "p", tmp_path / "t"
    for name, start in (("good", 0), ("bad", 5), ("middle", 2)):
        write(mine / f"{name}.nii.gz", {1: (start, start + 8)})
        write(theirs / f"{name}.nii.gz", {1: (0, 8)})
    write(mine / "empty.nii.gz", {})
    write(theirs / "empty.nii.gz", {})
    write(mine / "alone.nii.gz", {1: (0, 8)})
    return mine, theirs


def test_the_page_shows_means_and_the_worst_first(folders, tmp_path):
    report = tmp_path / "report"
    done = evaluate(*folders, HowToEvaluate(report=report))
    assert {path.name for path in report.iterdir()} == {"report.html", "cases.csv", "classes.csv"}
    assert [output.path.parent for output in done.outputs] == [report] * 3
    page = read(report / "report.html")
    cases = page.text[page.text.index("Cases, worst first") :]
    assert re.findall(r"\b(good|bad|middle|empty)\b", cases)[:4] == ["bad", "middle", "good", "empty"]
    mean = done.document["mean"]["dice"]
    assert f"{mean['value']:.3f}" in page.text
    assert f"{mean['low']:.3f} to {mean['high']:.3f}" in page.text
    assert "alone.nii.gz" in page.text
    assert str(tmp_path) not in (report / "report.html").read_text("utf-8")


def test_the_page_needs_nothing_from_outside(folders, tmp_path):
    evaluate(*folders, HowToEvaluate(report=tmp_path / "report"))
    page = read(tmp_path / "report" / "report.html")
    assert page.tags.isdisjoint({"script", "link", "iframe", "object", "svg", "form"})
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    text = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_only_cases_with_errors_have_pictures_and_they_open(folders, tmp_path):
    evaluate(*folders, HowToEvaluate(report=tmp_path / "report"))
    addresses = read(tmp_path / "report" / "report.html").addresses
    pictures = [Image.open(io.BytesIO(b64decode(address.split(",")[1]))) for address in addresses]
    assert len(pictures) == 2
    assert all(max(picture.size) == 440 for picture in pictures)


def test_images_appear_below_and_missing_ones_are_told(folders, tmp_path):
    bright = np.full((6, 20, 24), 700, np.int16)
    bright[:, ::2] = 300
    write_image(tmp_path / "i" / "bad.nii.gz", bright)
    done = evaluate(*folders, HowToEvaluate(report=tmp_path / "report", images=tmp_path / "i"))
    first, second = read(tmp_path / "report" / "report.html").addresses
    assert np.asarray(Image.open(io.BytesIO(b64decode(first.split(",")[1])))).max() == 255
    assert any(remark.startswith("middle:") for remark in done.remarks)
    assert not any(remark.startswith("bad:") for remark in done.remarks)
    assert "no image" in read(tmp_path / "report" / "report.html").text
    assert first != second


def test_names_from_files_are_escaped(tmp_path):
    from medseg_app.core.label_map import LabelMap
    from medseg_app.core.segment import Segment
    from medseg_app.io.nrrd import write_labels

    found = labels({1: (0, 4)})
    named = LabelMap(found.layers, found.geometry, (Segment(1, "<script>alert(1)</script>", 1),))
    case = "x'\"<img src=q onerror=alert(2)>&amp;{{ 7*7 }}"
    for folder in ("p", "t"):
        (tmp_path / folder).mkdir()
        write_labels(named, tmp_path / folder / f"{case}.nrrd")
    write(tmp_path / "p" / f"{case}2.nii", {1: (0, 4)})
    evaluate(tmp_path / "p", tmp_path / "t", HowToEvaluate(report=tmp_path / "report"))
    page = read(tmp_path / "report" / "report.html")
    assert "script" not in page.tags
    assert "q" not in page.addresses
    assert "<script>alert(1)</script>" in page.text
    assert page.text.count(case) == 2


def test_the_page_names_no_folder(folders, tmp_path, monkeypatch):
    """Of a truth that may not be read the error names the whole path."""
    from medseg_app.app import label_pair

    read_file = label_pair._read

    def refused(path: Path):
        if path.parent == folders[1] and path.name == "middle.nii.gz":
            raise InputError(f"{path} cannot be opened (Permission denied).")
        return read_file(path)

    monkeypatch.setattr(label_pair, "_read", refused)
    done = evaluate(*folders, HowToEvaluate(report=tmp_path / "report"))
    assert str(folders[1]) in str(done.document["left_out"])
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "middle.nii.gz cannot be opened" in page
    assert str(tmp_path) not in page


def test_the_tables_hold_what_the_document_says(folders, tmp_path):
    document = evaluate(*folders, HowToEvaluate(report=tmp_path / "report")).document
    with (tmp_path / "report" / "cases.csv").open(newline="", encoding="utf-8") as stream:
        cases = {row["case"]: row for row in csv.DictReader(stream)}
    assert list(cases) == list(document["cases"])
    assert float(cases["bad"]["dice"]) == document["cases"]["bad"]["mean"]["dice"]
    assert cases["bad"]["findings_false_positives"] == "1"
    assert cases["empty"]["dice"] == ""
    with (tmp_path / "report" / "classes.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["case"], row["class"], row["name"]) for row in rows] == [
        ("bad", "1", "Label 1"), ("good", "1", "Label 1"), ("middle", "1", "Label 1"),
    ]  # fmt: skip
    assert float(rows[0]["hd95_mm"]) == document["cases"]["bad"]["labels"]["1"]["hd95_mm"]


def test_a_report_of_nothing_can_be_read(tmp_path):
    for folder in ("p", "t"):
        write(tmp_path / folder / "a.nii", {})
    evaluate(tmp_path / "p", tmp_path / "t", HowToEvaluate(report=tmp_path / "report"))
    text = read(tmp_path / "report" / "report.html").text
    assert "No case holds a class" in text
    assert "None" not in text
    assert "nan" not in text.split()


def test_an_old_report_is_replaced_and_other_files_stay(folders, tmp_path):
    report = tmp_path / "report"
    report.mkdir()
    (report / "report.html").write_text("old")
    (report / "notes.txt").write_text("mine")
    evaluate(*folders, HowToEvaluate(report=report))
    assert (report / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (report / "notes.txt").read_text() == "mine"
    assert len(list(report.iterdir())) == 4


def test_a_failure_leaves_no_report_behind(folders, tmp_path, monkeypatch):
    from medseg_app.app.report import write as module

    monkeypatch.setattr(module, "classes_csv", lambda _: None)  # what cannot be written as text
    for report in (tmp_path / "new", tmp_path / "old"):
        if report.name == "old":
            report.mkdir()
        with pytest.raises(TypeError):
            evaluate(*folders, HowToEvaluate(report=report))
    assert not (tmp_path / "new").exists()
    assert list((tmp_path / "old").iterdir()) == []


def test_places_that_cannot_be_are_refused_before_any_work(folders, tmp_path):
    (tmp_path / "file").write_text("")
    for report in (tmp_path / "no" / "where", tmp_path / "file"):
        with pytest.raises(WrongUse):
            evaluate(*folders, HowToEvaluate(report=report))
    with pytest.raises(InputError, match="is not a folder"):
        evaluate(*folders, HowToEvaluate(report=tmp_path / "r", images=tmp_path / "nowhere"))
    with pytest.raises(WrongUse, match="--report"):
        evaluate(*folders, HowToEvaluate(images=tmp_path))
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("value", "key", "decimals", "text"),
    [
        (None, "dice", 3, "–"), (0.12345, "dice", 3, "0.123"), (-1.5, "volume_error_ml", 2, "−1.50"),
        (-0.0001, "volume_error_ml", 2, "0.00"), (-0.251, "volume_error_relative", 0, "−25"),
        (0.0, "", 3, "0.000"),
        (-0.001, "volume_error_relative", 0, "0"), (-0.5, "", 1, "−0.5"), (12.0, "", 1, "12.0"),
    ],
)  # fmt: skip
def test_figures_are_written_as_people_read_them(value, key, decimals, text):
    assert number(value, key, decimals) == text


def test_findings_of_several_classes_have_their_own_rows(tmp_path):
    write(tmp_path / "p" / "a.nii", {1: (0, 4), 2: (8, 12)})
    write(tmp_path / "t" / "a.nii", {1: (0, 4), 2: (14, 18)})
    how = HowToEvaluate(report=tmp_path / "report")
    found = evaluate(tmp_path / "p", tmp_path / "t", how).document["findings"]
    assert {key: row["recall"]["value"] for key, row in found["classes"].items()} == {"1": 1.0, "2": 0.0}
    assert found["pq"]["value"] == found["ap"]["0.5"]["value"] == 0.5
    text = read(tmp_path / "report" / "report.html").text
    assert "Findings of class" in text
    assert "never to one of another class" in text
    evaluate(tmp_path / "p", tmp_path / "t", HowToEvaluate(report=tmp_path / "one", findings=True))
    text = read(tmp_path / "one" / "report.html").text
    assert "Findings of class" not in text
    assert "another class" not in text
