"""Palette, type and measures of the window; everything on the screen takes them from here."""

from __future__ import annotations

from pathlib import Path
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from .style_sheet import STYLE_SHEET

FOLDER = Path(__file__).parent
FAMILY = "MedSeg Sans"

CANVAS = "#000000"
WINDOW = "#14171A"
PANEL = "#1B1F23"
RAISED = "#252A30"
HOVER = "#2D333A"
HAIRLINE = "#30363D"
TEXT = "#E6E8EA"
SECONDARY = "#9AA4AE"
DISABLED = "#5C656E"
ACCENT = "#4DA3FF"
ON_ACCENT = "#0B0E11"
SELECTED = "#1E3246"
"""The accent at a fifth over the panel: rows that are selected."""
OK = "#3FB68B"
NOTE = "#E0A93B"
PROBLEM = "#E5636A"

VERDICT_COLOURS = {"ok": OK, "note": NOTE, "problem": PROBLEM}

GRID = 8
CONTROL = 28
STRIP = 44
STATUS = 24
ICON = 18
RADIUS = 4

BODY_PX = 13
CAPTION_PX = 11
TITLE_PX = 16


def style_sheet() -> str:
    """The one style sheet of the application, with the palette filled in."""
    values = {name.lower(): str(value) for name, value in globals().items() if name.isupper()}
    values["marks"] = (FOLDER / "marks").as_posix()
    return Template(STYLE_SHEET).substitute(values)


def font(pixels: int = BODY_PX, *, strong: bool = False) -> QFont:
    """The window's typeface at a size of the type scale; strong is weight 600."""
    face = QFont([FAMILY, "Segoe UI", "Helvetica Neue", "Noto Sans", "sans-serif"])
    face.setPixelSize(pixels)
    face.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    face.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return face


def apply(app: QApplication) -> None:
    """Give the application its typeface, palette and style sheet; once is enough."""
    if app.styleSheet():
        return
    for file in sorted((FOLDER / "fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(file))
    app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(_palette())
    app.setStyleSheet(style_sheet())


def _palette() -> QPalette:
    roles = {
        QPalette.ColorRole.Window: WINDOW,
        QPalette.ColorRole.WindowText: TEXT,
        QPalette.ColorRole.Base: PANEL,
        QPalette.ColorRole.AlternateBase: PANEL,
        QPalette.ColorRole.Text: TEXT,
        QPalette.ColorRole.PlaceholderText: SECONDARY,
        QPalette.ColorRole.Button: RAISED,
        QPalette.ColorRole.ButtonText: TEXT,
        QPalette.ColorRole.ToolTipBase: RAISED,
        QPalette.ColorRole.ToolTipText: TEXT,
        QPalette.ColorRole.Highlight: SELECTED,
        QPalette.ColorRole.HighlightedText: TEXT,
        QPalette.ColorRole.Link: ACCENT,
    }
    palette = QPalette(Qt.GlobalColor.black)
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(DISABLED))
    return palette
