"""The stand-in takes what the real nnInteractive takes; runs only where that is installed."""

from __future__ import annotations

import importlib.util
import inspect
from types import ModuleType

import pytest

from .conftest import FAKE

CALLS = [
    "__init__", "initialize_from_trained_model_folder", "set_image", "set_target_buffer",
    "reset_interactions", "add_point_interaction", "add_bbox_interaction", "add_scribble_interaction",
]  # fmt: skip


def stand_in() -> ModuleType:
    path = FAKE / "nnInteractive" / "inference" / "inference_session.py"
    spec = importlib.util.spec_from_file_location("stand_in", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("call", CALLS)
def test_the_stand_in_has_the_signatures_of_the_package(call: str) -> None:
    real = pytest.importorskip("nnInteractive.inference.inference_session")
    mine, theirs = (
        inspect.signature(getattr(module.nnInteractiveInferenceSession, call)).parameters
        for module in (stand_in(), real)
    )
    assert list(mine) == list(theirs)


def test_the_client_is_opened_with_an_address_alone() -> None:
    remote = pytest.importorskip("nnInteractive.inference.remote.remote_session")
    parameters = inspect.signature(remote.nnInteractiveRemoteInferenceSession).parameters
    needed = [name for name, one in parameters.items() if one.default is one.empty]
    assert needed == ["server_url"]
    assert all(hasattr(remote.nnInteractiveRemoteInferenceSession, call) for call in CALLS)
