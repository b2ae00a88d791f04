"""`medseg info`: every volume with its geometry passport, and every file left out with its reason."""

from __future__ import annotations

from typing import Any

from medseg_app.app.info import inspect

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """List what an input holds."""
    document = inspect(arguments.input, say.progress_of(arguments))
    say.result(arguments, document, _text(document))
    return say.DONE


def _text(document: dict[str, Any]) -> str:
    lines = []
    for volume in document["volumes"]:
        k, j, i = volume["shape_kji"]
        spacing = " x ".join(f"{mm:.4g}" for mm in volume["spacing_kji_mm"])
        lines.append(f"{volume['id']}")
        lines.append(f"    {volume['modality'] or '?'}  {volume['description']}")
        lines.append(f"    {k} slices of {j} x {i}, {spacing} mm (slices x rows x columns)")
        lines.append(f"    geometry: {volume['verdict']}")
        lines += [f"      {finding['text']}" for finding in volume["findings"]]
    lines.append(f"{len(document['volumes'])} volumes, {len(document['left_out'])} files left out")
    lines += [f"    {item['path']}: {item['reason']}" for item in document["left_out"]]
    return "\n".join(lines)
