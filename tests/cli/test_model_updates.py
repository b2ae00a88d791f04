"""`medseg models --update`: a newer version with a right checksum, or the model stays as it is."""

from __future__ import annotations

import json
import shutil

import pytest

from medseg_app.app.folders import Folders
from medseg_app.core.errors import ModelError
from medseg_app.engines.model_folder import read_model_folder
from tests.cli.served_zoo import offer, zip_bundle
from tests.engines.foreign.made_bundles import metadata, write_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """One whose weights need no conversion; of the downloads, those of others do."""
    folder = write_bundle(tmp_path_factory.mktemp("zoo") / "spleen_ct")
    zip_bundle(folder, folder.with_suffix(".zip"))
    return folder


@pytest.fixture
def downloaded(medseg, zoo):
    """The model spleen_ct, fetched from the zoo; address and folder of the zoo."""
    assert medseg("models", "--download", "spleen_ct").code == 0
    return zoo


@pytest.fixture
def newer(downloaded, tmp_path):
    """The zoo has got version 0.6.0 beside 0.5.10, not yet on its list."""
    folder = write_bundle(tmp_path / "newer/spleen_ct", about={**metadata(), "version": "0.6.0"})
    zip_bundle(folder, downloaded[1] / "spleen_ct_v0.6.0.zip")
    return downloaded


def _version(name="spleen_ct"):
    return read_model_folder(Folders.of_user().models / name).card.version


def _bytes():
    place = Folders.of_user().models
    return {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_a_newer_version_takes_the_place_of_the_older(medseg, newer):
    offer(*newer, "0.6.0")
    ran = medseg("models", "--update", "--json")
    assert ran.code == 0, ran.err
    assert ran.document == [{"model": "spleen_ct", "state": "updated", "version": "0.6.0", "reason": ""}]
    assert _version() == "0.6.0"
    ran = medseg("models", "--update", "spleen_ct")
    assert (ran.code, ran.out.strip()) == (0, "spleen_ct  up to date  0.6.0")


def test_what_is_up_to_date_or_older_in_the_zoo_is_left_alone(medseg, downloaded):
    before = _bytes()
    ran = medseg("models", "--update", "spleen_ct")
    assert (ran.code, ran.out.strip()) == (0, "spleen_ct  up to date  0.5.10")
    site = downloaded[1]
    shutil.copy(site / "spleen_ct_v0.5.10.zip", site / "spleen_ct_v0.5.9.zip")
    (site / "list.json").unlink()
    offer(*downloaded, "0.5.9")
    assert medseg("models", "--update").out.strip() == "spleen_ct  up to date  0.5.10"
    assert _bytes() == before


def test_a_model_under_another_name_keeps_it(medseg, newer):
    assert medseg("models", "--download", "spleen_ct", "--name", "mine").code == 0
    assert medseg("models", "--remove", "spleen_ct").code == 0
    offer(*newer, "0.6.0")
    assert medseg("models", "--update", "mine").code == 0
    assert [path.name for path in Folders.of_user().models.iterdir()] == ["mine"]
    assert _version("mine") == "0.6.0"


@pytest.mark.parametrize(
    ("checksum", "words"),
    [("0" * 40, "SHA1 differs"), ("", "without a checksum"), ("12", "does not say where")],
)
def test_without_the_right_checksum_the_old_one_stays(medseg, newer, checksum, words):
    before = _bytes()
    offer(*newer, "0.6.0", checksum=checksum)
    ran = medseg("models", "--update", "spleen_ct")
    assert ran.code == 2
    assert words in ran.err
    ran = medseg("models", "--update", "--json")
    assert ran.code == 3
    assert ran.document[0]["state"] == "not updated"
    assert words in ran.document[0]["reason"]
    assert "left out: spleen_ct" in ran.err
    assert _bytes() == before


def test_a_newer_one_that_does_not_work_leaves_the_old_one(medseg, newer, monkeypatch):
    before = _bytes()
    offer(*newer, "0.6.0")

    def refuse(_):
        raise ModelError("It gives no answer.")

    monkeypatch.setattr("medseg_app.engines.foreign.proof.prove", refuse)
    assert medseg("models", "--update", "spleen_ct").code == 2
    assert _bytes() == before


def test_models_from_elsewhere_are_named_as_such(medseg, bundle, monkeypatch):
    monkeypatch.setattr("medseg_app.app.fetch_file._opener", lambda: pytest.fail("asked"))
    assert medseg("models", "--update").out.strip() == "no models of your own"
    assert medseg("models", "--import", bundle).code == 0
    ran = medseg("models", "--update", "--json")
    assert ran.code == 0
    assert ran.document[0]["state"] == "not from a download"
    ran = medseg("models", "--update", "spleen_ct")
    assert ran.code == 2
    assert "was not downloaded" in ran.err
    ran = medseg("models", "--update", "demo-organs")
    assert ran.code == 2
    assert "Yours are: spleen_ct" in ran.err


def test_what_changed_at_an_address_is_not_taken_without_a_checksum(medseg, zoo, tmp_path):
    address, site = zoo
    url = f"{address}/spleen_ct_v0.5.10.zip"
    assert medseg("models", "--download", "mine", "--from", url).code == 0
    before = _bytes()
    assert medseg("models", "--update", "mine").out.strip() == "mine  up to date"
    folder = write_bundle(tmp_path / "newer/spleen_ct", about={**metadata(), "version": "0.6.0"})
    zip_bundle(folder, site / "spleen_ct_v0.5.10.zip")
    ran = medseg("models", "--update", "mine")
    assert ran.code == 2
    assert "no checksum tells" in ran.err
    assert _bytes() == before


def test_a_zoo_that_lost_the_model_or_is_gone_is_said(medseg, downloaded, monkeypatch):
    (downloaded[1] / "list.json").write_text(json.dumps({"kidney_v1": {}}))
    assert "has no model spleen_ct" in medseg("models", "--update", "spleen_ct").err
    monkeypatch.setenv("MEDSEG_MODEL_ZOO", "http://127.0.0.1:9/list.json")
    assert medseg("models", "--update", "spleen_ct").code == 1
    assert medseg("models", "--update").code == 3
    assert _version() == "0.5.3"


def test_a_hostile_note_of_the_origin_is_refused(medseg, downloaded):
    from medseg_app.engines.checksums import sha256_of

    folder = Folders.of_user().models / "spleen_ct"
    note, sums = folder / "docs/download.json", folder / "SHA256SUMS"
    old = sha256_of(note.read_bytes())
    note.write_text('{"listed": 3}')
    sums.write_bytes(sums.read_bytes().replace(old.encode(), sha256_of(note.read_bytes()).encode()))
    ran = medseg("models", "--update", "spleen_ct")
    assert ran.code == 2
    assert "download.json does not say where" in ran.err
