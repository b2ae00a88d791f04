"""The models found, as `medseg models` and `ms.models` list them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ModelList:
    """models: documents of `medseg models --json`; refused: why other folders were not taken."""

    models: list[dict[str, Any]]
    refused: tuple[str, ...]


def list_models(extra: Path | None = None) -> ModelList:
    """Look for models in all places; `extra` comes before them."""
    from medseg_app.engines.registry import search_models

    search = search_models(extra)
    return ModelList(
        [_document(model.card) for model in search.models],
        tuple(str(error) for _, error in search.refused),
    )


def _document(card: Any) -> dict[str, Any]:
    return {
        "name": card.name,
        "task": card.task,
        "modality": list(card.modality),
        "licence": card.licence,
        "size_mb": card.size_mb,
        "figures": card.figures,
        "labels": {str(value): label.name for value, label in card.classes.items()},
    }
