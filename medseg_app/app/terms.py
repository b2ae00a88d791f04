"""The coded vocabulary that a reader names segments from: SNOMED CT codes that DICOM SEG files carry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from medseg_app.core.segment import ABNORMAL, ANATOMY, TISSUE, Code, Kind

RIGHT = Code("24028007", "SCT", "Right")
LEFT = Code("7771000", "SCT", "Left")

STRUCTURES = """
10200004 Liver            | 78961009 Spleen            | 64033007 Kidney +         | 15776009 Pancreas
28231008 Gallbladder      | 69695003 Stomach           | 38848004 Duodenum         | 30315005 Small intestine
71854001 Colon            | 34402009 Rectum            | 23451007 Adrenal gland +  | 89837001 Urinary bladder
41216001 Prostate         | 35039007 Uterus            | 15497006 Ovary +          | 39607008 Lung +
80891009 Heart            | 15825003 Aorta             | 64131007 Inferior vena cava
48345005 Superior vena cava | 32764006 Portal vein     | 44567001 Trachea          | 32849002 Esophagus
69748006 Thyroid          | 4596009 Larynx             | 12738006 Brain            | 15926001 Brainstem
113305005 Cerebellum      | 2748008 Spinal cord        | 81745001 Eye +            | 18234004 Optic nerve +
45289007 Parotid gland +  | 54019009 Submandibular gland +                         | 91609006 Mandible
89546000 Skull            | 51282000 Vertebra          | 54735007 Sacrum           | 113197003 Rib
56873002 Sternum          | 71341001 Femur +           | 85050009 Humerus +        | 59441001 Lymph node
"""
"""Anatomical structures; a plus stands for structures with a right and a left one."""

TISSUES = "3138006 Bone | 91727004 Muscle | 55603005 Fat | 39937001 Skin | 87612001 Blood"

FINDINGS = """
4147007 Mass | 52988006 Lesion | 86049000 Tumour | 14799000 Metastasis | 367643001 Cyst | 27925004 Nodule
6574001 Necrosis | 79654002 Edema | 50960005 Hemorrhage | 44132006 Abscess | 396339007 Thrombus
"""
MEANINGS = {"Tumour": "Neoplasm, Primary", "Metastasis": "Neoplasm, Secondary"}
ALIASES = {
    "Esophagus": "oesophagus gullet", "Edema": "oedema swelling", "Hemorrhage": "haemorrhage bleeding",
    "Tumour": "tumor neoplasm cancer", "Metastasis": "neoplasm secondary", "Adrenal gland": "suprarenal",
    "Inferior vena cava": "ivc", "Superior vena cava": "svc", "Small intestine": "bowel", "Colon": "bowel",
    "Spinal cord": "myelon", "Skull": "cranium", "Kidney": "renal", "Liver": "hepatic",
    "Mass": "tumour tumor",
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """A name with the codes that stand for it. words: lower-case text that a search looks through."""

    name: str
    category: Code
    type: Code
    modifiers: tuple[Code, ...] = ()
    kind: Kind = "semantic"
    words: str = ""

    @cached_property
    def coded(self) -> dict[str, Any]:
        """The fields of a segment that the term decides."""
        return {
            "category": self.category, "type": self.type, "modifiers": self.modifiers, "kind": self.kind,
        }  # fmt: skip


def _entries(table: str) -> list[tuple[str, str]]:
    cells = [cell.strip() for line in table.strip().splitlines() for cell in line.split("|")]
    return [(code, name) for code, _, name in (cell.partition(" ") for cell in cells if cell)]


def _structure_terms() -> list[Term]:
    made = []
    for code, entry in _entries(STRUCTURES):
        name = entry.removesuffix(" +")
        type_, words = Code(code, "SCT", name), f"{name} {ALIASES.get(name, '')}".lower()
        made.append(Term(name, ANATOMY, type_, words=words))
        for side in (RIGHT, LEFT) if entry.endswith(" +") else ():
            both = f"{side.meaning} {name.lower()}"
            made.append(Term(both, ANATOMY, type_, (side,), words=f"{words} {side.meaning.lower()}"))
    return made


def _other_terms() -> list[Term]:
    made = []
    for code, name in _entries(TISSUES):
        made.append(Term(name, TISSUE, Code(code, "SCT", name), words=name.lower()))
    for code, name in _entries(FINDINGS):
        meaning = MEANINGS.get(name, name)
        words = f"{name} {ALIASES.get(name, '')}".lower()
        made.append(Term(name, ABNORMAL, Code(code, "SCT", meaning), kind="instance", words=words))
    return made


TERMS: tuple[Term, ...] = (*_structure_terms(), *_other_terms())
FIRST = ("Tumour", "Metastasis", "Cyst", "Liver", "Right kidney", "Left kidney")
"""What an empty search offers."""


def search_terms(text: str) -> list[Term]:
    """Terms that hold every typed word; names that begin with the text come first."""
    wanted = text.lower().split()
    if not wanted:
        return [term for name in FIRST for term in TERMS if term.name == name]
    found = [term for term in TERMS if all(word in term.words for word in wanted)]
    return sorted(found, key=lambda term: (not term.name.lower().startswith(wanted[0]), len(term.name)))
