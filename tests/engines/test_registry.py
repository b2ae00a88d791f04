"""Models are found in the promised order, engines by entry point, and neither needs torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from medseg_app.core.errors import ModelError
from medseg_app.engines.registry import (
    engine_names,
    find_model,
    find_models,
    load_engine,
    model_places,
    search_models,
)

from .plugin_engine import install, write_plugin_model


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Empty places for models; the user's own are out of sight."""
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDSEG_MODELS", str(tmp_path / "variable"))
    return {
        "option": tmp_path / "option",
        "variable": tmp_path / "variable",
        "user": tmp_path / "home" / "data" / "models",
    }


def test_the_first_place_wins(places: dict[str, Path]) -> None:
    for place in ("user", "variable", "option"):
        write_plugin_model(places[place] / "demo", plan=place)
        extra = places["option"] if places["option"].exists() else None
        assert find_model("demo", extra).path == places[place] / "demo"
    assert [m.card.name for m in find_models(places["option"])].count("demo") == 1


def test_shipped_models_come_last(places: dict[str, Path]) -> None:
    found = model_places(places["option"])
    assert found[:3] == [places["option"], places["variable"], places["user"]]
    assert found[3] == Path(__file__).resolve().parents[2] / "models"


def test_a_damaged_model_hides_no_other_and_is_refused_by_name(places: dict[str, Path]) -> None:
    write_plugin_model(places["user"] / "good")
    bad = write_plugin_model(places["user"] / "bad").path
    (bad / "LICENSE").write_text("changed")
    search = search_models()
    assert "good" in [m.card.name for m in search.models]
    assert [path for path, _ in search.refused if path.parent == places["user"]] == [bad]
    with pytest.raises(ModelError, match="LICENSE was changed"):
        find_model("bad")


@pytest.mark.parametrize("folder", ["demo-organs", "called-otherwise"])
def test_a_changed_model_is_not_replaced_by_one_of_a_later_place(
    places: dict[str, Path], folder: str
) -> None:
    """Whether the folder or only the card in it has the name."""
    shipped = find_model("demo-organs")
    copy = shutil.copytree(shipped.path, places["option"] / folder)
    assert find_model("demo-organs", places["option"]).path == copy
    (copy / "LICENSE").write_text("changed")
    for name in ("demo-organs", "demo-organs+demo-lesions"):
        with pytest.raises(ModelError, match="LICENSE was changed"):
            find_model(name, places["option"])
    assert "demo-organs" not in [m.card.name for m in find_models(places["option"])]
    assert find_model("demo-organs").path == shipped.path


def test_a_damaged_model_of_a_later_place_hides_nothing(places: dict[str, Path]) -> None:
    good = write_plugin_model(places["option"] / "demo")
    bad = write_plugin_model(places["user"] / "demo")
    (bad.path / "LICENSE").write_text("changed")
    assert find_model("demo", places["option"]).path == good.path


def test_an_unknown_name_lists_what_there_is(places: dict[str, Path]) -> None:
    write_plugin_model(places["user"] / "good")
    with pytest.raises(ModelError, match="no model nothing") as caught:
        find_model("nothing")
    assert "good" in caught.value.hint


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no folder"):
        find_models(tmp_path / "nowhere")


def test_engines_are_found_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch)
    assert {"unet", "mask_rcnn", "plugin", "broken"} <= set(engine_names())
    assert load_engine("plugin").__name__ == "PluginEngine"  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="broken of medseg-plugin cannot be loaded"):
        load_engine("broken")
    with pytest.raises(ModelError, match="not installed"):
        load_engine("nothing")


def test_looking_for_models_imports_no_torch(tmp_path: Path) -> None:
    write_plugin_model(tmp_path / "demo")
    code = (
        "import sys; from medseg_app.engines.registry import find_models, engine_names; "
        "import medseg_app.engines.predict, medseg_app.engines.to_label_map, medseg_app.app.engine_lane; "
        "assert find_models(); assert engine_names(); "
        "print(sorted({'torch', 'monai', 'torchvision', 'scipy', 'SimpleITK', 'pydicom'} & set(sys.modules)))"
    )
    environment = {**os.environ, "MEDSEG_MODELS": str(tmp_path)}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
