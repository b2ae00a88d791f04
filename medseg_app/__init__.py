"""MedSeg turns CT and MRI studies into ground-truth segmentations.

What the window and the command line can do, these functions do too. Names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_app.app.api import (
        Session,
        evaluate,
        export,
        export_files,
        import_model,
        info,
        load,
        measure,
        measure_closeness,
        models,
        predict,
        predict_files,
        to_label_map,
        train,
    )

__all__ = [
    "Session",
    "evaluate",
    "export",
    "export_files",
    "import_model",
    "info",
    "load",
    "measure",
    "measure_closeness",
    "models",
    "predict",
    "predict_files",
    "to_label_map",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'medseg_app' has no attribute {name!r}")
    return getattr(import_module("medseg_app.app.api"), name)
