"""WindowActions: makes every action of the window and puts it into menus and the tool strip."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QSlider

from medseg_app.app.beside import in_hand
from medseg_app.app.command import spec_of
from medseg_app.app.commands import beside as beside_commands
from medseg_app.app.commands import case as case_commands
from medseg_app.app.commands import downloads, measure, models, prompts, proposals, segments, view
from medseg_app.app.commands import export as export_commands
from medseg_app.app.commands import open as open_commands
from medseg_app.app.windows import window_names

from . import action_table as table
from . import theme
from .icons import icon

if TYPE_CHECKING:
    from .controller import Controller

Run = Callable[[], object]


class WindowActions:
    """Titles, keys and tooltips of commands come from the commands themselves."""

    def __init__(self, controller: Controller) -> None:
        self._c = controller
        self._actions = controller.actions
        self._session = controller.session
        self._window = controller.window

    def build(self) -> None:
        """Make all actions, then menus and strip."""
        self._files()
        self._history()
        self._tools()
        self._views()
        self._segments()
        self._ai()
        self._menus()
        self._strip()
        self._follow_view()
        self._apply_keys()

    def _command(self, function: Any, run: Run, keys: str = "") -> None:
        spec = spec_of(function)
        glyph = table.GLYPHS.get(spec.name, "")
        self._actions.add(
            spec.name, spec.title, run, keys or spec.shortcut, glyph=glyph, detail=spec.tooltip.rstrip(".")
        )

    def _files(self) -> None:
        opening, closing, add = self._c.opening, self._c.closing, self._actions.add
        self._command(open_commands.open_folder, opening.ask_folder, "Ctrl+O")
        self._command(open_commands.open_image, opening.ask_image, "Ctrl+Shift+O")
        self._command(open_commands.open_case, opening.ask_case, "Ctrl+Alt+O")
        self._command(open_commands.open_labels, opening.ask_labels, "Ctrl+Shift+I")
        add("open_recent", "Recent", opening.show_recent, "Ctrl+Shift+R", detail="What was opened before")
        self._command(case_commands.save_case, closing.save)
        add("save_as", "Save as", closing.save_as, "Ctrl+Shift+S", detail="Save the case under another name")
        self._command(export_commands.export, opening.ask_export)
        self._command(case_commands.close_case, closing.close_case)
        add(
            "settings",
            "Settings",
            opening.ask_settings,
            "Ctrl+,",
            glyph="gear-six",
            detail="Reader, keys, device",
        )
        add("quit", "Quit", self._window.close, "Ctrl+Q")

    def _history(self) -> None:
        start = self._session.start
        self._command(case_commands.undo, lambda: start(case_commands.undo))
        self._command(case_commands.redo, lambda: start(case_commands.redo), "Ctrl+Shift+Z Ctrl+Y")
        self._command(measure.delete_last_ruler, lambda: start(measure.delete_last_ruler))
        self._command(measure.delete_rulers, lambda: start(measure.delete_rulers))

    def _tools(self) -> None:
        group = QActionGroup(self._window)
        for entry in (*table.VIEW_TOOLS, *table.EDIT_TOOLS):
            action = self._actions.add_switch(
                entry.name, entry.title, _constant(self._choose_tool, entry.name), entry.keys,
                glyph=entry.glyph, detail=entry.detail,
            )  # fmt: skip
            action.setIcon(icon(entry.glyph, theme.TEXT, theme.ACCENT))
            group.addAction(action)
        add, state = self._actions.add, self._session.view
        add("brush_smaller", "Smaller brush", lambda: self._resize_brush(1 / table.BRUSH_STEP), "[ -")
        add("brush_larger", "Larger brush", lambda: self._resize_brush(table.BRUSH_STEP), "] + =")
        add("brush_shape", "Disc or ball", lambda: setattr(state, "brush_3d", not state.brush_3d), "D")
        add(
            "paint_over",
            "Paint over",
            self._c.tool.flip_paint_over,
            "O",
            detail="Paint over unlocked segments or not",
        )
        add("abort", "Stop the stroke", self._session.gestures.abort, "Esc")

    def _views(self) -> None:
        for entry in table.SWITCHES:
            self._actions.add_switch(
                entry.name, entry.title, _field(self._session.view, entry.name), entry.keys,
                glyph=entry.glyph, detail=entry.detail,
            )  # fmt: skip
        add, viewer = self._actions.add, self._c.viewer
        self._layouts()
        self._label_look()
        add("fit", "Fit", viewer.fit, "R", glyph="frame-corners", detail="Show whole slices again")
        add("next_slice", "Next slice", lambda: viewer.scroll(1), "Down PgDown")
        add("previous_slice", "Previous slice", lambda: viewer.scroll(-1), "Up PgUp")
        add("next_zone", "Next part of the window", self._c.next_zone, "F6", detail="Move the focus on")
        add("close_message", "Close the message", self._window.banner.hide, "Shift+Esc")
        add("full_screen", "Full screen", self._window.flip_full_screen, "F11")
        for number in range(6):
            key = str(number + 1)
            add(f"preset_{key}", f"Window preset {key}", _constant(self._preset, number), key)
        for name in ("next_slice", "previous_slice", "large"):
            self._actions.keep_to(name, self._window.central)

    def _layouts(self) -> None:
        add, pair, studies = self._actions.add, self._c.side_by_side, self._c.studies
        add("layout", "Layout", pair.next_layout, "L", glyph="layout", detail="Next arrangement of the views")
        add(
            "next_beside",
            "Another series beside",
            pair.show_next,
            "Shift+L",
            glyph="columns",
            detail="Show the next series of the study beside the open one",
        )
        add("next_plane", "Next plane", self._next_plane, "V", detail="Axial, sagittal, coronal")
        self._command(beside_commands.show_beside, studies.show_chosen_beside, "Shift+Return")
        self._actions.keep_to("show_beside", studies.tree)

    def _label_look(self) -> None:
        step, look = table.OPACITY_STEP, self._c.segments.look
        for name, title, slider, by, key in (
            ("opacity_less", "Less opacity", look.opacity, -step, "Ctrl+["),
            ("opacity_more", "More opacity", look.opacity, step, "Ctrl+]"),
            ("strength_less", "Less opacity of this segment", look.strength, -step, "Ctrl+Alt+["),
            ("strength_more", "More opacity of this segment", look.strength, step, "Ctrl+Alt+]"),
            ("outline_less", "Narrower outlines", look.outline, -1, "Alt+["),
            ("outline_more", "Wider outlines", look.outline, 1, "Alt+]"),
        ):
            self._actions.add(name, title, _constant(_mover(slider), by), key)

    def _segments(self) -> None:
        list_ = self._c.segments
        self._command(segments.add_segment, list_.ask_new)
        self._actions.add("rename", "Rename", list_.edit_name, "F2", glyph="pencil-simple")
        self._actions.add("recolour", "Colour", list_.ask_colour, "Shift+C", glyph="palette")
        self._command(segments.toggle_lock, list_.toggle_lock)
        self._command(segments.toggle_visible, list_.toggle_visible)
        self._command(segments.duplicate_segment, list_.duplicate)
        self._command(segments.merge_segments, list_.merge)
        self._command(segments.delete_segment, list_.ask_delete)
        add = self._actions.add
        add("next_finding", "Next finding", lambda: self._step(1), "Tab", glyph="caret-down")
        add("previous_finding", "Previous finding", lambda: self._step(-1), "Shift+Tab", glyph="caret-up")
        for name in ("next_finding", "previous_finding"):
            self._actions.keep_to(name, self._window.central)

    def _ai(self) -> None:
        panel, ai, add = self._c.proposals, self._c.ai, self._actions.add
        self._command(proposals.run_model, ai.run)
        add("choose_model", "Choose model", ai.open_choice, "Ctrl+Shift+M")
        add("stop_model", "Stop", self._stop, "Ctrl+.", detail="Stop the running model or task")
        add("about_model", "About this model", ai.toggle_card, "Ctrl+I", glyph="info")
        self._command(models.train, self._train)
        self._command(models.bring_in, self._c.importing.ask_file)
        add("bring_in_folder", "Import model folder", self._c.importing.ask_folder, "Ctrl+Alt+L")
        self._model_care()
        self._command(proposals.accept_candidate, lambda: panel.decide_selected("accept"))
        self._command(proposals.reject_candidate, lambda: panel.decide_selected("reject"))
        self._command(proposals.accept_candidates, panel.accept_listed)
        self._command(proposals.reopen_candidate, panel.reconsider)
        step = table.SCORE_STEP
        add("score_lower", "Lower least score", lambda: panel.move_threshold(-step), ",")
        add("score_higher", "Higher least score", lambda: panel.move_threshold(step), ".")
        self._command(prompts.undo_prompt, lambda: self._session.start(prompts.undo_prompt))
        self._command(proposals.clear_proposal, lambda: self._session.start(proposals.clear_proposal))

    def _model_care(self) -> None:
        care = self._c.care
        self._command(downloads.download, self._c.download.open)
        self._command(downloads.update, care.update)
        self._actions.add(
            "update_all", "Update all models", care.update_all, "Ctrl+Alt+Shift+U",
            detail="Replace every model that you downloaded where its place has a newer one",
        )  # fmt: skip
        self._command(models.verify, care.verify)
        self._command(models.remove, care.ask_remove)

    # -- menus and strip ---------------------------------------------------------------------------

    def _menus(self) -> None:
        whole = QMenu(self._window)
        for title, names in (
            ("File", table.FILE_MENU),
            ("Edit", table.EDIT_MENU),
            ("View", table.VIEW_MENU),
            ("Segment", table.SEGMENT_MENU),
            ("AI", table.AI_MENU),
        ):
            whole.addMenu(self._actions.menu(title, names, whole))
        self._window.strip.menu_button.setMenu(whole)

    def _strip(self) -> None:
        strip, get = self._window.strip, self._actions
        opening = self._c.opening.open_menu()
        strip.add_menu_button("Open", "folder-open", "Alt+O", "Open a study, a case or a mask", opening)
        for entries in (table.VIEW_TOOLS, table.EDIT_TOOLS):
            for button in strip.add_group([get[entry.name] for entry in entries], words=True):
                button.setProperty("tool", True)
        strip.add_group([get["undo"], get["redo"]])
        strip.add_space()
        names = (
            "show_labels",
            "show_cross",
            "show_patient",
            "interpolate",
            "show_3d",
            "layout",
            "fit",
            "show_panels",
        )
        strip.add_group([get[name] for name in names])
        strip.add_line()
        strip.add_menu_button(
            "AI", "sparkle", "Alt+I", "Run a model, decide on proposals",
            get.menu("AI", table.AI_MENU, strip),
        )  # fmt: skip
        strip.add_action(get["save_case"])
        strip.add_action(get["export"])
        strip.add_action(get["settings"], words=False)
        strip.chain_focus()
        strip.fit_words()

    # -- following the session ---------------------------------------------------------------------

    def _follow_view(self) -> None:
        state = self._session.view
        for entry in table.SWITCHES:
            action = self._actions[entry.name]
            action.setChecked(bool(getattr(state, entry.name)))
            getattr(state.events, entry.name).connect(_checker(action))
        state.events.tool.connect(self._show_tool)
        state.events.show_panels.connect(self._window.fold_panels, max_args=1)
        self._show_tool()

    def _show_tool(self, *_: object) -> None:
        if self._session.view.tool in self._actions:
            self._actions[self._session.view.tool].setChecked(True)

    def _apply_keys(self) -> None:
        for name, keys in self._c.opening.keys().items():
            if name in self._actions:
                self._actions.set_key(name, keys)

    # -- what short actions do ---------------------------------------------------------------------

    def _choose_tool(self, name: str) -> None:
        self._session.view.tool = name

    def _stop(self) -> None:
        self._c.ai.stop() if self._c.ai.is_running else self._window.status.task.stop()

    def _train(self) -> None:
        chosen = self._c.ai.chosen
        self._c.training.open(chosen.name if chosen is not None else "")

    def _resize_brush(self, factor: float) -> None:
        state = self._session.view
        state.brush_mm = round(min(max(state.brush_mm * factor, 0.5), 100.0), 1)

    def _next_plane(self) -> None:
        state = self._session.view
        state.plane = table.PLANES[(table.PLANES.index(state.plane) + 1) % len(table.PLANES)]

    def _preset(self, number: int) -> None:
        names = window_names(in_hand(self._session)[0].modality) if self._session.case else ()
        if number < len(names):
            self._session.start(view.set_window, name=names[number])

    def _step(self, by: int) -> None:
        if self._c.proposals.model.rowCount():
            self._c.proposals.step(by)
        elif self._session.case is not None:
            self._session.start(segments.next_segment, backwards=by < 0)


def _mover(slider: QSlider) -> Callable[[int], object]:
    return lambda by: slider.setValue(slider.value() + by)


def _constant(function: Callable[[Any], object], value: Any) -> Callable[..., object]:
    return lambda *_: function(value)


def _field(state: Any, name: str) -> Callable[[bool], object]:
    return lambda on: setattr(state, name, on)


def _checker(action: Any) -> Callable[[bool], object]:
    return lambda on: action.setChecked(bool(on))
