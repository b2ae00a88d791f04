"""Where `medseg` starts: sends `app` and `demo` to the window, everything else to the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Run `medseg` with the words of the command line; returns the exit code."""
    given = list(sys.argv[1:] if words is None else words)
    try:
        from medseg_app.cli.streams import open_closed_streams

        open_closed_streams()
        if _asks_for_window(given):
            return _open_window(given)
        from medseg_app.cli.main import main as command_line

        return command_line(given, at_the_end=words is None)
    except KeyboardInterrupt:  # so early or so late that no command heard of it
        from medseg_app.cli.streams import aside

        aside("medseg: Interrupted.")
        return INTERRUPTED
    finally:
        _end_with_the_exit_code()


def _end_with_the_exit_code() -> None:
    """Let Python forget an interrupt that was heard and answered.

    One that came while a module executed a text (a data class being made) makes Python end itself by a
    signal in place of the exit code, until the next text is executed.
    """
    exec("")


def window() -> int:
    """Open the window without a terminal."""
    return main(["app", *sys.argv[1:]])


def _asks_for_window(words: Sequence[str]) -> bool:
    plain = [word for word in words if not word.startswith("-")]
    return bool(plain) and plain[0] in ("app", "demo") and not {"-h", "--help", "--version"} & set(words)


def _open_window(words: Sequence[str]) -> int:
    from medseg_app.cli.main import guarded
    from medseg_app.cli.parser import read_arguments

    try:
        arguments = read_arguments(words)
    except SystemExit as stop:
        return int(stop.code or 0)

    def work() -> int:
        if arguments.command == "app":
            return _open_app(arguments.input)
        return _show_demo(arguments.output, arguments.close)

    return guarded(work, arguments)


def _show_demo(output: Path | None, close: bool) -> int:
    from medseg_app.ui.demo import run_demo

    for name, path in run_demo(output, close=close).items():
        print(f"{name:12} {path}")
    return 0


def _open_app(path: Path | None) -> int:
    """Show the window; what stands in the way is told first, since Qt would end without a word."""
    import os

    from medseg_app.core.errors import CouldNotBeDone, InputError

    if path is not None and not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    places = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in places):
        raise CouldNotBeDone(
            "There is no display to show the window on.",
            "Work on a desktop, or use the other commands: medseg --help.",
        )
    from medseg_app.ui.main import main as open_window

    return open_window(path)


if __name__ == "__main__":
    sys.exit(main())
