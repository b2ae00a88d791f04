"""The window downloads and updates models as the command line does, from a zoo on this computer."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from medseg_app.app.model_zoo import ZOO_VARIABLE
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.ui.panels.download import ADDRESS, ZOO
from tests.cli.served_zoo import offer, running_zoo, zip_bundle
from tests.engines.foreign.made_bundles import built_network, metadata, write_bundle
from tests.engines.foreign.made_programs import write_program
from tests.engines.foreign.uncontained import jobs_done_here

PATIENCE = 120_000


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """Address and folder of a zoo that offers spleen_ct 0.5.10."""
    bundle = write_bundle(tmp_path / "made/spleen_ct", weights="model.pt")
    made = zip_bundle(bundle, tmp_path / "spleen_ct.zip")
    with running_zoo(made, tmp_path / "site") as address:
        monkeypatch.setenv(ZOO_VARIABLE, f"{address}/list.json")
        yield address, tmp_path / "site"


@pytest.fixture
def panel(controller):
    return controller.download


@pytest.fixture
def only_mine(session, monkeypatch):
    """The models of the user alone are looked for."""
    monkeypatch.setattr("medseg_app.engines.registry.model_places", lambda *_: [session.folders.models])


def run_here(patch):
    """Fetching and importing starts no process, which would import torch again."""

    def at_once(what, work, progress, *_):
        return work(progress)

    patch.setattr("medseg_app.app.commands.downloads.run_apart", at_once)


@pytest.fixture
def in_this_process(monkeypatch, uncontained):
    run_here(monkeypatch)


def open_list(controller, qtbot):
    controller.actions["download"].trigger()
    panel = controller.download
    qtbot.waitUntil(lambda: panel.offer.count() > 0, timeout=PATIENCE)
    return panel


def names_listed(controller):
    return [controller.ai.choice.itemText(n) for n in range(controller.ai.choice.count())]


def download(controller, qtbot):
    panel = open_list(controller, qtbot)
    panel.offer.setCurrentIndex(0)
    panel.start_button.click()
    qtbot.waitUntil(lambda: "spleen_ct" in names_listed(controller), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=PATIENCE)


def test_the_zoo_is_asked_only_when_the_panel_is_opened(controller, qtbot, zoo, panel, monkeypatch):
    assert not panel.isVisible()
    open_list(controller, qtbot)
    assert panel.isVisible()
    assert [panel.offer.itemText(n) for n in range(panel.offer.count())] == ["spleen_ct  0.5.10"]
    assert panel.offer.currentIndex() == -1
    assert not panel.start_button.isEnabled()
    assert panel.work.summary.text() == "Choose a model (Alt+L)."
    monkeypatch.setattr(panel, "ask_zoo", lambda: pytest.fail("asked again"))
    controller.actions["download"].trigger()


def test_a_model_of_the_zoo_appears_in_the_ai_panel(controller, session, qtbot, zoo, panel, only_mine):
    download(controller, qtbot)
    assert read_model_folder(session.folders.models / "spleen_ct").card.version == "0.5.3"
    assert panel.work.summary.text() == "spleen_ct is here; choose it above."
    assert panel.start_button.isVisible()


@pytest.mark.usefixtures("in_this_process")
def test_it_may_have_another_name(controller, session, qtbot, zoo, panel):
    open_list(controller, qtbot)
    panel.offer.setCurrentIndex(0)
    assert panel.name.text() == "spleen_ct"
    panel.name.setText("my-spleen")
    panel.start()
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=PATIENCE)
    assert [folder.name for folder in session.folders.models.iterdir()] == ["my-spleen"]


@pytest.mark.usefixtures("in_this_process")
def test_a_zip_is_fetched_from_an_address_under_another_name(controller, session, qtbot, zoo, panel, told):
    panel.place.setCurrentText(ADDRESS)
    panel.open()
    assert panel.address.isVisible()
    assert not panel.offer.isVisible()
    assert not panel.start_button.isEnabled()
    panel.address.setText(f"{zoo[0]}/spleen_ct_v0.5.10.zip#sha256={'0' * 64}")
    assert panel.name.text() == "spleen_ct_v0.5.10"
    panel.start()
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert "SHA256 differs" in told[0].text
    assert panel.work.summary.text() == "It did not come; see above the image."
    panel.name.setText("mine")
    panel.address.setText(f"{zoo[0]}/spleen_ct_v0.5.10.zip")
    assert panel.name.text() == "mine"
    panel.start()
    qtbot.waitUntil((session.folders.models / "mine").exists, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=PATIENCE)
    assert [folder.name for folder in session.folders.models.iterdir()] == ["mine"]


@pytest.mark.parametrize("address", ["http://example.org/x.zip", "https://[", "ftp://x/y.zip"])
def test_an_address_that_is_not_fetched_is_told(qtbot, panel, told, address):
    panel.place.setCurrentText(ADDRESS)
    panel.address.setText(address)
    panel.name.setText("x")
    panel.start()
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert "is not fetched" in told[0].text


def test_without_a_network_it_says_so_and_can_be_asked_again(controller, qtbot, zoo, told, monkeypatch):
    right = f"{zoo[0]}/list.json"
    monkeypatch.setenv(ZOO_VARIABLE, "http://127.0.0.1:9/list.json")
    controller.actions["download"].trigger()
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert told[0].kind == "problem"
    assert told[0].text == "127.0.0.1 could not be reached (Connection refused)."
    assert "http://127.0.0.1:9/list.json" in told[0].hint
    panel = controller.download
    qtbot.waitUntil(lambda: not panel.work.is_busy)
    assert panel.work.summary.text() == "There is no list; ask again (Alt+R)."
    monkeypatch.setenv(ZOO_VARIABLE, right)
    panel.again.click()
    qtbot.waitUntil(lambda: panel.offer.count() == 1, timeout=PATIENCE)


@pytest.fixture
def silent_server():
    """The address of a server that takes the question and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = threading.Event()
        connections = []

        def accept():
            connections.append(server.accept()[0])
            asked.set()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        for connection in connections:
            connection.close()


def test_a_silent_server_can_be_left_within_a_second(session, qtbot, panel, silent_server, tmp_path):
    address, asked = silent_server
    panel.place.setCurrentText(ADDRESS)
    panel.open()
    panel.address.setText(f"{address}/x.zip")
    panel.start()
    qtbot.waitUntil(asked.is_set, timeout=PATIENCE)
    started = time.monotonic()
    panel.stop_button.click()
    assert panel.work.summary.text() == "Stopping"
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=10_000)
    assert time.monotonic() - started < 1.0
    assert panel.work.summary.text() == "Stopped; nothing was kept."
    assert not session.folders.models.exists() or not list(session.folders.models.iterdir())


def test_what_was_begun_is_put_away(session, qtbot, panel, silent_server, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    address, asked = silent_server
    panel.place.setCurrentText(ADDRESS)
    panel.address.setText(f"{address}/x.zip")
    panel.start()
    qtbot.waitUntil(asked.is_set, timeout=PATIENCE)
    assert list(tmp_path.glob("medseg-download-*"))
    panel.stop()
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=10_000)
    assert not list(tmp_path.glob("medseg-download-*"))


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("agrees", [True, False])
def test_a_program_is_run_only_after_the_reader_agreed(panel, controller, qtbot, zoo, session, agrees):
    address, site = zoo
    folder = write_bundle(site.parent / "program")
    (folder / "models/model.safetensors").unlink()
    write_program(folder / "models/model.ts", built_network(), "")
    zip_bundle(folder, site / "program.zip")
    panel.place.setCurrentText(ADDRESS)
    panel.address.setText(f"{address}/program.zip")
    panel.start()
    question = controller.programs.question
    qtbot.waitUntil(question.isVisible, timeout=PATIENCE)
    assert panel.work.summary.text() == "It holds a program; answer above."
    (question.yes if agrees else question.no).click()
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=PATIENCE)
    assert (session.folders.models / "program").exists() == agrees


def test_a_model_is_updated_in_its_place(
    controller, session, qtbot, zoo, told, tmp_path, only_mine, monkeypatch
):
    with monkeypatch.context() as patch, jobs_done_here(patch):
        run_here(patch)
        download(controller, qtbot)
    told.clear()
    controller.actions["update"].trigger()
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert (told[-1].kind, told[-1].text) == ("ok", "Up to date: spleen_ct 0.5.10.")
    folder = write_bundle(tmp_path / "newer/spleen_ct", about={**metadata(), "version": "0.6.0"})
    zip_bundle(folder, zoo[1] / "spleen_ct_v0.6.0.zip")
    offer(*zoo, "0.6.0")
    told.clear()
    controller.actions["update_all"].trigger()
    qtbot.waitUntil(lambda: any("Updated: spleen_ct 0.6.0." in one.text for one in told), timeout=PATIENCE)
    qtbot.waitUntil(lambda: controller.ai.chosen.version == "0.6.0", timeout=PATIENCE)


def test_what_was_not_downloaded_is_not_updated(controller, session, qtbot, told, only_mine, zoo):
    from medseg_app.app.change import Change
    from tests.engines.tiny_models import write_tiny_model

    controller.actions["update_all"].trigger()
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert "None of your own models was downloaded" in told[-1].text
    write_tiny_model(session.folders.models / "tiny-organs", "unet")
    session.changed.emit(Change.of("models"))
    qtbot.waitUntil(lambda: controller.ai.chosen is not None, timeout=PATIENCE)
    told.clear()
    controller.actions["update"].trigger()
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert told[-1].kind == "problem"
    assert "tiny-organs was not downloaded" in told[-1].text


@pytest.mark.usefixtures("in_this_process")
def test_an_update_that_fails_is_told_and_changes_nothing(controller, session, qtbot, zoo, told, only_mine):
    download(controller, qtbot)
    offer(*zoo, "0.5.10", checksum="0" * 40)
    (zoo[1] / "spleen_ct_v0.6.0.zip").write_bytes((zoo[1] / "spleen_ct_v0.5.10.zip").read_bytes())
    offer(*zoo, "0.6.0", checksum="0" * 40)
    told.clear()
    controller.actions["update_all"].trigger()
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert (told[-1].kind, told[-1].text) == ("problem", "Not updated: spleen_ct.")
    assert "SHA1 differs" in told[-1].hint
    assert read_model_folder(session.folders.models / "spleen_ct").card.version == "0.5.3"


def test_from_the_zoo_or_an_address_only_what_belongs_to_it_is_asked(qtbot, panel, zoo):
    panel.place.setCurrentText(ADDRESS)
    panel.open()
    assert (panel.offer.isVisible(), panel.address.isVisible()) == (False, True)
    panel.place.setCurrentText(ZOO)
    assert (panel.offer.isVisible(), panel.address.isVisible()) == (True, False)
    qtbot.waitUntil(lambda: panel.offer.count() == 1, timeout=PATIENCE)
