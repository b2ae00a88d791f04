"""A model zoo on this computer: a list of models, and bundles as ZIP files."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def served(handler: Any) -> ThreadingHTTPServer:
    """A server on a free port of this computer, running."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def zip_bundle(folder: Path, target: Path) -> Path:
    """A bundle as it is offered: its folder in a ZIP."""
    with zipfile.ZipFile(target, "w") as out:
        for file in folder.rglob("*"):
            if file.is_file():
                out.write(file, file.relative_to(folder.parent).as_posix())
    return target


def offer(address: str, site: Path, version: str, **changed: str) -> None:
    """Put `spleen_ct_vVERSION.zip` of the site on the list; its checksum is right unless it is changed."""
    file, listed = site / f"spleen_ct_v{version}.zip", site / "list.json"
    digest = hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
    table = json.loads(listed.read_text()) if listed.exists() else {}
    table[file.stem] = {"source": f"{address}/{file.name}", "checksum": digest, **changed}
    listed.write_text(json.dumps(table))


@contextmanager
def running_zoo(bundle: Path, site: Path) -> Iterator[str]:
    """Serve a ZIP as spleen_ct 0.5.10, listed beside an older version that is gone; the address."""
    site.mkdir()
    shutil.copy(bundle, site / "spleen_ct_v0.5.10.zip")
    server = served(functools.partial(Quiet, directory=str(site)))
    address = f"http://127.0.0.1:{server.server_port}"
    table = {"spleen_ct_v0.5.9": {"source": f"{address}/gone.zip", "checksum": "0" * 40}}
    (site / "list.json").write_text(json.dumps(table))
    offer(address, site, "0.5.10")
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
