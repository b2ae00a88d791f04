"""make_phantom: one made-up abdomen as a CT volume with the truth that goes with it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume

from .anatomy.bowel import paint_colon, paint_pancreas, paint_small_bowel, paint_stomach
from .anatomy.couch import paint_couch
from .anatomy.kidneys import paint_kidneys
from .anatomy.lesions import Lesion, paint_lesions
from .anatomy.liver import paint_liver
from .anatomy.lungs import Diaphragm, paint_chest
from .anatomy.ribs import paint_ribs
from .anatomy.spine import paint_spine
from .anatomy.spleen import paint_spleen
from .anatomy.trunk import paint_trunk
from .anatomy.vessels import paint_great_vessels
from .canvas import Canvas
from .grid import Grid, oblique_grid
from .patient import Patient, Phase
from .scanner import scan
from .truth import truth_of

SOFT_TISSUE_WINDOW = (45.0, 400.0)


@dataclass(frozen=True, eq=False)
class Phantom:
    """A made-up CT and its truth.

    truth: layer 0 holds organs (segments of kind "semantic"), layer 1 lesions ("instance").
    lesions: what was drawn, in the order of the lesion layer's values.
    """

    volume: Volume
    truth: LabelMap
    lesions: tuple[Lesion, ...]


def make_phantom(seed: int, *, grid: Grid | None = None, phase: Phase = "venous") -> Phantom:
    """Draw the abdomen of patient `seed` on a grid (oblique and anisotropic unless one is given).

    The same seed gives the same anatomy in every phase; voxels are HU, int16, (k, j, i).
    """
    grid = grid or oblique_grid(_stream(seed, "grid"))
    patient = Patient.drawn(_stream(seed, "patient"), phase)
    canvas = Canvas(grid.geometry, _stream(seed, "canvas"))
    _paint_anatomy(canvas, patient, seed)
    layer, lesions = paint_lesions(canvas, patient, _stream(seed, "lesions"))
    volume = Volume(
        voxels=scan(canvas, patient, _stream(seed, f"noise {phase}")),
        geometry=canvas.geometry,
        id=f"phantom-{seed}",
        modality="CT",
        description=f"Abdomen, {phase} phase",
        window=SOFT_TISSUE_WINDOW,
        units="HU",
    )
    return Phantom(volume, truth_of(canvas.organs, layer, lesions, canvas.geometry), lesions)


def _paint_anatomy(canvas: Canvas, patient: Patient, seed: int) -> None:
    """Paint from the outside inwards; what comes later covers what came before."""
    dome = Diaphragm.drawn(_stream(seed, "diaphragm"))
    paint_couch(canvas, patient)
    paint_trunk(canvas, patient)
    paint_small_bowel(canvas, patient, _stream(seed, "small bowel"))
    paint_pancreas(canvas, patient, _stream(seed, "pancreas"))
    paint_liver(canvas, patient, dome, _stream(seed, "liver"))
    paint_stomach(canvas, patient, dome, _stream(seed, "stomach"))
    paint_spleen(canvas, patient, dome, _stream(seed, "spleen"))
    paint_colon(canvas, patient, _stream(seed, "colon"))
    paint_kidneys(canvas, patient, _stream(seed, "kidneys"))
    paint_chest(canvas, patient, dome, _stream(seed, "chest"))
    paint_great_vessels(canvas, patient, _stream(seed, "vessels"))
    paint_spine(canvas, patient, _stream(seed, "spine"))
    paint_ribs(canvas, patient, _stream(seed, "ribs"))


def _stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one organ: adding an organ never changes the others."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
