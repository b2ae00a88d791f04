"""SeriesFacts: what the headers of a made-up series say besides the volume itself."""

from __future__ import annotations

from dataclasses import dataclass

STUDY_DATE, STUDY_TIME = "20260105", "101500"


@dataclass(frozen=True)
class SeriesFacts:
    """What to state; the fields that are not explained here are DICOM attributes.

    seed: UIDs are made from it; the same seed and names give the same UIDs on every computer.
    series: name that the SeriesInstanceUID is made from (two volumes may share it).
    first_instance: InstanceNumber of the first slice; reversed_numbers counts down instead of up.
    slopes: RescaleSlope of every slice; values are rounded to multiples of it (None: 1 throughout).
    scattered_names: file names without order or suffix, in two folders, as archives write them.
    """

    seed: int = 0
    series: str = "1"
    series_number: int = 1
    description: str = ""
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL")
    acquisition_number: int = 1
    acquisition_time: str = STUDY_TIME
    first_instance: int = 1
    reversed_numbers: bool = False
    slopes: tuple[float, ...] | None = None
    b_value: float | None = None
    gantry_tilt: float | None = None
    contrast_agent: str = ""
    patient_name: str = "Phantom^Abdomen"
    scattered_names: bool = False
