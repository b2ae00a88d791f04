"""Layouts of data sets: the Decathlon's, COCO's, cases of MedSeg; each is read to the voxel and trains."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.errors import ImagesMoved, InputError
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.io.case_file import write_case_file
from medseg_app.io.formats import read_image
from medseg_app.training.dataset import find_cases, read_case
from medseg_app.training.evaluate import evaluate_model
from medseg_app.training.fingerprint import recipe_for
from medseg_app.training.layout import find_layout
from medseg_app.training.train import run_training
from tests.training.tiny import SHAPE, write_cases


def decathlon(folder):
    write_cases(folder / "flat", 5)
    for number in range(5):
        for name, target in (("image", "imagesTr"), ("mask", "labelsTr")):
            (folder / target).mkdir(exist_ok=True)
            (folder / "flat" / f"p{number}_{name}.nii.gz").rename(folder / target / f"p{number}.nii.gz")
    (folder / "imagesTr/._p0.nii.gz").write_bytes(b"what macOS leaves in archives")
    description = {"modality": {"0": "CT"}, "labels": {"0": "background", "1": "Block", "2": "Rod"}}
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


def test_the_decathlons_layout(tmp_path):
    recipe = recipe_for(decathlon(tmp_path))
    assert {value: label.name for value, label in recipe.labels.items()} == {1: "Block", 2: "Rod"}
    split = find_cases(recipe)
    assert [r.patient for r in (*split.train, *split.validation)] == ["p0", "p1", "p2", "p3", "p4"]


SQUARE = [[4, 2, 10, 2, 10, 8, 4, 8]]


def coco(folder):
    """Pictures of 24 x 32: a bright square as a polygon, and a bar as run lengths, column by column."""
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    bar = np.zeros((24, 32), bool)
    bar[12:20, 20:24] = True
    runs = [20 * 24 + 12, *[8, 16] * 3, 8, 32 * 24 - (23 * 24 + 20)]
    for number in range(5):
        picture = np.random.default_rng(number).integers(0, 60, (24, 32)).astype(np.uint8)
        picture[2:8, 4:10] = 200
        picture[bar] = 120
        Image.fromarray(picture).save(folder / f"images/{number}.png")
        images.append({"id": 10 + number, "file_name": f"{number}.png", "height": 24, "width": 32})
        common = {"image_id": 10 + number, "iscrowd": 0}
        annotations += [
            {"id": 2 * number + 1, "category_id": 7, "segmentation": SQUARE, **common},
            {
                "id": 2 * number + 2,
                "category_id": 3,
                "segmentation": {"size": [24, 32], "counts": runs},
                **common,
            },
        ]
    categories = [{"id": 7, "name": "Square"}, {"id": 3, "name": "Bar"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(document))
    return folder


def test_coco_is_read_to_the_pixel(tmp_path):
    layout = find_layout(coco(tmp_path))
    assert layout.classes == {1: "Bar", 2: "Square"}
    assert (layout.task, len(layout.references)) == ("instance", 5)
    volume, truth = layout.references[1].read()
    assert volume.voxels.shape == (1, 24, 32)
    square, bar = truth.segments
    assert (square.value, bar.value) == (2, 1)
    assert Box.around(truth.mask(square)) == Box((0, 2, 4), (1, 8, 10))
    assert truth.mask(square).sum() == 36
    assert Box.around(truth.mask(bar)) == Box((0, 12, 20), (1, 20, 24))
    assert (volume.voxels[truth.mask(bar)] == 120).all()


def test_coco_trains_and_is_measured(tmp_path):
    recipe = recipe_for(coco(tmp_path / "data"))
    assert recipe.labels[2].name == "Square"
    short = replace(recipe.training, steps=1, batch=1, patch=(1, 32, 32))
    recipe = replace(recipe, training=short, thresholds={"min_score": 0.5})
    model = run_training(recipe, tmp_path / "model")
    assert evaluate_model(model, recipe)["MR"]["whole"]["model"]["images"] == 1
    assert read_model_folder(model).card.backends[0].images == 1


def test_single_slices_with_objects_are_for_models_of_findings(tmp_path):
    with pytest.raises(InputError, match="single slices") as refused:
        recipe_for(coco(tmp_path), "semantic")
    assert "--task instance" in refused.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"categories": []}, "not a COCO data set"),
        ({"images": [{"id": 10, "file_name": "../../x.png", "height": 1, "width": 1}]}, "lies outside"),
        ({"annotations": 3}, "not a COCO data set"),
    ],
)
def test_unsound_coco_is_named(tmp_path, change, message):
    path = coco(tmp_path) / "annotations.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=message):
        recipe_for(tmp_path)


def test_a_picture_of_another_size_is_named(tmp_path):
    coco(tmp_path)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "images/0.png")
    with pytest.raises(InputError, match="0.png"):
        recipe_for(tmp_path)


def cases(folder, kind="semantic", count=5, modality="CT"):
    write_cases(folder / "images", count)
    for number in range(count):
        volume = replace(read_image(folder / "images" / f"p{number}_image.nii.gz"), modality=modality)
        mask = read_image(folder / "images" / f"p{number}_mask.nii.gz").voxels
        case = Case(volume, Segmentation(volume.geometry))
        writer = LabelWriter(case.segmentation)
        writer.begin("Mark")
        # Values and order differ from case to case: only names tell what is what.
        order = (("Rod", 2), ("Block", 1)) if number % 2 else (("Block", 1), ("Rod", 2))
        for place, (name, value) in enumerate(order, 1):
            full = f"{name} 1" if kind == "instance" else name
            writer.put_segment(Segment(place, full, place + 3, kind=kind))
            writer.write(LabelPatch(place, Box.whole(mask.shape), mask == value))
        writer.commit()
        write_case_file(folder / f"p{number}.medseg", case)
        # The name of a pair would be recognised first by nobody: the masks go away.
        (folder / "images" / f"p{number}_mask.nii.gz").unlink()
    return folder


@pytest.mark.parametrize("kind", ["semantic", "instance"])
def test_cases_of_medseg_are_read_by_the_names_of_their_segments(tmp_path, kind):
    write_cases(tmp_path / "truth", 5)
    recipe = recipe_for(cases(tmp_path / "cases", kind))
    assert (recipe.task, recipe.modality) == (kind, ("CT",))
    assert {value: label.name for value, label in recipe.labels.items()} == {1: "Block", 2: "Rod"}
    split = find_cases(recipe)
    assert (len(split.train), len(split.validation)) == (4, 1)
    for number, reference in enumerate(split.train):
        truth = read_image(tmp_path / "truth" / f"p{number}_mask.nii.gz").voxels
        plain = replace(recipe, grid=replace(recipe.grid, spacing_mm=None))
        case = read_case(reference, plain)
        found = case.labels
        if kind == "instance":
            found = np.select([case.labels == n for n in case.classes], list(case.classes.values()), 0)
        assert found.shape == SHAPE
        assert np.array_equal(found, truth)


def test_cases_of_files_that_say_no_modality_are_learnt_from(tmp_path):
    folder = cases(tmp_path, modality="")
    recipe = recipe_for(folder)
    assert recipe.modality == ("CT",)
    assert "taken for CT by their values" in recipe.data
    told = recipe_for(folder, modality="MR")
    either = replace(recipe, modality=("MR", "CT"))
    for wanted, modality in ((recipe, "CT"), (told, "MR"), (either, "CT")):
        split = find_cases(wanted)
        assert (len(split.train), len(split.validation)) == (4, 1)
        assert {reference.modality for reference in split.train} == {modality}


def test_findings_of_one_class_stay_apart(tmp_path):
    folder = cases(tmp_path, "instance", 1)
    (reference,) = find_layout(folder).references
    _, truth = reference.read()
    twice = replace(truth, segments=tuple(replace(s, name=f"Block {s.id}") for s in truth.segments))
    from medseg_app.training.references import revalued

    again = revalued(twice, {"Block": 1})
    assert [segment.value for segment in again.segments] == [1, 1]
    assert len({segment.group for segment in again.segments}) == 2
    for before, after in zip(twice.segments, again.segments, strict=True):
        assert np.array_equal(twice.mask(before), again.mask(after))


def test_a_data_set_whose_images_moved_is_refused_at_once(tmp_path):
    folder = cases(tmp_path, count=1)
    (folder / "images/p0_image.nii.gz").unlink()
    with pytest.raises(ImagesMoved, match=r"p0.medseg: .*not at .*p0_image.nii.gz") as caught:
        recipe_for(folder)
    assert "save it" in caught.value.hint
