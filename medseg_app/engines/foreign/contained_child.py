"""The child process that looks at a stranger's file: gives up its rights, does one job, and ends.

It is started by sandbox.py. Its answer is a file in its private folder, and no more than that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from .containment import give_up_files_and_network, limit

ANSWER = "answer.json"
JOBS = {
    "onnx": "medseg_app.engines.foreign.onnx_job",
    "weights": "medseg_app.engines.foreign.weights_job",
    "torchscript": "medseg_app.engines.foreign.torchscript_job",
    "bundle code": "medseg_app.engines.foreign.bundle_code_job",
}


class JobError(Exception):
    """The file is not what it has to be; the text is shown to the user."""


@dataclass(frozen=True)
class Job:
    """What the child is to do.

    private: its folder. source: the file or folder in it to work on. out: the file to write.
    options: what the job wants to know. limits: memory_bytes, seconds and file_bytes.
    """

    private: Path
    source: Path
    out: Path
    options: dict[str, Any]
    limits: dict[str, int]

    def libraries_are_loaded(self) -> None:
        """From now on memory, time and files are limited."""
        limit(**self.limits)


def main() -> None:
    """Do the job that the command line names. Whatever goes wrong is told in the answer."""
    program, private, name, order = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
    work: Callable[[Job], None] = import_module(JOBS[name]).work
    out_of_reach = give_up_files_and_network(private, program)
    if order["files_must_be_out_of_reach"] and not out_of_reach:
        error = "this computer cannot keep it from the files of its user"
    else:
        job = Job(private, private / "in", private / "out", order["options"], order["limits"])
        error = _trouble(work, job)
    (private / ANSWER).write_text(json.dumps({"error": error}), encoding="utf-8")


def _trouble(work: Callable[[Job], None], job: Job) -> str:
    """What ended the job; empty where it was done."""
    try:
        work(job)
    except JobError as error:
        return str(error)
    except MemoryError:
        return "it needs more memory than it is given"
    except Exception as error:  # noqa: BLE001 - a stranger's file may break a reader in any way
        first_line = str(error).strip().partition("\n")[0]
        return f"{type(error).__name__}: {first_line}"
    return ""
