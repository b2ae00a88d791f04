"""The attributes that a scan keeps of every image, and how their raw values are read.

A tag is kept as the number that its four bytes make little endian (element << 16 | group), the way
it stands in nearly every file: the walker then compares numbers and never has to turn them around.
"""

from __future__ import annotations


def tag(group: int, element: int) -> int:
    """The number under which an attribute is kept."""
    return element << 16 | group


def group_of(number: int) -> int:
    """The group of a tag made by `tag`."""
    return number & 0xFFFF


TRANSFER_SYNTAX = tag(0x0002, 0x0010)
DIRECTORY_RECORDS = tag(0x0004, 0x1220)
CHARACTER_SET = tag(0x0008, 0x0005)
IMAGE_TYPE = tag(0x0008, 0x0008)
SOP_CLASS = tag(0x0008, 0x0016)
SOP_INSTANCE = tag(0x0008, 0x0018)
STUDY_DATE = tag(0x0008, 0x0020)
ACQUISITION_DATE_TIME = tag(0x0008, 0x002A)
ACQUISITION_TIME = tag(0x0008, 0x0032)
CONTENT_TIME = tag(0x0008, 0x0033)
MODALITY = tag(0x0008, 0x0060)
STUDY_DESCRIPTION = tag(0x0008, 0x1030)
SERIES_DESCRIPTION = tag(0x0008, 0x103E)
PATIENT_NAME = tag(0x0010, 0x0010)
PATIENT_ID = tag(0x0010, 0x0020)
PATIENT_BIRTH_DATE = tag(0x0010, 0x0030)
PATIENT_SEX = tag(0x0010, 0x0040)
SEQUENCE_NAME = tag(0x0018, 0x0024)
SLICE_THICKNESS = tag(0x0018, 0x0050)
ECHO_TIME = tag(0x0018, 0x0081)
INVERSION_TIME = tag(0x0018, 0x0082)
ECHO_NUMBER = tag(0x0018, 0x0086)
SLICE_SPACING = tag(0x0018, 0x0088)
TRIGGER_TIME = tag(0x0018, 0x1060)
IMAGER_PIXEL_SPACING = tag(0x0018, 0x1164)
CONVOLUTION_KERNEL = tag(0x0018, 0x1210)
FLIP_ANGLE = tag(0x0018, 0x1314)
B_VALUE = tag(0x0018, 0x9087)
GRADIENT_DIRECTION = tag(0x0018, 0x9089)
B_VALUE_SIEMENS = tag(0x0019, 0x100C)
STUDY_UID = tag(0x0020, 0x000D)
SERIES_UID = tag(0x0020, 0x000E)
SERIES_NUMBER = tag(0x0020, 0x0011)
ACQUISITION_NUMBER = tag(0x0020, 0x0012)
INSTANCE_NUMBER = tag(0x0020, 0x0013)
POSITION = tag(0x0020, 0x0032)
ORIENTATION = tag(0x0020, 0x0037)
FRAME_OF_REFERENCE = tag(0x0020, 0x0052)
TEMPORAL_POSITION = tag(0x0020, 0x0100)
STACK = tag(0x0020, 0x9056)
DIMENSION_INDEX = tag(0x0020, 0x9157)
SAMPLES_PER_PIXEL = tag(0x0028, 0x0002)
PHOTOMETRIC = tag(0x0028, 0x0004)
NUMBER_OF_FRAMES = tag(0x0028, 0x0008)
ROWS = tag(0x0028, 0x0010)
COLUMNS = tag(0x0028, 0x0011)
PIXEL_SPACING = tag(0x0028, 0x0030)
BITS_ALLOCATED = tag(0x0028, 0x0100)
BITS_STORED = tag(0x0028, 0x0101)
HIGH_BIT = tag(0x0028, 0x0102)
PIXEL_REPRESENTATION = tag(0x0028, 0x0103)
PIXEL_PADDING = tag(0x0028, 0x0120)
WINDOW_CENTER = tag(0x0028, 0x1050)
WINDOW_WIDTH = tag(0x0028, 0x1051)
INTERCEPT = tag(0x0028, 0x1052)
SLOPE = tag(0x0028, 0x1053)
RESCALE_TYPE = tag(0x0028, 0x1054)
LOSSY = tag(0x0028, 0x2110)
MODALITY_LUT = tag(0x0028, 0x3000)
B_VALUE_GE = tag(0x0043, 0x1039)
UNITS = tag(0x0054, 0x1001)
FRAME_REFERENCE_TIME = tag(0x0054, 0x1300)
SHARED_FUNCTIONAL_GROUPS = tag(0x5200, 0x9229)
FLOAT_PIXELS = tag(0x7FE0, 0x0008)
DOUBLE_PIXELS = tag(0x7FE0, 0x0009)
PIXELS = tag(0x7FE0, 0x0010)

SEQUENCES = frozenset({DIRECTORY_RECORDS, MODALITY_LUT, SHARED_FUNCTIONAL_GROUPS})
"""Attributes of which only the presence is kept."""

NUMBERS_IN_TWO_BYTES = frozenset(
    {SAMPLES_PER_PIXEL, ROWS, COLUMNS, BITS_ALLOCATED, BITS_STORED, HIGH_BIT, PIXEL_REPRESENTATION}
)
"""Attributes of VR US, stored as two bytes; PIXEL_PADDING is US or SS and read by its own rule."""

EIGHT_BYTE_NUMBERS = frozenset({B_VALUE, GRADIENT_DIRECTION})
"""Attributes of VR FD."""

PIXEL_FORMAT = (
    ROWS,
    COLUMNS,
    BITS_ALLOCATED,
    BITS_STORED,
    HIGH_BIT,
    PIXEL_REPRESENTATION,
    PHOTOMETRIC,
    MODALITY_LUT,
)
"""What decides how the stored pixels are to be read."""

PIXEL_TAGS = frozenset({FLOAT_PIXELS, DOUBLE_PIXELS, PIXELS})

WANTED = (
    frozenset(value for name, value in globals().items() if name.isupper() and isinstance(value, int))
    - PIXEL_TAGS
)
"""Every attribute that a scan keeps."""
