"""The text for people that goes into a model folder."""

from __future__ import annotations

from typing import Any

from medseg_app.engines.backend import LEAST_DICE, Backend
from medseg_app.engines.model_card import ModelCard

Figures = dict[str, Any]

SCORED = ("recall_at_1_false_positive", "ap_at_iou_0.1", "ap_at_iou_0.5", "seconds_per_image")


def model_readme(card: ModelCard) -> str:
    """What a model is, what it was trained on and what was measured, as Markdown."""
    labels = "\n".join(f"| {value} | {label.name} |" for value, label in card.classes.items())
    figures = _figures(card) if card.figures else "Not measured yet."
    effort = f"- Training: {card.trained}\n" if card.trained else ""
    return (
        f"# {card.name} {card.version}\n\n{card.summary}\n\n"
        f"- Task: {card.task}\n- Modality: {', '.join(card.modality)}\n- Network: {card.network.name}\n"
        f"- Licence: {card.licence}\n- Trained on: {card.data}\n{effort}\n"
        f"| value | class |\n|---|---|\n{labels}\n\n"
        "## Figures\n\nMeasured with this weight file, in float32, on patients that took no part in the "
        f"training.\n\n{figures}\n{_backends(card.backends)}"
    )


def _figures(card: ModelCard) -> str:
    if not card.gives_findings:
        return _semantic(card.figures)
    return _instances(card.figures) + ("\n\nClasses are not told apart." if len(card.labels) > 1 else "")


def _backends(backends: tuple[Backend, ...]) -> str:
    """How close what computes comes to torch; empty where that was not measured."""
    if not backends:
        return ""
    rows = [
        f"| {one.precision}, {one.device} | {one.by} | {one.images} | {_closeness(one)} "
        f"| {'yes' if one.is_close else 'no'} | {one.seconds:g} | {one.memory_mb:g} |"
        for one in backends
    ]
    least = " and ".join(f"{value:g} for {name}" for name, value in LEAST_DICE.items())
    explanation = (
        "Foreground Dice to torch in float32 with these weights, on images that took no part in the "
        "training; AP at IoU 0.5 takes torch's findings for the truth. Time is per million voxels of the "
        "model's grid after the first image, memory the most beyond what was in use, on a processor that "
        f"multiplies {backends[0].gflops:g} GFLOP/s. What stays below {least} is not used: torch in "
        "float32 computes instead."
    )
    head = "| precision, device | computed by | images | Dice | worst image | AP | used | s | MB |"
    return "\n".join(["", "## Backends", "", explanation, "", head, "|---" * 9 + "|", *rows, ""])


def _closeness(one: Backend) -> str:
    if one.is_reference:
        return "the same | the same | the same"
    return " | ".join(map(_exactly, (one.dice, one.worst_dice, one.ap)))


def _semantic(figures: Figures) -> str:
    tolerances = {"nsd": figures["nsd_tolerance_mm"], "nsd_wide": figures.get("nsd_wide_tolerance_mm")}
    known = {key: f"NSD at {value:g} mm" for key, value in tolerances.items() if value is not None}
    columns = {"patients": "patients", "dice": "Dice", "worst_dice": "worst", **known, "hd95_mm": "HD95 (mm)"}
    head = f"| class | {' | '.join(columns.values())} |"
    rows = [
        f"| {name} | {' | '.join(_say(row[key]) for key in columns)} |"
        for name, row in figures["classes"].items()
    ]
    rule = "|---" * (1 + len(columns)) + "|"
    over = ", ".join(figures["headline_classes"])
    means = f"{figures['patients']} patients. Mean Dice {_say(figures['mean_dice'])} over: {over}."
    return "\n".join([means, "", head, rule, *rows, *_disturbed(figures.get("disturbed", {}))])


def _disturbed(figures: Figures) -> list[str]:
    """Dice on images with noise or metal, beside the rules that the labels were derived by."""
    if not figures:
        return []
    names = list(next(iter(figures.values()))["model"])
    rows = [
        f"| {what} | {who} | {' | '.join(_say(dice[name]) for name in names)} |"
        for what, sides in figures.items()
        for who, dice in sides.items()
    ]
    head = f"| disturbed by | Dice of | {' | '.join(names)} |"
    explanation = (
        "Truth is what rules on Hounsfield units say of the undisturbed image; model and rules are then "
        "given the disturbed one."
    )
    return ["", explanation, "", head, "|---" * (2 + len(names)) + "|", *rows]


def _instances(figures: Figures) -> str:
    head = (
        "| images | | recall | findings per image | false positives per image | Dice "
        "| recall at 1 false positive | AP at IoU 0.1 | AP at IoU 0.5 | s per image |"
    )
    rows = [
        f"| {modality}, {kind.replace('_', ' ')} ({row['images']}) | {who} | {_say(row['recall'])} "
        f"| {row['findings_per_image']} | {row['false_positives_per_image']} | {_say(row['mean_dice'])} "
        f"| {' | '.join(_say(row.get(name)) for name in SCORED)} |"
        for modality, kinds in figures.items()
        for kind, sides in kinds.items()
        if kind != "patients"
        for who, row in _sides(sides)
    ]
    explanation = (
        "A finding hits at IoU 0.3 or more, once per tumour; everything else is a false positive. The blind "
        "baseline is an ellipsoid in the middle of the image, fitted on the training patients. Recall at 1 "
        "false positive per image and average precision (AP) look at all scores."
    )
    return "\n".join([explanation, "", head, "|---" * 10 + "|", *rows])


def _sides(sides: Figures) -> list[tuple[str, Figures]]:
    named = [("model", sides["model"])]
    if "blind_baseline" in sides:
        named.append((f"blind: {sides['blind_baseline']['what']}", sides["blind_baseline"]))
    return named


def _exactly(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _say(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
