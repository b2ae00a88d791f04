"""`medseg models --download`: whole and with its checksum, or words and nothing; whatever a server says."""

from __future__ import annotations

import hashlib
import re
import socket
from http.server import BaseHTTPRequestHandler

import pytest

from medseg_app.app import download_model, fetch_file
from medseg_app.app.folders import Folders
from tests.cli.served_zoo import served

RAW = {
    "/cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\nPK",
    "/no-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\nPK",
    "/other-protocol": b"SSH-2.0-\x1b[2Jhello\r\n\r\n",
    "/many-heads": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 300 + b"\r\n",
}
"""What no HTTP server says."""


def _mine() -> list[str]:
    place = Folders.of_user().models
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


class _Odd(BaseHTTPRequestHandler):
    """Redirects, lies about lengths, never ends, breaks off."""

    def do_GET(self):
        if self.path in RAW:
            self.wfile.write(RAW[self.path])
            return
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif self.path == "/unsafe":
            self.send_response(302)
            self.send_header("Location", "http://example.org/x.zip")
            self.end_headers()
        else:
            self.send_response(200)
            if self.path == "/short":
                self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"PK" * 100)

    def log_message(self, *_):
        pass


def test_the_newest_version_is_downloaded_checked_and_imported(medseg, zoo):
    ran = medseg("models", "--download", "spleen_ct", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["model"] == "spleen_ct"
    assert _mine() == ["spleen_ct"]


@pytest.mark.usefixtures("uncontained")
def test_another_address_with_its_checksum(medseg, zoo):
    address, site = zoo
    digest = hashlib.sha256((site / "spleen_ct_v0.5.10.zip").read_bytes()).hexdigest()
    url = f"{address}/spleen_ct_v0.5.10.zip#sha256={digest}"
    assert medseg("models", "--download", "mine", "--from", url).code == 0
    assert _mine() == ["mine"]


def test_what_was_changed_on_the_way_is_refused(medseg, zoo):
    address, site = zoo
    with (site / "spleen_ct_v0.5.10.zip").open("ab") as file:
        file.write(b"x")
    ran = medseg("models", "--download", "spleen_ct")
    assert ran.code == 2
    assert "SHA1 differs" in ran.err
    url = f"{address}/spleen_ct_v0.5.10.zip#sha256={'0' * 64}"
    ran = medseg("models", "--download", "mine", "--from", url)
    assert ran.code == 2
    assert "SHA256 differs" in ran.err
    assert _mine() == []


def test_an_unknown_name_is_exit_2_with_the_names_there_are(medseg, zoo):
    ran = medseg("models", "--download", "kidney")
    assert ran.code == 2
    assert "spleen_ct" in ran.err


def test_too_large_a_file_is_not_fetched(medseg, zoo, monkeypatch):
    monkeypatch.setattr(download_model, "MAX_BUNDLE", 1000)
    ran = medseg("models", "--download", "spleen_ct")
    assert ran.code == 2
    assert "larger than" in ran.err
    assert _mine() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x.zip", "ftp://example.org/x.zip", "file:///etc/passwd", "x.zip",
        "http://localhost.example.org/x.zip", "http://127.0.0.1@example.org/x.zip", "https://",
        "https://example.org/x.zip#sha256=12", "https://[", "https://example.org/x.zip#md5=" + "0" * 32,
    ],
)  # fmt: skip
def test_unsafe_addresses_are_refused_without_asking_them(medseg, url, monkeypatch):
    monkeypatch.setattr(fetch_file, "_opener", lambda: pytest.fail("asked"))
    assert medseg("models", "--download", "x", "--from", url).code == 2


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("redirect", 1, "not allowed"),
        ("unsafe", 2, "is not fetched"),
        ("short", 1, "broke off|did not give"),
        ("nozip", 2, r"http://127.0.0.1:\d+/nozip is not a ZIP file"),
        ("cut", 1, "did not give the file"),
        ("no-chunks", 1, "did not give the file"),
        ("other-protocol", 1, r"did not give the file \(SSH-2.0- \[2Jhello\)"),
        ("many-heads", 1, "did not give the file"),
    ],
)
def test_odd_servers_end_in_words(medseg, path, code, words, tmp_path):
    server = served(_Odd)
    try:
        ran = medseg("models", "--download", "x", "--from", f"http://127.0.0.1:{server.server_port}/{path}")
    finally:
        server.shutdown()
        server.server_close()
    assert ran.code == code, ran.err
    assert re.search(words, ran.err)
    assert f"/{path}" in ran.err or path == "unsafe"
    assert not re.search("MedSeg itself failed|medseg-download-|\x1b", ran.err)
    assert _mine() == []


def test_a_list_that_is_nested_without_end_is_no_list(medseg, zoo):
    (zoo[1] / "list.json").write_text("[" * 100_000)
    ran = medseg("models", "--download", "spleen_ct")
    assert ran.code == 2
    assert "is not JSON" in ran.err


def test_a_missing_file_and_a_dead_server_are_exit_1(medseg, zoo):
    address, _ = zoo
    ran = medseg("models", "--download", "x", "--from", f"{address}/nowhere.zip")
    assert ran.code == 1
    assert "127.0.0.1 did not give the file (File not found)" in ran.err
    assert f"{address}/nowhere.zip" in ran.err
    ran = medseg("models", "--download", "x", "--from", "http://127.0.0.1:9/x.zip")
    assert ran.code == 1
    assert "127.0.0.1 could not be reached (Connection refused)" in ran.err


def test_no_network_is_exit_1(medseg, monkeypatch):
    def nobody(*_, **__):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    ran = medseg("models", "--download", "spleen_ct")
    assert ran.code == 1
    assert "could not be reached (there is no network, or no such computer)" in ran.err
