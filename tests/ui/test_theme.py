"""The palette is readable, the figures align, and every name of the style sheet is filled in."""

from __future__ import annotations

import re

import pytest

from medseg_app.ui import theme
from medseg_app.ui.style_sheet import STYLE_SHEET

GROUNDS = (theme.WINDOW, theme.PANEL, theme.RAISED, theme.SELECTED)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", [theme.TEXT, theme.SECONDARY, theme.OK, theme.NOTE])
def test_text_is_readable_on_every_ground(text, ground):
    assert contrast(text, ground) >= 4.5


def test_problems_are_readable_where_they_are_written():
    assert contrast(theme.PROBLEM, theme.PANEL) >= 4.5


def test_words_on_the_accent_are_readable():
    assert contrast(theme.ON_ACCENT, theme.ACCENT) >= 4.5


def test_nothing_but_the_accent_is_blue():
    blue = set()
    for colour in re.findall(r"#[0-9A-Fa-f]{6}", STYLE_SHEET + " ".join(GROUNDS)):
        red, green, blue_part = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        if blue_part > 1.3 * max(red, green) and blue_part > 90:
            blue.add(colour.upper())
    hovered_and_pressed = {"#6BB3FF", "#3B8FE8"}
    assert blue <= {theme.ACCENT, *hovered_and_pressed}


def test_the_style_sheet_has_no_unknown_names():
    assert "$" not in theme.style_sheet()


def test_every_picture_of_the_style_sheet_exists():
    for name in re.findall(r"url\((.*?)\)", theme.style_sheet()):
        assert (theme.FOLDER / "marks" / name.rsplit("/", 1)[1]).is_file()


def test_figures_are_tabular(qapp):
    from PySide6.QtGui import QFontInfo, QFontMetricsF

    theme.apply(qapp)
    assert QFontInfo(theme.font()).family() == theme.FAMILY
    for strong in (False, True):
        metrics = QFontMetricsF(theme.font(strong=strong))
        widths = [metrics.horizontalAdvance(digit) for digit in "0123456789"]
        assert max(widths) - min(widths) < 0.05


def test_icons_are_drawn(qapp):
    from PySide6.QtCore import QSize

    from medseg_app.ui.action_table import EDIT_TOOLS, GLYPHS, SWITCHES, VIEW_TOOLS
    from medseg_app.ui.icons import icon

    glyphs = [entry.glyph for entry in (*VIEW_TOOLS, *EDIT_TOOLS, *SWITCHES)] + list(GLYPHS.values())
    for glyph in glyphs:
        picture = icon(glyph).pixmap(QSize(18, 18)).toImage()
        inked = sum(picture.pixelColor(x, y).alpha() > 0 for x in range(18) for y in range(18))
        assert inked > 10, glyph
