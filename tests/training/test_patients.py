"""Split by patient: by DICOM for cases, by a list for files, else by file, and said so."""

from __future__ import annotations

import json

import pytest

from medseg_app.core.errors import InputError
from medseg_app.training.dataset import find_cases
from medseg_app.training.fingerprint import recipe_for
from medseg_app.training.how_read import how_read
from tests.training.marked_cases import write_marked_case
from tests.training.test_fingerprint import nnunet
from tests.training.test_layout import coco
from tests.training.tiny import write_cases


def parts(recipe):
    split = find_cases(recipe)
    return [[reference.name.split()[0] for reference in part] for part in (split.train, split.validation)]


def told(recipe):
    return how_read(recipe, find_cases(recipe))[-1]


def test_cases_of_one_dicom_patient_stay_together(tmp_path):
    for number, patient in enumerate((1, 2, 3, 4, 5, 5)):
        name = f"pat{patient:02}_visit{number}"
        write_marked_case(tmp_path / f"{name}.medseg", ("Block",), seed=number, patient=patient)
    recipe = recipe_for(tmp_path)
    train, validation = parts(recipe)
    assert validation == ["pat05_visit4.medseg", "pat05_visit5.medseg"]
    assert len(train) == 4
    assert told(recipe) == "split by patient, as DICOM tells them (4 to learn from, 1 kept back)"
    assert "PHANTOM" not in "".join(r.patient + r.name for r in find_cases(recipe).train)


def test_one_patient_for_all_is_doubted(tmp_path):
    for number in range(2):
        write_marked_case(tmp_path / f"{number}.medseg", ("Block",), seed=number, patient=1)
    assert "patients.json" in told(recipe_for(tmp_path))


def test_two_cases_of_one_image_are_one_patient(tmp_path):
    for name, seed in (("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4), ("f", 4)):
        write_marked_case(tmp_path / f"{name}.medseg", ("Block",), seed=seed)
    recipe = recipe_for(tmp_path)
    assert parts(recipe)[1] == ["e.medseg", "f.medseg"]
    assert told(recipe).startswith("split by file: name patients in patients.json")


def listed(names):
    return {name: f"patient {min(number, 4)}" for number, name in enumerate(names)}


def test_a_list_names_the_patients_of_files(tmp_path):
    write_cases(tmp_path, 6)
    recipe = recipe_for(tmp_path)
    assert parts(recipe) == [["p0", "p1", "p2", "p3", "p5"], ["p4"]]
    assert told(recipe).startswith("split by file: name patients in patients.json if several files")
    (tmp_path / "patients.json").write_text(json.dumps(listed(f"p{n}_image.nii.gz" for n in range(6))))
    assert parts(recipe) == [["p0", "p1", "p2", "p3"], ["p4", "p5"]]
    assert told(recipe) == ("split by patient, as patients.json names them (4 to learn from, 1 kept back)")


def test_dataset_json_may_name_them_too(tmp_path):
    nnunet(tmp_path)
    path = tmp_path / "dataset.json"
    patients = {f"p{number}": "one" if number > 2 else str(number) for number in range(5)}
    path.write_text(json.dumps({**json.loads(path.read_text()), "patients": patients}))
    recipe = recipe_for(tmp_path)
    assert {r.patient for r in find_cases(recipe).train} == {"p0", "p1", "p2", "p3"}
    assert "dataset.json" in told(recipe)


def test_pictures_of_coco_have_names_of_their_own_beside_their_patient(tmp_path):
    path = coco(tmp_path) / "annotations.json"
    data = json.loads(path.read_text())
    for image in data["images"]:
        image["patient"] = "same"
    path.write_text(json.dumps(data))
    recipe = recipe_for(tmp_path)
    assert parts(recipe)[0] == ["0", "1", "2", "3", "4"]
    assert told(recipe).startswith("split by patient, as its pictures name them (1 to learn from")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "patients.json cannot be read"),
        ("[]", "patients.json"),
        ('{"p0_image.nii.gz": ["a"]}', "patients.json"),
        ('{"p0_image.nii.gz": "a", "p9_image.nii.gz": "b"}', "does not name the patient of p1_image"),
    ],
)
def test_a_list_that_tells_nothing_is_refused(tmp_path, text, message):
    write_cases(tmp_path, 2)
    (tmp_path / "patients.json").write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        find_cases(recipe_for(tmp_path))
    assert refused.value.hint
