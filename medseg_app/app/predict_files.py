"""Run a model on an input and write verified files: what `medseg predict` and `ms.predict_files` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import SegmentsOverlap
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, part, silent
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.expected_device import expected_device
from medseg_app.io.export_options import ExportOptions, Written

from .documents import prediction_document
from .first_cost import first_cost
from .folders import Folders
from .inputs import Input, open_input
from .left_out import gap_explained
from .outputs import Contents, check_outputs, written_outputs
from .remedy import remedy
from .run_costs import RunCosts, in_words


@dataclass(frozen=True)
class HowToRun:
    """Choices for a run.

    models: a folder to look for models in before all others. within: pairs (name of a finding, name of a
    class) that may hold the same voxels where several models run as one. tell: hears what a run will take
    before it starts.
    """

    device: str = "auto"
    precision: Literal["exact", "fast"] = "exact"
    min_score: float | None = None
    modality: str = ""
    models: Path | None = None
    within: frozenset[tuple[str, str]] = frozenset()
    tell: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, eq=False)
class Prediction:
    """What came of a run. left_out: slices that could not be used; remarks: what a user should know."""

    volume: Volume
    proposal: Proposal
    labels: LabelMap
    outputs: tuple[Written, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return prediction_document(self.volume, self.proposal, self.labels, self.outputs)


def predict_files(
    path: Path,
    model: str,
    outputs: Sequence[Path],
    series: str | None = None,
    how: HowToRun | None = None,
    progress: Progress = silent,
) -> Prediction:
    """Run a model on the volume that is meant and write all outputs, verified, or none.

    Raises errors of medseg_app.core.errors; nothing is run before the request is known to be right.
    """
    with predicted_files(path, model, outputs, series, how, progress) as done:
        return done


@contextmanager
def predicted_files(
    path: Path,
    model: str,
    outputs: Sequence[Path],
    series: str | None = None,
    how: HowToRun | None = None,
    progress: Progress = silent,
) -> Iterator[Prediction]:
    """What predict_files does, for a block that may still fail: then the outputs are taken back."""
    from medseg_app.engines.combined_model import check_within
    from medseg_app.engines.registry import find_model
    from medseg_app.engines.suitable_grid import looks_at_volumes

    how = how or HowToRun()
    check_outputs(outputs, path)
    folder = find_model(model, how.models)
    check_within(folder.card, how.within)
    scouts = not looks_at_volumes(folder)
    wanted = open_input(path, series, folder.card.modality, part(progress, 0.0, 0.1), scouts=scouts)
    costs, voxels = RunCosts(Folders.of_user().cache), wanted.volume.voxels.size
    device = expected_device(how.device)
    expected = costs.expected(model, device, how.precision, voxels)
    if expected is not None:
        how.tell(f"{model} takes {in_words(expected)} here.")
    else:
        cards = [one.card for one in folder.models]
        expected = first_cost(cards, wanted.volume.geometry, device, how.precision)
        if expected is not None:
            how.tell(f"By its card, {model} takes {in_words(expected)} here.")
    with predicted_input(wanted, folder, outputs, how, part(progress, 0.1, 1.0)) as done:
        costs.learn(done.proposal, voxels)
        yield done


@contextmanager
def predicted_input(
    wanted: Input, folder: Any, outputs: Sequence[Path], how: HowToRun, progress: Progress = silent
) -> Iterator[Prediction]:
    """Run a model on an opened input; its outputs are in place, and taken back where the block fails."""
    from medseg_app.engines.contract import Request
    from medseg_app.engines.modality import check_modality, require_contrast
    from medseg_app.engines.predict import build_engine, run_engine
    from medseg_app.engines.suitable_grid import require_even_slices
    from medseg_app.engines.to_label_map import to_label_map
    from medseg_app.io.formats import check_output

    volume = wanted.volume
    request = Request(how.precision, how.min_score, how.modality, within=how.within)
    with gap_explained(wanted.left_out):
        check_modality(folder.card, volume, how.modality)
        require_contrast(volume)
        require_even_slices(volume.geometry)  # or DICOM SEG would be the remedy, which no model can fill
        for out in outputs:
            check_output(out, volume)
        proposal = run_engine(build_engine(folder), volume, request, how.device, part(progress, 0.0, 0.85))
    labels = to_label_map(proposal, volume)
    contents = Contents(labels, volume, lambda done: prediction_document(volume, proposal, labels, done))
    hint = "Write .seg.dcm or .seg.nrrd, which hold both, or a case (.medseg)."
    with (
        remedy(SegmentsOverlap, hint),
        written_outputs(contents, outputs, ExportOptions(), part(progress, 0.85, 1.0)) as written,
    ):
        remarks = (*proposal.remarks, *(remark for item in written for remark in item.remarks))
        yield Prediction(volume, proposal, labels, tuple(written), wanted.left_out, remarks)
