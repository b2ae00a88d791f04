"""The style sheet of the window; $names are filled in from the palette in theme.py."""

from __future__ import annotations

STYLE_SHEET = """
* { outline: none; }
QWidget { color: $text; font-size: ${body_px}px; }
QWidget:disabled { color: $disabled; }
QMainWindow, QDialog { background: $window; }
QDialog { border: 1px solid $hairline; }
QToolTip {
    background: $raised; color: $text; border: 1px solid $hairline; padding: 5px 8px;
    font-size: 12px;
}

QLabel { background: transparent; }
QLabel[role="heading"] {
    color: $secondary; font-size: ${caption_px}px; font-weight: 600; letter-spacing: 0.8px;
}
QLabel[role="title"] { font-size: ${title_px}px; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="secondary"] { color: $secondary; }
QLabel[role="caption"] { color: $secondary; font-size: ${caption_px}px; }
QLabel[role="empty"] { color: $secondary; }
QLabel[verdict="ok"] { color: $ok; }
QLabel[verdict="note"] { color: $note; }
QLabel[verdict="problem"] { color: $problem; }

QFrame[role="panel"] { background: $panel; border: none; }
QFrame[role="section"] { background: $panel; border: none; border-bottom: 1px solid $hairline; }
QFrame[role="card"] { background: $raised; border: none; border-radius: ${radius}px; }
QFrame[role="hairline"] { background: $hairline; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="upright"] { background: $hairline; border: none; max-width: 1px; min-width: 1px; }
QFrame[role="strip"] { background: $panel; border: none; border-bottom: 1px solid $hairline; }
QFrame[role="status"] { background: $panel; border: none; border-top: 1px solid $hairline; }
QFrame[role="status"] QLabel { font-size: 12px; }
QFrame[role="canvas"] { background: $canvas; border: none; }
QFrame[role="banner"] { background: $raised; border: none; border-bottom: 1px solid $hairline; }
QFrame[role="banner"][verdict="problem"] { background: #3A2226; border-bottom: 1px solid $problem; }
QFrame[role="banner"][verdict="note"] { background: #352D1C; border-bottom: 1px solid $note; }
QFrame[role="banner"][verdict="ok"] { background: #1A302A; border-bottom: 1px solid $ok; }

QPushButton {
    background: $raised; border: 1px solid $hairline; border-radius: ${radius}px;
    min-height: 26px; max-height: 26px; padding: 0 8px;
}
QPushButton:hover { background: $hover; border-color: #3C444D; }
QPushButton:pressed { background: $hairline; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { background: $panel; border-color: $raised; color: $disabled; }
QPushButton:checked { background: $selected; border-color: $accent; }
QPushButton[primary="true"] {
    background: $accent; border-color: $accent; color: $on_accent; font-weight: 600;
}
QPushButton[primary="true"]:hover { background: #6BB3FF; border-color: #6BB3FF; }
QPushButton[primary="true"]:pressed { background: #3B8FE8; }
QPushButton[primary="true"]:focus { border-color: $text; }
QPushButton[primary="true"]:disabled { background: $raised; border-color: $raised; color: $disabled; }
QPushButton[danger="true"] { border-color: $problem; color: $problem; }
QPushButton[danger="true"]:hover { background: #3A2226; }

QToolButton {
    background: transparent; border: 1px solid transparent; border-radius: ${radius}px; padding: 0 5px;
    min-height: 26px; max-height: 26px;
}
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $hairline; }
QToolButton:focus { border-color: $accent; }
QToolButton:checked { background: $raised; }
QToolButton[tool="true"]:checked { background: $selected; color: $accent; }
QToolButton:disabled { color: $disabled; }
QToolButton::menu-indicator { image: none; width: 0; }
QFrame[role="strip"] QToolButton { min-height: 30px; max-height: 30px; padding: 0 5px; }
QFrame[role="strip"] QToolButton[wordmark="true"] { font-size: 15px; font-weight: 600; padding: 0 8px; }
QToolButton[role="disclosure"] {
    color: $secondary; font-size: ${caption_px}px; padding: 0 2px 0 0; margin-left: -6px;
}
QToolButton[small="true"] { min-height: 20px; max-height: 20px; padding: 0 2px; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit {
    background: $window; border: 1px solid $hairline; border-radius: ${radius}px;
    min-height: 26px; padding: 0 8px;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { max-height: 26px; }
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: #3C444D; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {
    border-color: $accent;
}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: $disabled; background: $panel;
}
QSpinBox, QDoubleSpinBox { padding-right: 18px; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    background: transparent; border: none; width: 18px; subcontrol-origin: border;
}
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-position: top right; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-position: bottom right; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {
    image: url($marks/chevron-up.svg); width: 10px; height: 10px;
}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {
    image: url($marks/chevron-down.svg); width: 10px; height: 10px;
}
QComboBox { padding-right: 24px; }
QComboBox::drop-down {
    border: none; width: 24px; subcontrol-origin: border; subcontrol-position: center right;
}
QComboBox::down-arrow { image: url($marks/chevron-down.svg); width: 14px; height: 14px; }
QComboBox QAbstractItemView {
    background: $raised; border: 1px solid $hairline; padding: 4px; selection-background-color: $selected;
}
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 8px; border-radius: ${radius}px; }
QComboBox QAbstractItemView::item:selected { background: $selected; color: $text; }

QCheckBox, QRadioButton {
    spacing: 8px; min-height: 24px; border: 1px solid transparent; border-radius: ${radius}px;
}
QCheckBox::indicator, QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid $disabled; background: $window; border-radius: 3px;
}
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $secondary; }
QCheckBox:focus, QRadioButton:focus { color: $text; }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url($marks/check.svg); }
QCheckBox::indicator:indeterminate {
    background: $accent; border-color: $accent; image: url($marks/partial.svg);
}
QRadioButton::indicator:checked { background: $accent; border-color: $accent; image: url($marks/dot.svg); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {
    border-color: $hairline; background: $panel;
}

QSlider { min-height: 28px; }
QSlider::groove:horizontal { height: 4px; background: $hairline; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $secondary; border-radius: 2px; }
QSlider::handle:horizontal {
    background: $text; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
}
QSlider::handle:horizontal:hover { background: #FFFFFF; }
QSlider::handle:horizontal:focus { background: $accent; }
QSlider::sub-page:horizontal:disabled { background: $hairline; }
QSlider::handle:horizontal:disabled { background: $disabled; }

QProgressBar { background: $hairline; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }

QAbstractScrollArea { background: $panel; border: none; }
QAbstractItemView { background: $panel; border: none; show-decoration-selected: 1; }
QTreeView::item, QListView::item { border: none; }
QListView[role="terms"] { background: $raised; border: 1px solid $hairline; border-radius: ${radius}px; }
QListView[role="terms"]::item:hover { background: $hover; }
QListView[role="terms"]::item { min-height: 26px; padding: 0 8px; }
QListView[role="ticks"]::item { min-height: 26px; }
QListView[role="ticks"] { background: $window; border: 1px solid $hairline; border-radius: ${radius}px; }
QListView::indicator {
    width: 14px; height: 14px; border: 1px solid $disabled; background: $window; border-radius: 3px;
}
QListView::indicator:checked { background: $accent; border-color: $accent; image: url($marks/check.svg); }
QTreeView::item:hover, QListView::item:hover { background: $raised; }
QTreeView::item:selected, QListView::item:selected { background: $selected; color: $text; }
QTreeView::branch { background: transparent; border-image: none; image: none; }
QTreeView::branch:has-children:closed { image: url($marks/chevron-right.svg); }
QTreeView::branch:has-children:open { image: url($marks/chevron-down.svg); }
QTreeView:focus, QListView:focus { border: 1px solid $accent; }
QTreeView, QListView { border: 1px solid transparent; }
QHeaderView::section {
    background: $panel; color: $secondary; border: none; border-bottom: 1px solid $hairline;
    padding: 4px 8px; font-size: ${caption_px}px;
}
QTableView { gridline-color: $hairline; selection-background-color: $selected; }
QTableView::item { padding-left: 8px; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: #3C444D; border-radius: 3px; }
QScrollBar::handle:vertical { min-height: 32px; margin: 2px; }
QScrollBar::handle:horizontal { min-width: 32px; margin: 2px; }
QScrollBar::handle:hover { background: $disabled; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenu { background: $raised; border: 1px solid $hairline; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: ${radius}px; }
QMenu::item:selected { background: $selected; }
QMenu::item:disabled { color: $disabled; }
QMenu::icon { padding-left: 8px; }
QMenu::icon:checked { background: $selected; border-radius: 3px; margin-left: 4px; padding-left: 4px; }
QMenu::separator { height: 1px; background: $hairline; margin: 4px 8px; }
QMenu::right-arrow { image: url($marks/chevron-right.svg); width: 12px; height: 12px; margin-right: 8px; }
QMenu::indicator { width: 14px; height: 14px; margin-left: 8px; }
QMenu::indicator:checked { background: $accent; border-radius: 3px; image: url($marks/check.svg); }

QSplitter::handle { background: $hairline; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }
QTabBar::tab {
    background: transparent; color: $secondary; padding: 6px 12px; border-bottom: 2px solid transparent;
}
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $hairline; }

QFileDialog {
    directory-icon: url($marks/folder.svg); directory-closed-icon: url($marks/folder.svg);
    directory-open-icon: url($marks/folder.svg); directory-link-icon: url($marks/folder.svg);
    file-icon: url($marks/file.svg); file-link-icon: url($marks/file.svg);
    computer-icon: url($marks/computer.svg); harddisk-icon: url($marks/computer.svg);
    desktop-icon: url($marks/computer.svg); home-icon: url($marks/folder.svg);
    backward-icon: url($marks/back.svg); leftarrow-icon: url($marks/back.svg);
    forward-icon: url($marks/forward.svg); rightarrow-icon: url($marks/forward.svg);
    filedialog-parent-directory-icon: url($marks/up.svg);
    filedialog-new-directory-icon: url($marks/folder-new.svg);
    filedialog-listview-icon: url($marks/list.svg);
    filedialog-detailedview-icon: url($marks/details.svg);
}
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QFileDialog QTreeView::item, QFileDialog QListView::item { min-height: 26px; }
QSizeGrip { image: none; width: 0; height: 0; }
"""
