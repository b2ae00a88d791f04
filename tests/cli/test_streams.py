"""What goes to which stream under which exit code, whatever happens to stream, disk or user."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medseg_app.__main__ import main as program
from medseg_app.app import outputs as outputs_module
from medseg_app.cli import say
from tests.house.repository import ROOT


def test_debug_adds_the_traceback_and_changes_nothing_else(medseg, tmp_path):
    plain = medseg("info", tmp_path / "nowhere", "--json")
    ran = medseg("--debug", "info", tmp_path / "nowhere", "--json")
    assert (ran.code, ran.document) == (plain.code, plain.document) == (2, plain.document)
    assert "Traceback" in ran.err
    assert "Traceback" not in plain.err


@pytest.mark.parametrize("words", [["info"], ["predict", "x"], ["train", "x", "--max-minutes", "-1"]])
def test_wrong_words_with_json_are_one_document(medseg, words):
    ran = medseg(*words, "--json")
    assert ran.code == 2
    assert ran.document["error"]["message"]
    assert "--help" in ran.document["error"]["hint"]


@pytest.mark.parametrize("words", [["--quiet", "info"], ["info", "--quiet"]])
def test_quiet_works_before_and_after_the_subcommand(medseg, study, words):
    ran = medseg(*words, study)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_letters_that_a_stream_cannot_hold_end_no_command(monkeypatch, errors):
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", errors)
    monkeypatch.setattr(sys, "stdout", stream)
    say.never_fail_at_letters()
    stream.write("L\N{LATIN SMALL LETTER A WITH DIAERESIS}sion")
    stream.flush()
    assert stream.buffer.getvalue() == rb"L\xe4sion"


def test_a_failure_leaves_the_file_that_was_there(medseg, image, models, tmp_path):
    out = tmp_path / "o.nii"
    out.write_text("earlier")
    words = ["predict", image, "--model", "tiny-organs", "--models", models, "-o", out]
    assert medseg(*words, "--modality", "MR").code == 2
    assert out.read_text() == "earlier"
    assert medseg(*words).code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["o.nii"], "replaced, and nothing temporary is left"
    assert out.stat().st_size > 1000


@pytest.mark.parametrize("name", ["o.nii", "o.nrrd", "o.mha", "o.seg.dcm", "o.medseg"])
def test_a_full_disk_is_exit_1_with_file_and_remedy(medseg, study, labels, tmp_path, monkeypatch, name):
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("medseg_app.io.atomic._sync_file", full)
    ran = medseg("export", labels, "--source", study, "-o", tmp_path / name)
    assert ran.code == 1
    assert name in ran.err
    assert "full" in ran.err
    assert "Free some space" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_grow_takes_the_others_with_it(medseg, labels, tmp_path):
    resource = pytest.importorskip("resource", reason="no limit on the size of files here")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, before[1]))
    try:
        ran = medseg("export", labels, "-o", tmp_path / "small.json", "-o", tmp_path / "large.nii")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ran.code == 1
    assert "large.nii was not written" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_between_two_outputs_leaves_neither(medseg, labels, tmp_path, monkeypatch):
    write = outputs_module.export_labels

    def interrupted(*args: object) -> object:
        written = write(*args)
        if args[2].name == "b.nrrd":
            raise KeyboardInterrupt
        return written

    monkeypatch.setattr(outputs_module, "export_labels", interrupted)
    ran = medseg("export", labels, "-o", tmp_path / "a.nii", "-o", tmp_path / "b.nrrd", "--json")
    assert ran.code == 130
    assert ran.document["error"]["message"]
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_the_program_starts_has_no_traceback(monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("medseg_app.cli.main.main", interrupted)
    assert program(["models"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_signals_do_afterwards_what_they_did_before(medseg, labels, tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert medseg("export", labels, "-o", tmp_path / "a.nii").code == 0
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_letters_that_the_terminal_lacks_are_no_error(study, tmp_path):
    shutil.copytree(study, tmp_path / "s")
    (tmp_path / "s" / "schädel.txt").write_text("no")
    ran = subprocess.run(
        [sys.executable, "-m", "medseg_app", "info", "--quiet", tmp_path / "s"],
        env=os.environ | {"PYTHONIOENCODING": "ascii:strict"}, capture_output=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"sch\\xe4del.txt" in ran.stdout


def test_a_reader_that_has_seen_enough_is_no_error(study):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "medseg_app", "info", "--quiet", study, "--json"],
            stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_window_says_what_stands_in_its_way(monkeypatch, capsys, tmp_path):
    assert program(["app", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert program(["app"]) == 1
    assert "no display" in capsys.readouterr().err


def test_an_interrupt_in_the_middle_of_an_executed_text_ends_with_the_exit_code(tmp_path):
    """Python would end by the signal: that is no exit code of 130 for who does not ask a shell."""
    (tmp_path / "interrupted.py").write_text(
        "import sys\nfrom medseg_app import __main__ as program\nfrom medseg_app.cli import main as cli\n"
        "cli.main = lambda *words, **more: exec('raise KeyboardInterrupt')\n"
        "sys.exit(program.main(['info', 'x']))\n"
    )
    words = [sys.executable, "-m", "interrupted"]
    ours = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=ours, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "medseg: Interrupted.\n")


FULL = Path("/dev/full")


def _told_to_a_shell(redirected: str, *words: object) -> subprocess.CompletedProcess[bytes]:
    """Run medseg as a shell does whose words for streams are these."""
    command = ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-m", "medseg_app"]
    return subprocess.run([*command, *map(str, words)], capture_output=True, check=False)


@pytest.mark.skipif(os.name == "nt", reason="a shell of its own")
@pytest.mark.parametrize("redirected", ["2>&-", "<&- 2>&-"])
def test_a_stream_that_the_caller_closed_is_no_error(study, labels, tmp_path, redirected):
    out = tmp_path / "o.nii.gz"
    ran = _told_to_a_shell(redirected, "export", labels, "--source", study, "-o", out, "--json")
    assert (ran.returncode, json.loads(ran.stdout)["outputs"][0]["verified"]) == (0, True)


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [("info",), ("--debug", "info")])
def test_remarks_that_nobody_can_hear_cost_no_result(study, tmp_path, words):
    ran = _told_to_a_shell("2>/dev/full", *words, study, "--json")
    assert (ran.returncode, len(json.loads(ran.stdout)["volumes"])) == (0, 1)
    ran = _told_to_a_shell("2>/dev/full", *words, tmp_path / "nowhere", "--json")
    assert (ran.returncode, list(json.loads(ran.stdout))) == (2, ["error"])
    assert _told_to_a_shell("2>/dev/full", *words, "--nonsense").returncode == 2


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [("--help",), ("info", "--help"), ("--version",)])
def test_help_that_finds_no_room_is_exit_1_and_that_nobody_reads_no_error(words):
    ran = _told_to_a_shell(">/dev/full", *words)
    assert (ran.returncode, ran.stderr.count(b"No space left"), b"Traceback" in ran.stderr) == (1, 1, False)
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "medseg_app", *words], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("words", [("info",), ("models",)])
def test_a_document_is_printed_whole_or_not_at_all(medseg, study, monkeypatch, words):
    printed = []

    def interrupted(text: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        printed.append(text)

    monkeypatch.setattr(say, "print_result", interrupted)
    ran = medseg(*words, *([study] if words == ("info",) else []), "--json")
    assert (ran.code, ran.out, len(printed)) == (0, "", 1)
