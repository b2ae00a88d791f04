"""What the documents say is true of the tree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.house.repository import ROOT, name_of, tracked_files

DOCUMENTS = [path for path in tracked_files(".md") if path.parent == ROOT or "docs" in path.parts]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:medseg_app|tests|docs|installer|benchmarks|models|resources)/[\w./-]+)`")
MODULE_OF = {
    "Jinja2": "jinja2",
    "PySide6_Essentials": "PySide6",
    "PyYAML": "yaml",
    "pillow": "PIL",
    "pynrrd": "nrrd",
}
DECODERS = {
    "pyjpegls",
    "pylibjpeg",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
    "python-gdcm",
}  # pydicom finds them itself
CAMPAIGN = re.compile(r"pytest -m campaign ([\w/]+)")
SUBCOMMAND = re.compile(r"\.venv/bin/medseg (\w+)")


def text_of(name: str) -> str:
    """The text of a document at the root."""
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_paths_in_the_text_exist(document: Path) -> None:
    named = PATH.findall(document.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_names_on_windows_a_python_that_the_project_takes() -> None:
    (version,) = re.findall(r"`py -(3\.\d+)`", text_of("README.md"))
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert version in SpecifierSet(project["requires-python"])


def test_the_architecture_places_every_folder() -> None:
    text = text_of("ARCHITECTURE.md")
    layers = {path.parent.name for path in (ROOT / "medseg_app").glob("*/__init__.py")}
    beside = {path.relative_to(ROOT).parts[0] for path in tracked_files() if path.parent != ROOT}
    named = {f"`{layer}`" for layer in layers} | {f"`{folder}/`" for folder in beside if folder[0] != "."}
    assert {name for name in named if name not in text} == set()


def test_the_architecture_fits_on_a_page() -> None:
    assert len(text_of("ARCHITECTURE.md").splitlines()) < 90


def test_decisions_are_numbered_without_gaps_and_dated() -> None:
    decisions = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith(f"# {int(path.name[:4])}. ")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d, (accepted|replaced by \d+)", lines[2])


def test_entry_points_name_files_that_exist() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    groups = [project["scripts"], project["gui-scripts"], *project["entry-points"].values()]
    modules = {target.partition(":")[0] for group in groups for target in group.values()}
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").exists()] == []


def test_every_dependency_has_its_licence_looked_up() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    names = [re.split(r"[^\w-]", line)[0].lower() for line in project["dependencies"]]
    decision = text_of("docs/adr/0008-licences-of-dependencies.md").lower()
    assert [name for name in names if name not in decision] == []


def test_the_readme_shows_every_picture_of_the_window_and_names_what_makes_them() -> None:
    text = text_of("README.md")
    pictures = sorted(name_of(path) for path in tracked_files(".png") if path.parent.name == "screens")
    assert pictures
    assert [picture for picture in pictures if f"]({picture})" not in text] == []
    assert "`medseg_app/ui/screens.py`" in text


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_campaigns_are_named_where_they_are(document: str) -> None:
    folders = CAMPAIGN.findall(text_of(document))
    assert folders
    marked = {
        name_of(path.parent)
        for path in tracked_files(".py")
        if "@pytest.mark.campaign" in path.read_text(encoding="utf-8") and path != Path(__file__)
    }
    assert set(folders) == marked


def test_subcommands_in_the_readme_exist() -> None:
    named = set(SUBCOMMAND.findall(text_of("README.md")))
    there = {path.stem.removesuffix("_command") for path in (ROOT / "medseg_app/cli").glob("*_command.py")}
    assert named
    assert named <= there | {"app", "demo"}


def test_every_dependency_is_used() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    names = [re.split(r"[^\w-]", line)[0] for line in project["dependencies"]]
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "medseg_app").rglob("*.py"))
    unused = [name for name in names if name not in DECODERS and not re.search(used_as(name), source)]
    assert unused == []


def used_as(dependency: str) -> str:
    """What the use of a package looks like: an import, or for dcmqi the name of its program."""
    if dependency == "dcmqi":
        return "segimage2itkimage"
    return rf"(?:from|import) {MODULE_OF.get(dependency, dependency)}\b"


def test_the_readme_shows_both_commands_as_they_are_typed() -> None:
    lines = text_of("README.md").splitlines()
    assert "python3 installer/bootstrap.py run" in lines
    assert "python3 installer/bootstrap.py test" in lines


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = text_of("LICENSE")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
