"""Session: one user at work. Opens cases, runs commands and tasks, tells everybody what changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from psygnal import Signal

from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.errors import Cancelled, CaseError, MedsegError, WrongUse
from medseg_app.core.journal import Facts
from medseg_app.core.label_edit import LabelEdit
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.progress import silent

from .case_journal import CaseJournal
from .change import Change
from .command import Command, Job, spec_of
from .command_log import COMMANDS
from .folders import Folders
from .gestures import Gestures
from .notice import Notice
from .settings import Settings
from .studies import Studies
from .tasks import CallOnMain, Task, TaskRunner
from .view_state import ViewState

if TYPE_CHECKING:
    from .beside import Beside
    from .engine_lane import EngineLane

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(COMMANDS)


class Session:
    """What is open and how it is shown. Everything here happens on the main thread."""

    changed = Signal(Change)
    notices = Signal(Notice)

    def __init__(
        self,
        folders: Folders | None = None,
        settings: Settings | None = None,
        call_on_main: CallOnMain = lambda call: call(),
    ) -> None:
        self.folders = folders or Folders.of_user()
        self.settings = settings or Settings.load(self.folders.config)
        kept = self.settings
        self.view = ViewState(
            brush_mm=kept.brush_mm, fill_opacity=kept.fill_opacity, outline_px=kept.outline_px,
            show_patient=kept.show_patient,
        )  # fmt: skip
        self.tasks = TaskRunner(call_on_main)
        self.studies = Studies()
        self.gestures = Gestures(self)
        self.case: Case | None = None
        self.journal: CaseJournal | None = None
        self.case_lock: Any = None
        self.beside: Beside | None = None
        self.view.events.layout.connect(self._on_layout)
        self.changed.connect(self._on_change)
        self._engines: EngineLane | None = None

    # -- commands ----------------------------------------------------------------------------------

    def run(self, command: Command[P, R], *args: P.args, **kwargs: P.kwargs) -> Any:
        """Do a command now and return what it returns (for long ones: the applied result)."""
        log.info("%s %s", spec_of(command).name, sorted(kwargs))
        self.gestures.settle()
        result: Any = command(self, *args, **kwargs)
        return result.apply(result.work(silent)) if isinstance(result, Job) else result

    def start(self, command: Command[P, R], *args: P.args, **kwargs: P.kwargs) -> Task | None:
        """Do a command for the window: long ones in a task, errors as a notice."""
        return self._attempt(command, self.fail, args, kwargs)

    def attempt(
        self, command: Command[P, R], failed: Callable[[BaseException], None], **kwargs: Any
    ) -> Task | None:
        """As `start`, for callers that show errors themselves. A cancelled task is no error."""

        def tell(error: BaseException) -> None:
            if not isinstance(error, Cancelled):
                failed(error)

        return self._attempt(command, tell, (), kwargs)

    def _attempt(
        self, command: Any, failed: Callable[[BaseException], None], args: Any, kwargs: dict[str, Any]
    ) -> Task | None:
        log.info("%s %s", spec_of(command).name, sorted(kwargs))
        self.gestures.settle()
        try:
            result: Any = command(self, *args, **kwargs)
        except MedsegError as error:
            failed(error)
            return None
        return self.tasks.start(result, failed) if isinstance(result, Job) else None

    def fail(self, error: BaseException) -> None:
        """Show an error; a cancelled task is none, and what is no error for users is raised as a bug."""
        if isinstance(error, Cancelled):
            return
        if not isinstance(error, MedsegError):
            raise error
        self.notices.emit(Notice.of_error(error))

    def tell(self, kind: str, text: str, hint: str = "") -> None:
        """Show a notice."""
        self.notices.emit(
            Notice("note" if kind == "note" else "ok" if kind == "ok" else "problem", text, hint)
        )

    @property
    def engines(self) -> EngineLane:
        """Where models run, beside the window."""
        if self._engines is None:
            from .engine_lane import EngineLane

            self._engines = EngineLane(self.folders.cache)
        return self._engines

    # -- the open case -----------------------------------------------------------------------------

    def open(self) -> Case:
        """The open case. Raises WrongUse where none is open."""
        if self.case is None:
            raise WrongUse("No series is open.", "Open one from the list of studies.")
        return self.case

    def writable(self) -> Case:
        """The open case, to change it. Raises CaseError where it is open for reading only."""
        case = self.open()
        if case.read_only:
            raise CaseError(case.read_only.message, case.read_only.hint)
        return case

    def show_beside(self, beside: Beside | None) -> None:
        """Show another series beside the open one, or none any more."""
        former, self.beside = self.beside, beside
        if former is not None:
            former.leave()
        if beside is not None:
            beside.enter()
        if beside is not former:
            self.changed.emit(Change.of("beside"))

    def _on_layout(self, layout: str) -> None:
        if layout != "side by side" and self.beside is not None:
            self.show_beside(None)

    @property
    def unsaved(self) -> bool:
        """Whether labels (or rulers of a case with a name) differ from the case file, or were never saved."""
        case = self.case
        if case is None:
            return False
        measured = case.path is not None and not case.read_only and tuple(case.rulers) != case.saved_rulers
        return measured or case.segmentation.revision != case.saved_revision

    @property
    def saved_at(self) -> float | None:
        """When the last step became durable in the journal (seconds since 1970); None before the first."""
        return self.journal.saved_at if self.journal else None

    @contextmanager
    def step(self, name: str, source: str = "human", **more: Any) -> Iterator[LabelWriter]:
        """One undoable step: what is written inside is committed at the end, put back on an error."""
        self.gestures.settle()
        case = self.writable()
        case.writer.begin(name)
        try:
            yield case.writer
        except BaseException:
            self.abort_step()
            raise
        self.commit_step(name, source, **more)

    def commit_step(self, tool: str, source: str = "human", **more: Any) -> LabelEdit | None:
        """End the open step: history, journal, one Change."""
        case = self.open()
        edit = case.writer.commit()
        if edit is not None:
            case.history.push(edit)
            self.record(edit, tool, source, **more)
            self.changed.emit(change_of(edit))
        return edit

    def abort_step(self) -> None:
        """Put the open step back."""
        case = self.open()
        box = case.writer.abort()
        self.changed.emit(
            Change(frozenset({"voxels", "segments"}), box, frozenset(range(case.segmentation.groups)))
        )

    def _on_change(self, change: Change) -> None:
        if "segments" in change.kinds and self.case is not None:
            self.view.forget_segments_but({segment.id for segment in self.case.segmentation.segments})

    def record(self, edit: LabelEdit, tool: str, source: str = "human", **more: Any) -> None:
        """Write a committed step to the journal."""
        if self.journal:
            self.journal.edit(edit, self.facts(tool, source, **more))

    def facts(self, tool: str, source: str = "human", **more: Any) -> Facts:
        """Who does it, with what, for how long."""
        seconds = self.journal.active_seconds() if self.journal else 0.0
        return Facts(self.settings.reader, tool, source, seconds, more)

    def close(self) -> None:
        """End the session: tasks are cancelled, the engine worker stops, the journal stays for recovery."""
        self.tasks.close()
        if self._engines is not None:
            self._engines.close()
        self.release_case(forget_unsaved=False)

    def release_case(self, *, forget_unsaved: bool) -> None:
        """Let go of the open case. forget_unsaved: the user chose not to keep what was not saved."""
        self.gestures.settle()
        self.show_beside(None)
        if self.journal:
            self.journal.close(forget_unsaved=forget_unsaved)
        if self.case_lock is not None:
            self.case_lock.release()
        self.case, self.journal, self.case_lock = None, None, None


def change_of(edit: LabelEdit) -> Change:
    """What views and panels must know about an edit."""
    kinds: set[Any] = set()
    if edit.changes or edit.new_groups:
        kinds.add("voxels")
    if edit.after or edit.deltas or edit.new_groups:
        kinds.add("segments")
    box: Box | None = edit.touched()
    return Change(frozenset(kinds), box, frozenset(c.group for c in edit.changes), name=edit.name)
