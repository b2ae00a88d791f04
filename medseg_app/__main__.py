"""Where `medseg` starts: sends `app` and `demo` to the window, everything else to the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run `medseg` with the words of the command line; returns the exit code."""
    given = list(sys.argv[1:] if words is None else words)
    if _asks_for_window(given):
        return _open_window(given)
    from medseg_app.cli.main import main as command_line

    return command_line(given)


def window() -> int:
    """Open the window without a terminal."""
    return main(["app", *sys.argv[1:]])


def _asks_for_window(words: Sequence[str]) -> bool:
    plain = [word for word in words if not word.startswith("-")]
    return bool(plain) and plain[0] in ("app", "demo") and not {"-h", "--help", "--version"} & set(words)


def _open_window(words: Sequence[str]) -> int:
    from medseg_app.cli.parser import read_arguments
    from medseg_app.core.errors import MedsegError

    try:
        arguments = read_arguments(words)
        if arguments.command == "app":
            from medseg_app.ui.main import main as open_window

            return open_window(arguments.input)
        from medseg_app.ui.demo import run_demo

        for name, path in run_demo(arguments.output, close=arguments.close).items():
            print(f"{name:12} {path}")
    except SystemExit as stop:
        return int(stop.code or 0)
    except MedsegError as error:
        print(f"medseg: {error.message}\n        {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
