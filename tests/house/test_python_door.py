"""`import medseg_app` offers what `medseg_app/app/api.py` does, to scripts and to type checkers."""

from __future__ import annotations

import ast

import medseg_app
from medseg_app.app import api
from tests.house.repository import ROOT


def test_every_function_of_the_api_is_reached_from_the_package() -> None:
    assert medseg_app.__all__ == api.__all__
    assert all(getattr(medseg_app, name) is getattr(api, name) for name in api.__all__)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((ROOT / "medseg_app" / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    (seen,) = (node.names for node in imports if node.module == "medseg_app.app.api")
    assert [alias.name for alias in seen] == api.__all__
