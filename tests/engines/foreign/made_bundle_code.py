"""MONAI bundles whose network is Python code of their own, harmless and hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .made_bundles import config, write_bundle

NETWORK = '''
import torch
from torch import nn


class MyNet(nn.Module):
    """Two classes of one channel, by a way down and up again that no network of MedSeg's list takes."""

    def __init__(self, features):
        super().__init__()
        self.down = nn.Conv3d(1, features, 3, padding=1)
        self.norm = nn.InstanceNorm3d(features, affine=True)
        self.up = nn.Conv3d(features, 2, 1)

    def forward(self, x):
        small = nn.functional.max_pool3d(self.norm(self.down(x)), 2).relu()
        large = nn.functional.interpolate(small, scale_factor=2, mode="trilinear", align_corners=False)
        return self.up(large) + torch.cat([-x, x], 1)
'''
"""scripts/net.py of a bundle."""
OWN_CLASS = {"_target_": "scripts.net.MyNet", "features": 4}


def built(source: str = NETWORK) -> Any:
    """The network that a scripts/net.py defines, built here."""
    import torch

    names: dict[str, Any] = {}
    exec(source, names)
    torch.manual_seed(7)
    return names["MyNet"](4).eval()


def write_code_bundle(folder: Path, network: Any = OWN_CLASS, source: str = NETWORK) -> Path:
    """A bundle with scripts/net.py; its weights are those of NETWORK."""
    from safetensors.torch import save_file

    changed = config()
    changed["imports"].append("$import scripts")
    changed["network_def"] = network
    write_bundle(folder, changed)
    (folder / "scripts").mkdir()
    (folder / "scripts/__init__.py").write_text("from . import net\n")
    (folder / "scripts/net.py").write_text(source)
    save_file(built().state_dict(), folder / "models/model.safetensors")
    return folder


def in_init(statements: str) -> str:
    """NETWORK whose __init__ runs statements first."""
    start = "        super().__init__()\n"
    lines = "".join(f"        {line}\n" for line in statements.splitlines())
    return NETWORK.replace(start, lines + start)


def stealing(place: Path, secret: Path, port: int) -> str:
    """NETWORK that writes to `place`, and tells in an error whatever it got hold of."""
    return in_init(
        f"""
import os, socket, subprocess
got = []
def attempt(name, act):
    try:
        got.append(name + str(act() or ""))
    except OSError:
        pass
attempt("wrote", lambda: open({str(place)!r}, "w").close())
attempt("appended", lambda: open({str(secret)!r}, "a").close())
attempt("read ", lambda: open({str(secret)!r}).read())
attempt("listed ", lambda: os.listdir({str(secret.parent)!r}))
attempt("changed rights", lambda: os.chmod({str(secret)!r}, 0o777))
attempt("connected", lambda: socket.create_connection(("127.0.0.1", {port}), 2).close())
attempt("started", lambda: subprocess.run(["true"]) and None)
attempt("environment ", lambda: os.environ.get("SECRET_KEY", "") or os.stat("/no/where"))
if got:
    raise RuntimeError("got: " + ", ".join(got))
"""
    )
