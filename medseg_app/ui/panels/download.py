"""DownloadPanel: fetch a model of the model zoo, or of an address, without leaving the window."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit

from medseg_app.app.commands.downloads import download, list_zoo
from medseg_app.engines.foreign.consent import ConsentNeeded
from medseg_app.ui.buttons import give_key, icon_button, push_button
from medseg_app.ui.drop_down import DropDown

from .field_grid import FieldGrid
from .section import Section
from .work_line import WorkLine

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task
    from medseg_app.ui.program_consent import ProgramConsent

ZOO, ADDRESS = "MONAI's model zoo", "An address"
NO_LIST = "There is no list; ask again (Alt+R)."
NO_OFFER = "Choose a model (Alt+L)."
NO_ADDRESS = "Give the address of a ZIP (Alt+A)."
NO_NAME = "Give the model a name (Alt+W)."
READY = "It goes to your own models."
FAILED = "It did not come; see above the image."
A_PROGRAM = "It holds a program; answer above."


class DownloadPanel(Section):
    """Hidden until it is asked for; then it asks the model zoo what it offers."""

    def __init__(self, session: Session, programs: ProgramConsent) -> None:
        super().__init__("Download a model")
        self._session, self._programs = session, programs
        self._suggested = ""
        self.place, self.offer = DropDown(), DropDown()
        self.place.addItems([ZOO, ADDRESS])
        self.offer.setPlaceholderText("Choose a model")
        self.address, self.name = QLineEdit(), QLineEdit()
        self.address.setPlaceholderText("https://")
        self.again = icon_button("Ask for the list again", "arrow-clockwise", self.ask_zoo, "Alt+R")
        self.start_button = push_button(
            "Download", self.start, "Alt+D", detail="Fetch the model, check it, add it to yours", primary=True
        )  # fmt: skip
        stop = push_button("Stop", self.stop, "Alt+P", detail="Stop; nothing of it is kept")
        self._grid = FieldGrid()
        self._build()
        self.work = WorkLine(self, session, self.start_button, stop, self._show)
        self.stop_button = stop
        self._connect()
        self._show()
        self.hide()

    def _build(self) -> None:
        close = icon_button("Close the download", "x", self.hide, "Alt+Q")
        self.top.addWidget(close)
        for button, key in ((close, "Alt+Q"), (self.again, "Alt+R")):
            give_key(button, key)
        add = self._grid.add
        add("From", self.place, "Alt+F", "Where the model comes from")
        add("Model", self.offer, "Alt+L", "What the model zoo offers, in the newest version", self.again)
        add("Address", self.address, "Alt+A", "Of a ZIP; with #sha256=... after it what comes is checked")
        add("Name", self.name, "Alt+W", "What the model is called here")
        self.body.addLayout(self._grid)

    def _connect(self) -> None:
        self.place.currentTextChanged.connect(self._on_place)
        self.offer.currentIndexChanged.connect(self._on_offer)
        self.address.textChanged.connect(self._on_address)
        self.name.textEdited.connect(self._say_idle)

    # -- what it is asked --------------------------------------------------------------------------

    def open(self) -> None:
        """Show it, and ask the model zoo for its list the first time."""
        self.open_at(self.place)
        if self._is_zoo and not self.offer.count() and not self.work.is_busy:
            self.ask_zoo()

    def ask_zoo(self) -> None:
        """Ask the model zoo what it offers."""
        self.offer.clear()
        self.work.follow(self._session.start(list_zoo), self._on_list)

    def start(self) -> None:
        """Fetch what is chosen."""
        name = self.name.text().strip()
        listed, address = (self.offer.currentData(), "") if self._is_zoo else (name, self.address.text())
        self._fetch({"name": listed, "address": address, "called": name})

    def _fetch(self, wanted: dict[str, str], consent: bool = False) -> None:
        """A program is run only after the reader agreed, and then it is the one that he was asked about."""

        def failed(error: BaseException) -> None:
            self._programs.failed(error, wanted["called"], lambda: self._fetch(wanted, consent=True))

        task = self._session.attempt(download, failed, consent=consent, **wanted)
        self.work.follow(task, self._on_end)

    def stop(self) -> None:
        """Stop what is being fetched."""
        self.work.stop()

    # -- what it shows -----------------------------------------------------------------------------

    @property
    def _is_zoo(self) -> bool:
        return self.place.currentText() == ZOO

    @property
    def _missing(self) -> str:
        """What must be told before it can begin; empty where it can."""
        if self._is_zoo and not self.offer.count():
            return NO_LIST
        if self._is_zoo and self.offer.currentIndex() < 0:
            return NO_OFFER
        if not self._is_zoo and not self.address.text().strip():
            return NO_ADDRESS
        return "" if self.name.text().strip() else NO_NAME

    def _show(self) -> None:
        self._grid.enable(not self.work.is_busy)
        self.offer.setEnabled(self.offer.count() > 0 and not self.work.is_busy)
        self._grid.show_line(self.offer, self._is_zoo)
        self._grid.show_line(self.address, not self._is_zoo)
        self.start_button.setEnabled(not self._missing)

    def _say_idle(self, *_: object) -> None:
        self.work.say(self._missing or READY)
        self._show()

    def _on_place(self) -> None:
        self._say_idle()
        if self._is_zoo and not self.offer.count():
            self.ask_zoo()

    def _on_offer(self) -> None:
        self._suggest(self.offer.currentData() or "")

    def _on_address(self, address: str) -> None:
        file = PurePosixPath(address.strip().partition("#")[0])
        self._suggest(file.stem if file.suffix == ".zip" else "")

    def _suggest(self, name: str) -> None:
        """Fill in a name, unless the reader chose one himself."""
        if self.name.text() in ("", self._suggested):
            self.name.setText(name)
            self.name.setCursorPosition(0)  # a long one shows how it begins
            self._suggested = name
        self._say_idle()

    def _on_list(self, task: Task) -> None:
        for name, version in (task.value or {}).items():
            self.offer.addItem(f"{name}  {version}", name)
        self.offer.setCurrentIndex(-1)
        self._say_idle()

    def _on_end(self, task: Task) -> None:
        if task.state == "done":
            self.work.say(f"{task.value.name} is here; choose it above.")
        elif task.state == "cancelled":
            self.work.say("Stopped; nothing was kept.")
        else:
            self.work.say(A_PROGRAM if isinstance(task.error, ConsentNeeded) else FAILED)
