"""Tasks: long work beside the window, with progress and cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from psygnal import Signal

from medseg_app.core.errors import Cancelled

from .command import Job

State = Literal["pending", "running", "done", "failed", "cancelled"]
CallOnMain = Callable[[Callable[[], None]], None]
REPORTS_PER_SECOND = 10


class Task:
    """One piece of long work. Read it on the main thread; `cancel` may be called from anywhere."""

    def __init__(self, title: str, *, is_awaited: bool = False) -> None:
        self.title, self.is_awaited = title, is_awaited
        self.fraction = 0.0
        self.message = ""
        self.state: State = "pending"
        self.error: BaseException | None = None
        self.value: Any = None
        self.started = time.monotonic()
        self.finished = threading.Event()
        self._stop = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, well or not."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the progress so far; None while there is nothing to go by."""
        seconds = time.monotonic() - self.started
        if self.fraction < 0.02 or seconds < 1.0:
            return None
        return seconds * (1.0 - self.fraction) / self.fraction

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self._stop.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked the work to stop."""
        return self._stop.is_set()


class TaskRunner:
    """Runs jobs in threads and brings their results back to the main thread."""

    changed = Signal(Task)

    def __init__(self, call_on_main: CallOnMain, threads: int = 3) -> None:
        self._call_on_main = call_on_main
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="medseg-task")
        self.running: list[Task] = []

    def start(self, job: Job[Any, Any], on_failure: Callable[[BaseException], None]) -> Task:
        """Run a job; its result is applied on the main thread unless it was cancelled."""
        task = Task(job.title, is_awaited=job.is_awaited)
        self.running.append(task)
        self.changed.emit(task)
        self._threads.submit(self._work, task, job, on_failure)
        return task

    def on_main(self, call: Callable[[], None]) -> None:
        """Have something done on the main thread; may be called from anywhere."""
        self._call_on_main(call)

    def close(self) -> None:
        """Cancel everything and wait for the threads."""
        for task in list(self.running):
            task.cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _work(self, task: Task, job: Job[Any, Any], on_failure: Callable[[BaseException], None]) -> None:
        report = _Report(task, lambda: self._call_on_main(lambda: self.changed.emit(task)))
        try:
            report(0.0)
            result = job.work(report)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which shows or raises it
            failure = error
            self._call_on_main(lambda: self._end(task, None, failure, on_failure))
            return
        self._call_on_main(lambda: self._apply(task, job, result, on_failure))

    def _apply(
        self, task: Task, job: Job[Any, Any], result: Any, on_failure: Callable[[BaseException], None]
    ) -> None:
        if task.is_cancelled:
            self._end(task, None, Cancelled(), on_failure)
            return
        try:
            value = job.apply(result)
        except Exception as error:  # noqa: BLE001 - whatever it is, the task is over; on_failure shows or raises it
            self._end(task, None, error, on_failure)
            return
        self._end(task, value, None, on_failure)

    def _end(
        self, task: Task, value: Any, error: BaseException | None, on_failure: Callable[[BaseException], None]
    ) -> None:
        task.value, task.error = value, error
        task.state = "done" if error is None else "cancelled" if isinstance(error, Cancelled) else "failed"
        task.fraction = 1.0 if error is None else task.fraction
        self.running.remove(task)
        task.finished.set()
        self.changed.emit(task)
        if error is not None:
            on_failure(error)


class _Report:
    """The Progress of a task: at most ten reports a second reach the window; cancel raises here."""

    def __init__(self, task: Task, tell: Callable[[], None]) -> None:
        self._task, self._tell = task, tell
        self._next = 0.0

    def __call__(self, fraction: float, message: str = "") -> None:
        if self._task.is_cancelled:
            raise Cancelled
        self._task.fraction, self._task.message = fraction, message or self._task.message
        self._task.state = "running"
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 1.0 / REPORTS_PER_SECOND
            self._tell()
