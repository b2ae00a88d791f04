"""The window: the only code that knows Qt and napari."""

from .lasting_constants import keep_constants

keep_constants()
