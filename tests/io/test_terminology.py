"""The vocabulary: every code is DICOM's own for that thing, every name leads to one term."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom.sr.codedict import codes

from medseg_app.app.terms import FIRST, search_terms
from medseg_app.core.segment import ABNORMAL, ANATOMY, Segment
from medseg_app.io.terminology import find, search, terms


def _dicom_meanings() -> dict[str, set[str]]:
    from pydicom.sr._concepts_dict import concepts

    found: dict[str, set[str]] = {}
    for keyword, entry in concepts["SCT"].items():
        for value, (meaning, _) in entry.items():
            found.setdefault(value, set()).update({keyword.lower(), meaning.lower()})
    return found


def test_every_code_is_one_of_dicom_s() -> None:
    known = _dicom_meanings()
    for term in terms():
        assert term.type.value in known, term.name
        for modifier in term.modifiers:
            assert modifier.meaning.lower() in known[modifier.value]


@pytest.mark.parametrize(
    ("name", "keyword"),
    [
        ("Liver", "Liver"),
        ("Spleen", "Spleen"),
        ("Right kidney", "Kidney"),
        ("Brainstem", "BrainStem"),
        ("Left parotid gland", "ParotidGland"),
        ("Mandible", "Mandible"),
        ("Larynx", "Larynx"),
        ("Oesophagus", "Esophagus"),
        ("Spinal cord", "SpinalCord"),
        ("Aorta", "Aorta"),
        ("Lesion", "Lesion"),
        ("Cyst", "Cyst"),
    ],
)
def test_names_mean_what_dicom_means(name: str, keyword: str) -> None:
    term = find(name)
    assert term is not None
    assert term.type.value == getattr(codes.SCT, keyword).value


def test_names_and_synonyms_lead_to_one_term() -> None:
    words = [word for term in terms() for word in (term.name.lower(), *term.also)]
    assert len(words) == len(set(words))
    assert find("  LEFT   Kidney ") is find("left kidney")
    assert find("tumor") is find("Tumour")
    assert find("nothing of the kind") is None


def test_search_finds_by_beginnings() -> None:
    assert [term.name for term in search("kid")] == ["Kidney", "Right kidney", "Left kidney"]
    assert search("left kid")[0].name == "Left kidney"
    assert search("haem")[0].name == "Bleeding"
    assert len(search("")) == len(terms())


def test_a_term_describes_a_segment() -> None:
    liver, lesion = find("Liver"), find("Lesion")
    assert liver is not None
    assert lesion is not None
    segment = replace(Segment(id=4, name="x", value=9), **liver.coded)
    assert (segment.id, segment.value, segment.name, segment.category) == (4, 9, "x", ANATOMY)
    assert replace(segment, **lesion.coded).category == ABNORMAL
    assert lesion.kind == "instance"


def test_the_window_offers_terms_of_the_same_vocabulary() -> None:
    offered = search_terms("")
    assert [term.name for term in offered] == list(FIRST)
    assert all(any(term is known for known in terms()) for term in (*offered, *search_terms("renal")))
    assert [term.name for term in search_terms("renal")] == ["Kidney", "Right kidney", "Left kidney"]
