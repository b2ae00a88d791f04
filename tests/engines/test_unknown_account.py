"""An account that the computer does not know: no home, no name."""

from __future__ import annotations

import getpass
import os

import pytest

from medseg_app.core.errors import CouldNotBeDone
from medseg_app.engines.account_name import name_the_account
from medseg_app.engines.user_folders import HOME_VARIABLE, user_folder


@pytest.mark.skipif(os.name == "nt", reason="Windows asks no HOME")
def test_an_account_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (HOME_VARIABLE, "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # without HOME for an unknown number
    with pytest.raises(CouldNotBeDone) as caught:
        user_folder("data")
    assert HOME_VARIABLE in caught.value.hint


def test_an_account_without_a_name_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd", reason="Windows has none")

    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    name_the_account()
    assert getpass.getuser()
