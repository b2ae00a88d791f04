"""The account's name, which torch asks for: containers run under numbers that have none."""

from __future__ import annotations

import getpass
import os


def name_the_account() -> None:
    """Give an account that has no name one in this process's environment, where torch looks for it."""
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        os.environ["USER"] = f"user{os.getuid()}" if hasattr(os, "getuid") else "user"
