"""A worker that is killed in mid-run leaves the case untouched, and the next run works."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from medseg_app.app.commands.proposals import run_model
from medseg_app.core.errors import EngineError
from tests.engines.plugin_engine import install, write_plugin_model

from .test_session import paint

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def state(session):
    """Everything of a case that a run might touch."""
    segmentation = session.case.segmentation
    voxels = segmentation.labels().tobytes(), segmentation.human().tobytes()
    return voxels, segmentation.segments, segmentation.revision, session.case.history.names


def test_a_killed_worker_leaves_the_case_untouched(session, tmp_path, monkeypatch):
    install(tmp_path / "plugin", monkeypatch)
    monkeypatch.setenv("MEDSEG_MODELS", str(tmp_path / "models"))
    write_plugin_model(tmp_path / "models/slow", steps=1000, seconds=0.02)
    write_plugin_model(tmp_path / "models/quick")
    paint(session, (5, 20, 22))
    assert np.any(session.case.segmentation.labels())
    before, propose = state(session), session.engines.propose

    def killed_at_work(model, volume, request, device, progress, show):
        def kill(fraction, message=""):
            progress(fraction, message)
            if fraction > 0 and session.engines.worker_id:
                os.kill(session.engines.worker_id, signal.SIGKILL)

        return propose(model, volume, request, device, kill, show)

    with monkeypatch.context() as patch:
        patch.setattr(session.engines, "propose", killed_at_work)
        with pytest.raises(EngineError, match="slow stopped in mid-run"):
            session.run(run_model, model="slow")
    assert state(session) == before
    assert session.case.proposal is None
    session.run(run_model, model="quick")
    assert session.case.proposal.candidates
    assert state(session) == before
