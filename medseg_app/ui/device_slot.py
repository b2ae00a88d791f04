"""DeviceSlot: where models run and how they calculate, at the right end of the status bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session
    from medseg_app.engines.expected_device import ExpectedDevices

    from .off_thread import OffThread

WHERE = "Where models run and how they calculate (Ctrl+,)"
NOT_FAST = "Fast calculation gains nothing on this device, so models calculate exactly (Ctrl+,)"
NAMES = {"cpu": "CPU", "mps": "GPU", "cuda:0": "GPU", "cuda": "GPU"}


class DeviceSlot:
    """Says what the system offers until a model has run, and then what the run used.

    Until the system was asked, only the precision is told.
    """

    def __init__(self, slot: QLabel, session: Session) -> None:
        self._slot, self._session = slot, session
        self._devices: dict[str, str] = {}
        self._fast: Mapping[str, str] | None = None
        session.changed.connect(self._on_change)
        self.show()

    def find(self, beside: OffThread) -> None:
        """Ask the system beside the window what the automatic choice comes to."""
        from medseg_app.engines.expected_device import expected_devices

        beside.run(expected_devices, self._take)

    def show(self) -> None:
        """Write what is known for the present settings."""
        settings = self._session.settings
        wanted = settings.device
        device = self._devices.get(wanted, "" if wanted == "auto" else wanted)
        slow = device and self._fast is not None and device.partition(":")[0] not in self._fast
        precision = "exact" if slow else settings.precision
        self._slot.setText(f"{name_of(device)} {precision}".strip())
        self._slot.setToolTip(WHERE if precision == settings.precision else NOT_FAST)

    def _take(self, found: ExpectedDevices) -> None:
        self._devices.setdefault("auto", found.auto)
        self._fast = found.fast
        self.show()

    def _on_change(self, change: Change) -> None:
        case = self._session.case
        if "proposal" in change.kinds and case is not None and case.proposal is not None:
            self._devices[self._session.settings.device] = case.proposal.device
            self.show()


def name_of(device: str) -> str:
    """CPU or GPU; with its number where it is not the first."""
    kind, _, number = device.partition(":")
    return NAMES.get(device) or (f"GPU {number}" if kind == "cuda" else device)
