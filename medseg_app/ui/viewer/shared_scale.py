"""SharedScale: two views side by side show the same place of the patient in their middle, equally large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from medseg_app.app.view_state import Plane

from .camera import PlaneCamera
from .slice_view import SliceView


class SharedScale:
    """Ties the view beside to the view of the open series that has its plane; call `close` to untie them."""

    def __init__(self, mains: Mapping[Plane, SliceView], beside: SliceView) -> None:
        self._mains, self._beside = mains, beside
        self._given = PlaneCamera()
        self._is_moving = False
        for view in mains.values():
            view.looked.connect(self._follow_main)
        beside.looked.connect(self._follow_beside)

    def close(self) -> None:
        """Let each view go its own way."""
        for view in self._mains.values():
            view.looked.disconnect(self._follow_main)
        self._beside.looked.disconnect(self._follow_beside)

    def _main(self) -> SliceView | None:
        """The view of the open series; None where both show different planes, or nothing."""
        main = self._mains[self._beside.session.view.plane]
        tied = main.name == self._beside.name and main.plane is not None and self._beside.plane is not None
        return main if tied else None

    def _follow_main(self) -> None:
        main = self._main()
        if self._is_moving or main is None:
            return
        with self._moving():
            self._beside.look(_same_place(main, self._beside))
            self._given = self._beside.camera

    def _follow_beside(self) -> None:
        camera, given, main = self._beside.camera, self._given, self._main()
        if main is None:
            return
        if camera.fitted:  # a series or plane that is new there, or shown whole again
            self._follow_main()
        elif not self._is_moving and (camera.centre, camera.zoom) != (given.centre, given.zoom):
            with self._moving():
                main.look(_same_place(self._beside, main))
                self._given = camera

    @contextmanager
    def _moving(self) -> Iterator[None]:
        self._is_moving = True
        try:
            yield
        finally:
            self._is_moving = False


def _same_place(of: SliceView, on: SliceView) -> PlaneCamera:
    """The camera with which a view shows what is in the middle of another one, at its scale."""
    assert of.plane is not None
    assert on.plane is not None
    middle = of.plane.to_patient(of.camera.centre, of.slice_index)
    h, v = on.plane.from_patient(middle)[0].tolist()
    return replace(on.camera, centre=(h, v), zoom=of.camera.zoom, fitted=False)
