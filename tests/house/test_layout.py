"""Someone new guesses in one try where a test lies: the tests have the package's tree."""

from __future__ import annotations

from tests.house.repository import ROOT, tracked_files

ABOUT_THE_REPOSITORY = {"house", "installer", "screens"}


def test_every_folder_of_tests_mirrors_one_of_the_package() -> None:
    folders = {
        path.parent.relative_to(ROOT / "tests") for path in tracked_files(".py") if path.name[:5] == "test_"
    }
    strangers = {folder.as_posix() for folder in folders if not (ROOT / "medseg_app" / folder).is_dir()}
    assert strangers <= ABOUT_THE_REPOSITORY | {"."}


def test_every_folder_of_python_files_is_a_package() -> None:
    folders = {path.parent for path in tracked_files(".py") if "medseg_app" in path.parts}
    assert [folder.name for folder in folders if not (folder / "__init__.py").exists()] == []


def test_modules_start_with_one_sentence() -> None:
    first_lines = {
        path.name: path.read_text(encoding="utf-8").split("\n", 1)[0]
        for path in tracked_files(".py")
        if "medseg_app" in path.parts
    }
    assert {name for name, line in first_lines.items() if not line.startswith('"""')} == set()
