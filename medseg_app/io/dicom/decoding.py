"""Decode the pixels of many frames, in worker processes where that is worth their start."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import current_process

from medseg_app.core.spawned import SPAWNED

from .pixels import Stored, Unreadable, decode_frames
from .volume_info import Frame

WORTH_WORKERS = 48
"""Frames from which on workers, which need most of a second to start, finish sooner."""
FRAMES_PER_TASK = 8

Task = tuple[str, tuple[int, ...], tuple[int, ...]]
"""A file, the numbers of its frames, and the k of each."""
Decoded = tuple[int, "Stored | Unreadable"]


def decoded(frames: Sequence[Frame], wanted: Sequence[int]) -> Iterator[Decoded]:
    """Stored pixels (or why they cannot be read) of the frames with the wanted k; in no fixed order."""
    tasks = _tasks(frames, wanted)
    # A worker of somebody's pool or data loader may not start processes of its own.
    if len(wanted) < WORTH_WORKERS or current_process().daemon:
        for task in tasks:
            yield from _decode(task)
        return
    first, rest = tasks[:1], tasks[1:]
    for task in first:
        yield from _decode(task)  # the middle slice need not wait for the workers to start
    yield from _decode_in_workers(rest)


def _tasks(frames: Sequence[Frame], wanted: Sequence[int]) -> list[Task]:
    """The wanted frames by file, in their order, a few frames a task."""
    by_file: dict[str, list[int]] = {}
    for k in wanted:
        by_file.setdefault(frames[k].file, []).append(k)
    tasks: list[Task] = []
    for path, many in by_file.items():
        waiting = iter(many)
        while part := tuple(islice(waiting, FRAMES_PER_TASK)):
            tasks.append((path, tuple(frames[k].number for k in part), part))
    return tasks


def _decode(task: Task) -> list[Decoded]:
    path, numbers, many = task
    try:
        return list(zip(many, decode_frames(path, numbers), strict=True))
    except Unreadable as problem:
        if len(many) == 1:
            return [(many[0], problem)]
    return [done for n, k in zip(numbers, many, strict=True) for done in _decode((path, (n,), (k,)))]


def _decode_in_workers(tasks: Sequence[Task]) -> Iterator[Decoded]:
    """Decode in processes of their own; a task that ends its process is reported, the others go on."""
    waiting = list(tasks)
    while waiting:
        done: set[Task] = set()
        try:
            for task, results in _run(waiting):
                done.add(task)
                yield from results
            return
        except BrokenProcessPool:
            waiting = [task for task in waiting if task not in done]
            suspect = waiting.pop(0)
            yield from _decode_alone(suspect)


def _run(tasks: Sequence[Task]) -> Iterator[tuple[Task, list[Decoded]]]:
    count = min(os.cpu_count() or 1, 8, len(tasks))
    pool = ProcessPoolExecutor(count, mp_context=SPAWNED, initializer=_leave_interrupts_to_the_parent)
    try:
        waiting = iter(tasks)
        running: dict[Future[list[Decoded]], Task] = {}
        while True:
            # Few tasks at a time keep the decoded frames that wait for us small.
            for task in islice(waiting, 2 * count - len(running)):
                running[pool.submit(_decode, task)] = task
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _decode_alone(task: Task) -> list[Decoded]:
    """One task in a process of its own, which a decoder may bring down."""
    try:
        return [entry for _, results in _run([task]) for entry in results]
    except BrokenProcessPool:
        problem = Unreadable("damaged: its compressed pixels brought the decoder down")
        return [(k, problem) for k in task[2]]
