"""The demonstration study: a made-up abdomen written as the DICOM files that a scanner would send."""

from __future__ import annotations

from pathlib import Path

DEMO_SEED = 2026
"""The demonstration patient; no model is trained on it."""


def write_demo_study(folder: Path, seed: int = DEMO_SEED) -> Path:
    """Write an oblique axial CT series and a short series of localizers below a folder; returns the folder.

    The same seed gives the same files.
    """
    from medseg_app.io.dicom.series_writer import write_series
    from medseg_app.phantom import make_phantom
    from medseg_app.phantom.localizers import localizers

    volume = make_phantom(seed).volume
    for number, image in enumerate(localizers(volume), start=1):
        write_series(
            image,
            folder / "localizers",
            seed=seed,
            series="localizers",
            series_number=1,
            description="Localizers",
            image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
            first_instance=number,
        )
    write_series(
        volume,
        folder / "abdomen",
        seed=seed,
        series="abdomen",
        series_number=2,
        contrast_agent="Iodine, made up",
    )
    return folder
