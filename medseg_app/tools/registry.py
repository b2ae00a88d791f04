"""The tools by name, from the entry-point group `medseg_app.tools`; ours are declared like everybody's."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from medseg_app.core.errors import WrongUse

from .contract import Tool

GROUP = "medseg_app.tools"


@cache
def _found() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def tool_names() -> tuple[str, ...]:
    """Names of all tools; nothing is loaded."""
    return tuple(_found())


@cache
def load_tool(name: str) -> Tool:
    """The tool with this name. Raises WrongUse where there is none or where it cannot be loaded."""
    entry = _found().get(name)
    if entry is None:
        raise WrongUse(f"There is no tool named {name}.", f"Tools: {', '.join(_found())}.")
    try:
        tool: Tool = entry.load()()
    except Exception as error:  # a plug-in may fail in any way; the others must go on
        raise WrongUse(
            f"The tool {name} could not be loaded: {error}.", "Remove or update its package."
        ) from error
    return tool
