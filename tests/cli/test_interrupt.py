"""An interrupt waits until a compiled module is loaded: an exception in there would abort the process."""

from __future__ import annotations

import _imp
import os
import signal
import time
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from types import ModuleType

import pytest

from medseg_app.cli.interrupt import stopped_by_signals

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer of signals")


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> ExtensionFileLoader:
    """Loads a module that is interrupted while it is loaded."""

    def create(spec: ModuleSpec) -> ModuleType:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        return ModuleType(spec.name)

    monkeypatch.setattr(_imp, "create_dynamic", create)
    return ExtensionFileLoader("made_up", "made_up.so")


def test_a_module_is_loaded_whole_before_the_interrupt(loader: ExtensionFileLoader) -> None:
    loaded = []
    with pytest.raises(KeyboardInterrupt):
        _load_and_wait(loader, loaded)
    assert loaded == ["made_up"]


def _load_and_wait(loader: ExtensionFileLoader, loaded: list[str]) -> None:
    with stopped_by_signals(deaf_afterwards=False):
        loaded.append(loader.create_module(ModuleSpec("made_up", loader)).__name__)
        time.sleep(5.0)


def test_an_interrupt_that_waits_is_dropped_with_the_command(loader: ExtensionFileLoader) -> None:
    with stopped_by_signals(deaf_afterwards=False):
        loader.create_module(ModuleSpec("made_up", loader))
        signal.setitimer(signal.ITIMER_REAL, 10.0)  # as if it were not time yet
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
