"""History: undo and redo of label edits, each step with its name."""

from __future__ import annotations

from .label_edit import LabelEdit
from .label_writer import LabelWriter


class History:
    """The steps that led to a segmentation, and those that were undone since."""

    def __init__(self, writer: LabelWriter) -> None:
        self._writer = writer
        self._done: list[LabelEdit] = []
        self._undone: list[LabelEdit] = []

    @property
    def undo_name(self) -> str | None:
        """Name of the step that undo would take back; None where there is none."""
        return self._done[-1].name if self._done else None

    @property
    def redo_name(self) -> str | None:
        """Name of the step that redo would bring again; None where there is none."""
        return self._undone[-1].name if self._undone else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all steps that can be undone, oldest first."""
        return tuple(edit.name for edit in self._done)

    @property
    def steps(self) -> tuple[LabelEdit, ...]:
        """The steps that can be undone, oldest first."""
        return tuple(self._done)

    def push(self, edit: LabelEdit) -> None:
        """Remember a step that was just written; what had been undone is gone."""
        self._done.append(edit)
        self._undone.clear()

    def undo(self) -> LabelEdit | None:
        """Take the last step back. Returns it, None where there is none."""
        if not self._done:
            return None
        edit = self._done[-1]
        self._writer.revert(edit)
        self._undone.append(self._done.pop())
        return edit

    def redo(self) -> LabelEdit | None:
        """Bring the last undone step again. Returns it, None where there is none."""
        if not self._undone:
            return None
        edit = self._undone[-1]
        self._writer.apply(edit)
        self._done.append(self._undone.pop())
        return edit

    def replay(self, edit: LabelEdit) -> None:
        """Apply a step that a journal kept and remember it."""
        self._writer.apply(edit)
        self.push(edit)

    def restore(self, done: list[LabelEdit], undone: list[LabelEdit]) -> None:
        """Take over the steps of an earlier session; the labels already are in that state."""
        self._done, self._undone = list(done), list(undone)
