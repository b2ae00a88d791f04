"""A model zoo on this computer: a list of models, and bundles as ZIP files."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
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
