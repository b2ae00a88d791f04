"""Lines of a card on what computes a model: how close it comes to torch in float32, and what it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace

from medseg_app.core.progress import Progress, part, silent
from medseg_app.core.volume import Volume
from medseg_app.engines.backend import Backend, Kind, computed_by, kind_of
from medseg_app.engines.contract import Engine, Precision, Request
from medseg_app.engines.device import fast_arithmetic, threads
from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.precision import arithmetic_of
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.processor_speed import processor_gflops
from medseg_app.engines.reference_engine import reference_engine
from medseg_app.engines.voxel_engine import VoxelEngine
from medseg_app.engines.voxel_network import VoxelNetwork

from .agreement import Answer, agreement
from .few_images import few_images, millions
from .learnt import unseen_cases
from .recipe import Recipe
from .references import Reference


def measure_backends(
    folder: ModelFolder, recipe: Recipe, *, device: str = "cpu", progress: Progress = silent
) -> tuple[Backend, ...]:
    """A line for each precision of a device; none where the model has no network in torch.

    Uses a few validation patients of the recipe of whom it has not learnt. Raises InputError where there are
    none.
    """
    unseen = unseen_cases(recipe, folder.path).validation
    return backends_on(unseen, folder, device=device, progress=progress)


def backends_on(
    references: Sequence[Reference], folder: ModelFolder, *, device: str = "cpu", progress: Progress = silent
) -> tuple[Backend, ...]:
    """The same on a few of these images, spread evenly; there is one at least."""
    # What was measured before must not hide what is measured now: a backend may be left aside for it.
    folder = replace(folder, card=replace(folder.card, backends=_tried(device)))
    engine = build_engine(folder)
    reference = reference_engine(engine, folder)
    if reference is None:
        return ()
    images = few_images(references, folder.card)
    is_other = arithmetic_of(folder.card, device, "fast") != "float32"
    precisions: list[Precision] = ["exact", "fast"] if is_other else ["exact"]
    # torch comes last: the memory that it keeps would otherwise be counted as that of the others.
    jobs: list[tuple[Engine, Precision]] = [(engine, precision) for precision in precisions]
    jobs += [] if reference is engine else [(reference, "exact")]
    answers = [
        _answers(*job, images, device, part(progress, n / len(jobs), (n + 1) / len(jobs)))
        for n, job in enumerate(jobs)
    ]
    truths = answers[0] if reference is engine else answers[-1]
    by_precision = dict(zip(precisions, answers, strict=False))
    computed = {
        precision: _by(engine, folder.card, device, precision)
        for precision in precisions
        if _was_computed(engine, folder.card, device, precision)
    }
    sizes = [millions(image, folder.card) for image in images]
    return tuple(
        _line(kind_of(device), precision, by, by_precision, truths, sizes)
        for precision, by in computed.items()
    )


def _line(
    device: Kind, precision: Precision, by: str, answers: dict[Precision, list[Answer]],
    truths: list[Answer], sizes: list[float],
) -> Backend:  # fmt: skip
    """One line of a card. answers: by precision; sizes: of the images, in millions of voxels."""
    said = answers[precision]
    return Backend(
        device=device,
        precision=precision,
        by=by,
        images=len(said),
        **asdict(agreement(said, truths)),
        seconds=_seconds(said, sizes),
        # One number for all: what an earlier precision took and gave back is in use before the next begins.
        memory_mb=round(max(one.memory_mb for other in answers.values() for one in other)),
        millions=round(max(sizes), 3),
        gflops=round(processor_gflops()),
    )


def _tried(device: str) -> tuple[Backend, ...]:
    """In the place of a line for "fast", which is computed only where its card has one."""
    fast = fast_arithmetic(device)
    if fast is None:
        return ()
    by = computed_by("", fast)
    return (Backend(kind_of(device), "fast", by, 0, None, None, None, 0.0, 0.0, 0.0, 0.0),)


def with_backends(card: ModelCard, found: Sequence[Backend]) -> ModelCard:
    """The card with these lines in the place of older ones of the same arithmetic on the same kind of device.

    What another computer measured stays: not every processor computes "fast", and not all in the same way.
    """
    lines = {(one.device, one.arithmetic): one for one in (*card.backends, *found)}
    return replace(card, backends=tuple(lines.values()))


def _answers(
    engine: Engine, precision: Precision, images: list[Volume], device: str, progress: Progress
) -> list[Answer]:
    # On a busy computer the clock on the wall tells more of the others than of the model.
    clock, clocks = (time.process_time, threads()) if device == "cpu" else (time.perf_counter, 1)
    answers = []
    if len(images) == 1:
        # Loading and compiling would be told as the time and memory of every image, by its size.
        run_engine(engine, images[0], Request(precision, modality=images[0].modality), device, silent)
    for number, image in enumerate(images):
        share = part(progress, number / len(images), (number + 1) / len(images))
        request, start = Request(precision, modality=image.modality), clock()
        proposal = run_engine(engine, image, request, device, share)
        answers.append(Answer.of(image, proposal, (clock() - start) / clocks))
    return answers


def _seconds(answers: list[Answer], sizes: list[float]) -> float:
    """Time per million voxels; the first image warms up, where there are more."""
    warm = slice(1 if len(answers) > 1 else 0, None)
    return round(sum(one.seconds for one in answers[warm]) / sum(sizes[warm]), 3)


def _by(engine: Engine, card: ModelCard, device: str, precision: Precision) -> str:
    """What computed, in words."""
    program = "OpenVINO" if _is_compiled(engine, device, precision) else "torch"
    return computed_by(program, arithmetic_of(card, device, precision))


def _was_computed(engine: Engine, card: ModelCard, device: str, precision: Precision) -> bool:
    """False where torch stood in for OpenVINO: it does not compute in eight bits."""
    return arithmetic_of(card, device, precision) != "int8" or _is_compiled(engine, device, precision)


def _is_compiled(engine: Engine, device: str, precision: Precision) -> bool:
    return (
        isinstance(engine, VoxelEngine)
        and isinstance(engine.network, VoxelNetwork)
        and not engine.network.is_by_torch(device, precision)
    )
