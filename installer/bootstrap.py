"""Sets everything up and then runs, tests or checks MedSeg: `python3 installer/bootstrap.py run`.

Every step looks first whether it is done already: the script may be repeated, and interrupted at any moment.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - here the one who starts it may have any Python
    sys.exit("MedSeg needs Python 3.11 or newer; this is Python " + sys.version.split()[0])

import argparse
import signal
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from installer import jobs, lock_file, python_packages, system_packages  # noqa: E402
from installer.console import SetupError, say, stop  # noqa: E402
from installer.environment import Environment  # noqa: E402

JOBS = {
    "run": (jobs.run, system_packages.FOR_WINDOW, "open the application on the demonstration study"),
    "test": (jobs.test, system_packages.FOR_TESTS, "run the whole test suite on a screen of its own"),
    "lint": (jobs.lint, system_packages.FOR_TESTS, "check format, lint, types and import contracts"),
    "check": (jobs.check, system_packages.FOR_TESTS, "lint, then test: the one check command"),
    "setup": (jobs.nothing, system_packages.FOR_WINDOW, "install what is missing and stop"),
    "lock": (
        lock_file.write,
        system_packages.FOR_TESTS,
        "write constraints.txt from the present environment",
    ),
}


def main() -> int:
    """Set up, do the job that the command line names, and return its exit code."""
    name, arguments = parse_command_line()
    job, packages, _ = JOBS[name]
    environment = Environment(ROOT)
    signal.signal(signal.SIGTERM, stop)  # ends the running step, as Ctrl+C does
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background job is deaf to it
    try:
        system_packages.ensure(packages)
        python_packages.ensure(environment)
        return job(environment, arguments)
    except SetupError as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("Interrupted. Start the same command again: what is finished stays.")
        return 130


def parse_command_line() -> tuple[str, list[str]]:
    """The job and what is handed on to the program behind it (medseg demo, or pytest)."""
    described = "\n".join(f"  {name:<6} {purpose}" for name, (_, _, purpose) in JOBS.items())
    parser = argparse.ArgumentParser(
        description=f"Sets MedSeg up in {ROOT.name}/.venv, then does one of:\n{described}",
        epilog="Further arguments go to `medseg demo` (run) or pytest (test, check).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("job", choices=JOBS, metavar="JOB")
    known, handed_on = parser.parse_known_args()
    return known.job, handed_on


if __name__ == "__main__":
    sys.exit(main())
