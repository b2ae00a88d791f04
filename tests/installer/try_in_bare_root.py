"""Tries the README's two commands in a Debian 12 that has nothing but python3 and git.

    python3 tests/installer/try_in_bare_root.py --root FOLDER [--take FILE[:WHERE]] [--environment NAME=VALUE]

Needs root rights, debootstrap, unshare (util-linux) and 20 GB in FOLDER. Where packages come through a
mirror, the options name this machine's own settings: they are the caller's, and none of them stands here.
The root is made once and kept; `--fresh` makes it anew. Exit code: that of the first command that failed,
or 1 where everything is set up and the setup still adds three seconds or more to the next start.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = "python3,git"
CHECKOUT = "srv/project/medseg"
JOBS = ("run", "test")
ADDS_LESS_S = 3.0
"""What the setup may add to a start once everything is there."""
MOUNTS = "mount --rbind /dev {root}/dev && mount -t proc proc {root}/proc && mount -t sysfs sys {root}/sys"


def main() -> int:
    """Make the root, clone the repository into it, run the commands."""
    options = parse()
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("This needs root rights and debootstrap (apt-get install debootstrap).")
    make_root(options)
    clone(options.root)
    for entry in options.take:
        take(entry, options.root)
    return next((code for job in options.job if (code := run(job, options))), 0) or start_again(options)


def start_again(options: argparse.Namespace) -> int:
    """Time what stands before the job of a second start: the job `setup` is that and nothing else."""
    started = time.monotonic()
    code = run("setup", options)
    added = time.monotonic() - started
    too_slow = added >= ADDS_LESS_S
    verdict = f"too much, less than {ADDS_LESS_S:.0f} s are allowed" if too_slow else "good"
    print(f"== a second start adds {added:.1f} s: {verdict}", flush=True)
    return code or int(too_slow)


def parse() -> argparse.Namespace:
    """The options; what belongs to this machine comes in here."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="folder of the bare system")
    parser.add_argument("--fresh", action="store_true", help="make the bare system anew")
    parser.add_argument("--mirror", default="", help="where debootstrap takes packages from")
    parser.add_argument(
        "--take", action="append", default=[], metavar="FILE[:WHERE]", help="copy into the root"
    )
    parser.add_argument(
        "--bind", action="append", default=[], metavar="FOLDER[:WHERE]", help="mount, read-only"
    )
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--job", action="append", help=f"instead of {JOBS}")
    options = parser.parse_args()
    options.root = options.root.resolve()
    options.job = options.job or list(JOBS)
    return options


def make_root(options: argparse.Namespace) -> None:
    """A minimal Debian 12; what an interrupted debootstrap left is thrown away."""
    finished = options.root / "etc/medseg-root-is-finished"
    if options.fresh or not finished.exists():
        shutil.rmtree(options.root, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(options.root)]
        subprocess.run([*command, *([options.mirror] if options.mirror else [])], check=True)
        finished.touch()
    shutil.copy("/etc/resolv.conf", options.root / "etc/resolv.conf")
    # Debian's installer writes it and debootstrap does not; without it no process finds its own computer.
    hosts = f"127.0.0.1\tlocalhost\n127.0.1.1\t{socket.gethostname()}\n"
    (options.root / "etc/hosts").write_text(hosts, encoding="utf-8")


def clone(root: Path) -> None:
    """The repository as others get it: what is committed, without anything that was built."""
    checkout = root / CHECKOUT
    if checkout.exists():
        subprocess.run(
            ["git", "-C", str(checkout), "pull", "--quiet", "--ff-only", str(REPOSITORY)], check=True
        )
        return
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(REPOSITORY), str(checkout)], check=True)


def take(entry: str, root: Path) -> None:
    """Copy one of this machine's settings into the root, at the same place or WHERE."""
    source, _, where = entry.partition(":")
    target = root / (where or source).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def run(job: str, options: argparse.Namespace) -> int:
    """One command as the README has it, in namespaces of its own: nothing stays mounted or running."""
    inside = f"cd /{CHECKOUT} && exec python3 installer/bootstrap.py {job}"
    surroundings = ["HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", *options.environment]
    steps = [MOUNTS.format(root=options.root), *(bind(entry, options.root) for entry in options.bind)]
    chroot = ["chroot", str(options.root), "env", "-i", *surroundings, "sh", "-c", inside]
    script = " && ".join([*steps, f"exec {shlex.join(chroot)}"])
    print(f"== bootstrap.py {job}", flush=True)
    started = time.monotonic()
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    code = subprocess.run(command, check=False).returncode
    print(f"== bootstrap.py {job}: exit code {code} after {time.monotonic() - started:.0f} s", flush=True)
    return code


def bind(entry: str, root: Path) -> str:
    """The command that mounts one of this machine's folders in the root."""
    source, _, where = entry.partition(":")
    target = root / (where or source).lstrip("/")
    target.mkdir(parents=True, exist_ok=True)
    quoted = shlex.quote(str(target))
    return f"mount --bind {shlex.quote(source)} {quoted} && mount -o remount,bind,ro {quoted}"


if __name__ == "__main__":
    sys.exit(main())
