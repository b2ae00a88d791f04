"""A Segment in the words of DICOM, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from medseg_app.core.segment import ABNORMAL, ANATOMY, TISSUE, Code, Colour, Provenance, Segment
from medseg_app.io.image_file import PALETTE

_LABEL_LENGTH = 64
WEIGHTS = "weights_sha256"
"""Name of the algorithm's parameter that tells which weights computed a segment."""
WHOLE_NAME, WHOLE_VERSION = "model", "model_version"
"""The same for what an attribute of DICOM cannot hold: the names of five models that ran as one."""


def unique_labels(segments: list[Segment]) -> list[str]:
    """A SegmentLabel for every segment: its name, at most 64 characters, numbered where it is not unique."""
    labels: list[str] = []
    for number, segment in enumerate(segments, 1):
        name = " ".join(segment.name.replace("\\", "/").split()) or f"Segment {number}"
        label, copy = name[:_LABEL_LENGTH], 2
        while label in labels:
            ending = f" {copy}"
            label, copy = name[: _LABEL_LENGTH - len(ending)] + ending, copy + 1
        labels.append(label)
    return labels


def describe(segment: Segment, number: int, label: str) -> Any:
    """An item of the Segment Sequence."""
    import highdicom
    from highdicom.color import CIELabColor

    provenance = segment.provenance
    description = highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=_concept(segment.category),
        segmented_property_type=_concept(segment.type),
        algorithm_type=provenance.algorithm_type,
        algorithm_identification=_algorithm(provenance),
        tracking_uid=segment.tracking_uid or new_uid(),
        tracking_id=(segment.tracking_id or label).replace("\\", "/"),
        anatomic_regions=[_concept(segment.region)] if segment.region else None,
        display_color=CIELabColor.from_rgb(*segment.colour),
    )
    if segment.modifiers:
        kind = description.SegmentedPropertyTypeCodeSequence[0]
        kind.SegmentedPropertyTypeModifierCodeSequence = [_concept(code) for code in segment.modifiers]
    return description


def new_uid() -> str:
    """A new UID under the root for UUIDs."""
    from pydicom.uid import generate_uid

    return str(generate_uid(prefix=None))


def _concept(code: Code) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(value=code.value, scheme_designator=code.scheme, meaning=code.meaning[:64])


def _algorithm(provenance: Provenance) -> Any:
    import highdicom
    from pydicom.sr.codedict import codes

    if provenance.algorithm_type == "MANUAL":
        return None
    return highdicom.AlgorithmIdentificationSequence(
        name=(provenance.model or "unknown")[:_LABEL_LENGTH],
        version=(provenance.model_version or "unknown")[:_LABEL_LENGTH],
        family=codes.cid7162.ArtificialIntelligence,
        parameters=_parameters(provenance) or None,
    )


def _parameters(provenance: Provenance) -> dict[str, str]:
    """What tells the model apart beside the first 64 characters of its name and version."""
    weights = {WEIGHTS: provenance.model_sha256} if provenance.model_sha256 else {}
    words = {WHOLE_NAME: provenance.model, WHOLE_VERSION: provenance.model_version}
    long = {key: quote(text, safe="+ ") for key, text in words.items() if len(text) > _LABEL_LENGTH}
    return {**weights, **long}


def segment_from(item: Any, path: Path) -> Segment:
    """A Segment from an item of the Segment Sequence; its value is the SegmentNumber."""
    number = int(item.SegmentNumber)
    kinds = item.get("SegmentedPropertyTypeCodeSequence") or []
    category = _code(item.get("SegmentedPropertyCategoryCodeSequence")) or ANATOMY
    modifiers = kinds[0].get("SegmentedPropertyTypeModifierCodeSequence", []) if kinds else []
    return Segment(
        id=number,
        name=str(item.get("SegmentLabel", "") or f"Segment {number}"),
        value=number,
        colour=_colour(item, number),
        kind="instance" if category.value == ABNORMAL.value else "semantic",
        category=category,
        type=_code(kinds) or TISSUE,
        modifiers=tuple(code for one in modifiers if (code := _code([one]))),
        region=_code(item.get("AnatomicRegionSequence")),
        tracking_id=str(item.get("TrackingID", "")),
        tracking_uid=str(item.get("TrackingUID", "")),
        provenance=_provenance(item, path),
    )


def _code(sequence: Any) -> Code | None:
    if not sequence:
        return None
    item = sequence[0]
    value = item.get("CodeValue") or item.get("LongCodeValue") or item.get("URNCodeValue") or ""
    return Code(str(value), str(item.get("CodingSchemeDesignator", "")), str(item.get("CodeMeaning", "")))


def _colour(item: Any, number: int) -> Colour:
    from highdicom.color import CIELabColor

    value = item.get("RecommendedDisplayCIELabValue")
    if value is None or len(value) != 3:
        return PALETTE[(number - 1) % len(PALETTE)]
    red, green, blue = CIELabColor.from_dicom_value(tuple(int(v) for v in value)).to_rgb(clip=True)
    return int(red), int(green), int(blue)


def _provenance(item: Any, path: Path) -> Provenance:
    """A model's work stays a model's work when its file is exported again."""
    kind = str(item.get("SegmentAlgorithmType", ""))
    if kind not in {"AUTOMATIC", "SEMIAUTOMATIC"}:
        return Provenance(source="import", file=path.name)
    algorithm = (item.get("SegmentationAlgorithmIdentificationSequence") or [{}])[0]
    name = algorithm.get("AlgorithmName") or item.get("SegmentAlgorithmName") or ""
    told = _told(str(algorithm.get("AlgorithmParameters", "")))
    return Provenance(
        source="model",
        model=_whole(str(name), told.get(WHOLE_NAME, "")),
        model_version=_whole(str(algorithm.get("AlgorithmVersion", "")), told.get(WHOLE_VERSION, "")),
        model_sha256=told.get(WEIGHTS, ""),
        file=path.name,
        edited=kind == "SEMIAUTOMATIC",
    )


def _told(parameters: str) -> dict[str, str]:
    """The parameters of an algorithm, NAME=VALUE with commas between; of two with one name the first."""
    named = (one.strip().partition("=") for one in parameters.split(","))
    return {name: value for name, _, value in reversed(list(named))}


def _whole(held: str, told: str) -> str:
    """A word of an attribute, or the longer one among the parameters that begins with it."""
    longer = unquote(told)
    return longer if held and longer.startswith(held) else held
