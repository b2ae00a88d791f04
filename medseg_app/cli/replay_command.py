"""`medseg replay`: does the steps of a journal again and lists them."""

from __future__ import annotations

from typing import Any

from medseg_app.app.replay import replayed_journal

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """List the steps with reader, tool and time; write the labels they lead to."""
    with replayed_journal(arguments.input, arguments.outputs or []) as document:
        say.work_is_done()
        say.result(arguments, document, _text(document))
    return say.DONE


def _text(document: dict[str, Any]) -> str:
    lines = [
        f"{row['at']}  {row['kind']:10} {row['name'] or '':24} {row['tool']:10} {row['reader']}  "
        f"{row['active_seconds']:.1f} s"
        for row in document["steps"]
    ]
    labels = document["sha256"] or "unknown: the first ones are in the file of the case only"
    lines.append(f"{len(document['steps'])} steps, {document['active_seconds']:.0f} s, labels {labels}")
    return "\n".join(lines)
