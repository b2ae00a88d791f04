"""How soon a run shows something where the reader looks: the first outlines beside the whole job."""

from __future__ import annotations

import time
from statistics import median

from medseg_app.app.api import load
from medseg_app.core.progress import silent
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.preview import UnhurriedPreview
from tests.data_folder import DATA, ROOT

from .row import NotMeasuredError, Row

CHEST, LIMB = "dicom/ct_lung_4d_rtstruct", "dicom/sarcoma_ct_pet_mr_rtstruct/STS_003/CT"
RUNS = (("ct-tissues", CHEST), ("sarcoma-mask-rcnn", LIMB), ("sarcoma-mask-rcnn", CHEST))
"""In the chest there is no sarcoma: what is first outlined lies where the model errs first."""
WHOLE, GOAL, ROUNDS = "the whole job", 0.1, 1
"""One round: a run over this image takes a minute, and both figures come from the same run."""


def rows() -> list[Row]:
    """With the reader at the middle of a real CT, as when it was just opened."""
    missing = [series for _, series in RUNS if not (DATA / series).is_dir()]
    if missing:
        raise NotMeasuredError(f"real data: {missing[0]}")
    return [_row(name, load(DATA / series)) for name, series in RUNS]


def _row(name: str, volume: Volume) -> Row:
    engine = build_engine(read_model_folder(ROOT / "models" / name))
    _wait(engine, volume)  # the first run reads the weights
    waits = [_wait(engine, volume) for _ in range(ROUNDS)]
    first, whole = (median(times) for times in zip(*waits, strict=True))
    size = " x ".join(map(str, volume.geometry.shape))
    what = f"first outlines of {name} on a CT of {size}"
    return Row(what, first, {WHOLE: whole}, {WHOLE: median(a / b for a, b in waits)}, {WHOLE: GOAL})


def _wait(engine: Engine, volume: Volume) -> tuple[float, float]:
    """Seconds until the first candidates are shown, and until the end."""
    shown: list[float] = []
    begun = time.perf_counter()
    middle = volume.geometry.to_patient([(count - 1) / 2 for count in volume.geometry.shape])
    x, y, z = middle.tolist()
    preview = UnhurriedPreview(lambda found: shown.append(time.perf_counter() - begun))
    run_engine(engine, volume, Request(modality="CT", focus_lps=(x, y, z)), "cpu", silent, preview)
    whole = time.perf_counter() - begun
    return (shown[0] if shown else whole), whole
