"""`medseg models`: the models found and what their cards say."""

from __future__ import annotations

from typing import Any

from medseg_app.app.models import list_models

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """List the models."""
    found = list_models(arguments.models)
    say.remarks(arguments, found.refused)
    say.result(arguments, found.models, "\n".join(_text(model) for model in found.models) or "no models")
    return say.DONE


def _text(model: dict[str, Any]) -> str:
    labels = ", ".join(model["labels"].values())
    head = f"{model['name']}  {model['task']}  {'/'.join(model['modality'])}  {model['size_mb']:.1f} MB"
    return f"{head}  {model['licence']}\n    {labels}"
