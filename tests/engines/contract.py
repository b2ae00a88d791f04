"""What every engine has to keep; a test module subclasses a contract and says which model and volume."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.core.errors import Cancelled, GeometryError, InputError, ModalityError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.progress import Progress, silent
from medseg_app.core.proposal import ModelIdentity, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.precision import precision_of
from medseg_app.engines.predict import build_engine, run_engine


@dataclass(frozen=True)
class Run:
    """What came of one run. reports: the fractions that were told. images: a copy of what it was given."""

    proposal: Proposal
    reports: tuple[float, ...]
    images: np.ndarray


def ask(
    model: ModelFolder, volume: Volume, request: Request, progress: Progress = silent, device: str = "cpu"
) -> Proposal:
    """The answer of an engine that was built for this run."""
    return run_with(build_engine(model), volume, request, progress, device)


def run_with(
    engine: Engine, volume: Volume, request: Request, progress: Progress = silent, device: str = "cpu"
) -> Proposal:
    """The answer of an engine that may have run before."""
    return run_engine(engine, volume, request, device, progress)


class ProposalContract:
    """What holds of every run.

    Fixtures `model` (ModelFolder) and `volume` (one that gives candidates) come from the subclass, and
    `asked` and `identity` where these here are not true of it.
    tells_scores: whether each candidate says how sure the model is of it.
    reports_by_the_clock: whether a run tells now and then how far another process is, so that the fractions
    of two runs differ.
    """

    tells_scores = True
    reports_by_the_clock = False

    @pytest.fixture(scope="class")
    @classmethod
    def asked(cls) -> Request:
        """What every run is asked for."""
        return Request()

    @pytest.fixture(scope="class")
    @classmethod
    def identity(cls, model: ModelFolder) -> ModelIdentity:
        """What proposals say that made them."""
        return model.card.identity

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, model: ModelFolder, volume: Volume, asked: Request) -> Run:
        images, reports = volume.voxels.copy(), list[float]()
        found = ask(model, volume, asked, lambda f, message="": reports.append(f))
        return Run(found, tuple(reports), images)

    @pytest.fixture(scope="class")
    @classmethod
    def kept(cls, model: ModelFolder) -> Engine:
        """One engine for several runs, as the worker keeps it: its network is made ready once."""
        return build_engine(model)

    @pytest.fixture(scope="class")
    @classmethod
    def proposal(cls, run: Run) -> Proposal:
        return run.proposal

    def test_candidates_lie_on_the_grid_and_hold_voxels(self, proposal: Proposal, volume: Volume) -> None:
        assert proposal.candidates
        for candidate in proposal.candidates:
            assert Box.whole(volume.geometry.shape).contains(candidate.box)
            assert candidate.mask.shape == candidate.box.shape
            assert candidate.mask.dtype == np.bool_
            assert Box.around(candidate.mask) == Box.whole(candidate.box.shape)
            if self.tells_scores:
                assert candidate.score is not None
                assert 0 <= candidate.score <= 1
            else:
                assert candidate.score is None

    def test_candidates_never_overlap(self, proposal: Proposal, model: ModelFolder, volume: Volume) -> None:
        """But for classes that are several others together."""
        count = np.zeros(volume.geometry.shape, int)
        for candidate in proposal.candidates:
            if candidate.class_value not in model.card.unions:
                count[candidate.box.slices] += candidate.mask
        assert count.max() == 1

    def test_findings_come_best_first_and_classes_by_value(self, proposal: Proposal) -> None:
        scores = [c.score for c in proposal.candidates if c.kind == "instance"]
        values = [c.class_value for c in proposal.candidates if c.kind == "semantic"]
        assert scores == sorted(scores, reverse=True)
        assert values == sorted(values)

    def test_the_card_says_what_candidates_are(self, proposal: Proposal, model: ModelFolder) -> None:
        for candidate in proposal.candidates:
            label = model.card.classes[candidate.class_value]
            mine = (candidate.name, candidate.kind, candidate.colour, candidate.category, candidate.type)
            assert mine == (label.name, label.kind, label.colour, label.category, label.type)

    def test_the_proposal_says_what_made_it(
        self, proposal: Proposal, identity: ModelIdentity, volume: Volume, asked: Request
    ) -> None:
        assert proposal.model == identity
        assert len(proposal.model.sha256) == 64
        assert (proposal.volume_id, proposal.device, proposal.precision) == (volume.id, "cpu", "exact")
        assert proposal.prompts == asked.prompts

    def test_progress_rises_from_zero_to_one(self, run: Run) -> None:
        assert run.reports[0] == 0.0
        assert run.reports[-1] == 1.0
        assert all(a <= b for a, b in pairwise(run.reports))

    def test_the_images_stay_as_they_were(self, run: Run, volume: Volume) -> None:
        np.testing.assert_array_equal(volume.voxels, run.images)

    @pytest.mark.parametrize("share", [0.0, 0.4])
    def test_cancel_ends_the_run_at_the_next_report(
        self, run: Run, kept: Engine, volume: Volume, asked: Request, share: float
    ) -> None:
        """There is a report before every tile or slice."""
        seen: list[float] = []

        def stop(fraction: float, message: str = "") -> None:
            seen.append(fraction)
            if fraction >= share:
                raise Cancelled

        with pytest.raises(Cancelled):
            run_with(kept, volume, asked, stop)
        assert [f for f in seen if f >= share] == seen[-1:]
        if not self.reports_by_the_clock:
            assert seen == [*(f for f in run.reports if f < share), seen[-1]]


class EngineContract(ProposalContract):
    """What holds of further runs, good and bad.

    engine: the name of the entry point that is tried.
    looks_at_slices: whether the network sees slices one by one.
    chooses_its_precision: whether it computes as it always does on a device, whatever was asked for.
    """

    engine: str
    looks_at_slices = False
    chooses_its_precision = False

    def test_the_model_is_one_of_the_engine(self, model: ModelFolder) -> None:
        assert model.card.engine == self.engine

    def test_the_same_input_gives_the_same_voxels(
        self, proposal: Proposal, model: ModelFolder, volume: Volume, asked: Request
    ) -> None:
        again = ask(model, volume, asked)
        assert [(c.box, c.score) for c in again.candidates] == [(c.box, c.score) for c in proposal.candidates]
        for one, other in zip(again.candidates, proposal.candidates, strict=True):
            np.testing.assert_array_equal(one.mask, other.mask)

    def test_fast_gives_a_proposal_too(self, model: ModelFolder, volume: Volume, asked: Request) -> None:
        told = ask(model, volume, replace(asked, precision="fast")).precision
        assert told == ("exact" if self.chooses_its_precision else precision_of(model.card, "cpu", "fast"))

    def test_another_modality_is_refused_before_any_work(
        self, model: ModelFolder, volume: Volume, asked: Request
    ) -> None:
        reports: list[float] = []
        other = next(one for one in ("PT", "US") if one not in model.card.modality)
        strange = Volume(volume.voxels, volume.geometry, volume.id, other)
        with pytest.raises(ModalityError, match=f"are {other}, and the model"):
            ask(model, strange, asked, lambda fraction, message="": reports.append(fraction), "auto")
        assert not reports

    def test_uneven_slices_are_refused(self, kept: Engine, volume: Volume, asked: Request) -> None:
        origins = volume.geometry.origins.copy()
        origins[-1] += 3 * volume.geometry.k_step
        uneven = VolumeGeometry.from_slices(
            volume.geometry.shape, volume.geometry.i_step, volume.geometry.j_step, origins
        )
        with pytest.raises(GeometryError, match="not evenly spaced"):
            run_with(kept, Volume(volume.voxels, uneven, volume.id, volume.modality), asked, device="auto")

    def test_the_revision_that_a_run_started_from_is_kept(
        self, kept: Engine, volume: Volume, asked: Request
    ) -> None:
        assert run_with(kept, volume, replace(asked, revision=12)).revision == 12

    def test_images_without_contrast_give_a_proposal(
        self, kept: Engine, volume: Volume, asked: Request
    ) -> None:
        flat = Volume(np.full_like(volume.voxels, -1000), volume.geometry, volume.id, volume.modality)
        run_with(kept, flat, asked)

    def test_a_single_slice_is_for_networks_of_slices(
        self, kept: Engine, volume: Volume, asked: Request
    ) -> None:
        box = replace(Box.whole(volume.geometry.shape), stop=(1, *volume.geometry.shape[1:]))
        thin = Volume(volume.voxels[:1].copy(), volume.geometry.cropped(box), volume.id, volume.modality)
        if self.looks_at_slices:
            run_with(kept, thin, asked)
        else:
            with pytest.raises(GeometryError, match="single slice"):
                run_with(kept, thin, asked)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_voxels_that_are_no_numbers_are_refused(
        self, kept: Engine, volume: Volume, asked: Request, value: float
    ) -> None:
        voxels = volume.voxels.astype(np.float32)
        voxels[2, 3, 4:6] = value
        with pytest.raises(InputError, match="2 voxels that are not numbers"):
            run_with(kept, Volume(voxels, volume.geometry, volume.id, volume.modality), asked)
