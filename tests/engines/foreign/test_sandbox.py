"""The child gives up its rights, and a child that was taken over can only hand back a file or few words."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from medseg_app.core.errors import ModelError
from medseg_app.engines.foreign import sandbox
from medseg_app.engines.foreign.sandbox import PROGRAM, run_contained

from .containment_needed import needs_containment

ATTEMPTS = """
import ctypes, errno, fcntl, json, os, resource, socket, sys, threading
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from medseg_app.engines.foreign.containment import give_up_files_and_network
private, outside, port = Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
give_up_files_and_network(private, Path(sys.argv[1]))

libc = ctypes.CDLL(None, use_errno=True)
library = os.open(os.__file__, os.O_RDONLY)

def set_flags():
    fcntl.ioctl(library, 0x40086602, fcntl.ioctl(library, 0x80086601, bytes(8)))

def call(result):
    if result < 0 and ctypes.get_errno() == errno.EPERM:
        raise PermissionError

def works(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True

print(json.dumps({
    "write inside": works(lambda: (private / "a").write_text("x")),
    "import": works(lambda: __import__("medseg_app.core.box")),
    "write": works(lambda: (outside / "new").write_text("x")),
    "append": works(lambda: (outside / "secret").open("a").write("x")),
    "truncate": works(lambda: os.truncate(outside / "secret", 0)),
    "read": works(lambda: (outside / "secret").read_text()),
    "list": works(lambda: os.listdir(outside)),
    "remove": works(lambda: (outside / "secret").unlink()),
    "rename": works(lambda: (outside / "secret").rename(private / "mine")),
    "make a folder": works(lambda: (outside / "folder").mkdir()),
    "make a link": works(lambda: (private / "l").symlink_to(outside / "secret")),
    "read by a link": works(lambda: (private / "l").read_text()),
    "change rights": works(lambda: (outside / "secret").chmod(0o777)),
    "change rights of an open file": works(lambda: os.fchmod(library, os.fstat(library).st_mode & 0o777)),
    "change its owner": works(lambda: os.fchown(library, -1, -1)),
    "change its attributes": works(lambda: call(libc.fremovexattr(library, b"user.none"))),
    "change its flags": works(set_flags),
    "change rights by a link": works(lambda: (private / "l").chmod(0o777)),
    "change times": works(lambda: os.utime(outside / "secret", (0, 0))),
    "change attributes": works(lambda: os.setxattr(outside / "secret", "user.a", b"x")),
    "connect": works(lambda: socket.create_connection(("127.0.0.1", port), 2).close()),
    "send": works(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))),
    "connect in a folder": works(lambda: socket.socket(socket.AF_UNIX).connect(str(outside / "bus"))),
    "start a shell": works(lambda: os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {})),
    "fork": works(lambda: os.fork() or os._exit(0)),
    "leave its group": works(os.setsid),
    "signal": works(lambda: os.kill(os.getppid(), 0)),
    "let files signal": works(lambda: fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid())),
    "choose the signal": works(lambda: fcntl.fcntl(os.pipe()[0], 10, 9)),
    "bind another": works(lambda: os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0))),
    "slow another": works(lambda: os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))),
    "take a message": works(lambda: call(libc.msgrcv(0, None, 0, 0, 0o4000))),
    "remove shared memory": works(lambda: call(libc.shmctl(0, 0, None))),
    "limit another": works(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (9999, 9999))),
    "limit itself": works(lambda: resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999))),
    "start a thread": works(lambda: threading.Thread(target=int).start()),
}))
"""


@needs_containment
def test_after_giving_up_nothing_outside_can_be_reached(tmp_path: Path) -> None:
    private, outside = tmp_path / "private", tmp_path / "outside"
    private.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (outside / "secret").chmod(0o640)
    before = (outside / "secret").stat()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(outside / "bus"))
        bus.listen()
        words = [str(PROGRAM), str(private), str(outside), str(server.getsockname()[1])]
        ran = subprocess.run(
            [sys.executable, "-I", "-c", ATTEMPTS, *words], capture_output=True, text=True, check=True
        )
    done = json.loads(ran.stdout)
    allowed = {name for name, worked in done.items() if worked}
    assert allowed == {"write inside", "import", "make a link", "limit itself", "start a thread"}
    (outside / "bus").unlink()
    assert {p.name: p.read_text() for p in outside.iterdir()} == {"secret": "secret"}
    after = (outside / "secret").stat()
    assert (after.st_mode, after.st_mtime) == (before.st_mode, before.st_mtime)


@pytest.mark.skipif(os.name == "nt", reason="POSIX limits")
def test_memory_and_file_size_are_limited(tmp_path: Path) -> None:
    script = """
import sys
import time
from pathlib import Path
from medseg_app.engines.foreign.containment import limit
limit(200_000_000, 60, 1000)
try:
    block = bytearray(1_000_000_000)
except MemoryError:
    print("memory")
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    Path(sys.argv[1]).write_bytes(bytes(2000))
except OSError:
    print("file")
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "f")], capture_output=True, text=True, check=True,
        cwd=PROGRAM,
    )  # fmt: skip
    assert ran.stdout.split() == ["memory", "file"]
    assert (tmp_path / "f").stat().st_size <= 1000


def _child(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a child in the place of ours that does as it likes in its folder."""
    monkeypatch.setattr(sandbox, "START", f"import json, os, sys; os.chdir(sys.argv[2]); {script}")


def _run(tmp_path: Path) -> bytes:
    return run_contained("weights", tmp_path / "m.pt", lambda target: target.write_bytes(b"x"), {})


SAYS_DONE = "open('answer.json', 'w').write(json.dumps({'error': ''}))"
TAKEN_OVER = {
    "says nothing": "pass",
    "dies": "os.abort()",
    "no json": "open('answer.json', 'w').write('{')",
    "other json": "open('answer.json', 'w').write('[1]')",
    "no text": "open('answer.json', 'w').write(json.dumps({'error': {}}))",
    "too long": "open('answer.json', 'w').write(json.dumps({'error': '' , 'more': 'x' * 30000}))",
    "deep": "open('answer.json', 'w').write('[' * 15000)",
    "no file": SAYS_DONE,
    "a folder": f"os.mkdir('out'); {SAYS_DONE}",
    "a link": f"os.symlink('/etc/passwd', 'out'); {SAYS_DONE}",
    "a pipe": f"os.mkfifo('out'); {SAYS_DONE}",
    "an answer that is a link": "os.symlink('/etc/passwd', 'answer.json')",
    "an answer that is a pipe": "os.mkfifo('answer.json')",
}


@pytest.mark.parametrize("name", TAKEN_OVER)
def test_a_child_that_was_taken_over_gets_nothing_through(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _child(monkeypatch, TAKEN_OVER[name])
    with pytest.raises(ModelError, match=r"m\.pt cannot be converted"):
        _run(tmp_path)


def test_what_a_child_left_is_removed_however_deep_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    deeper_than_python_recurses = "[(os.mkdir('deep'), os.chdir('deep')) for _ in range(1500)]"
    _child(
        monkeypatch,
        f"{deeper_than_python_recurses}; os.chdir(sys.argv[2]); open('out', 'w').write('x'); {SAYS_DONE}",
    )
    assert _run(tmp_path) == b"x"
    assert list((tmp_path / "temporary").iterdir()) == []


def test_words_of_a_child_are_few_and_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _child(
        monkeypatch, "open('answer.json', 'w').write(json.dumps({'error': '\\x1b[31m' + 'run me ' * 900}))"
    )
    with pytest.raises(ModelError) as caught:
        _run(tmp_path)
    assert "run me" in caught.value.message
    assert len(caught.value.message) < len(str(tmp_path)) + 400
    assert caught.value.message.isprintable()


def test_the_environment_of_the_user_stays_with_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "12345")
    _child(monkeypatch, f"open('out', 'w').write(json.dumps(dict(os.environ))); {SAYS_DONE}")
    seen = json.loads(_run(tmp_path))
    assert "SECRET_KEY" not in seen
    assert str(Path.home()) not in seen.values()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_what_a_child_starts_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fork = "n = os.fork(); n or __import__('time').sleep(60)"
    _child(monkeypatch, f"{fork}; open('out', 'w').write(str(n)); {SAYS_DONE}")
    number = int(_run(tmp_path))
    deadline = time.monotonic() + 5
    while _runs(number) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(number)


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
