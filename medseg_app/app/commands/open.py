"""Open folders, series, image files, cases and masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medseg_app.app.change import Change
from medseg_app.app.command import Job, command
from medseg_app.app.enter_case import enter
from medseg_app.app.left_out import left_behind, nothing_found
from medseg_app.app.mask_or_image import Kind, kind_of_file
from medseg_app.app.session import Session
from medseg_app.core.case import Case
from medseg_app.core.errors import ImagesMoved, WrongUse
from medseg_app.core.progress import Progress
from medseg_app.core.volume import Volume
from medseg_app.io.images import find_images, is_image_file


@command("Open", menu="File", shortcut="Ctrl+O")
def open_path(session: Session, *, path: Path) -> Job[Any, Any]:
    """Open a DICOM folder or file, an image file or a case."""
    if path.suffix.lower() == ".medseg":
        return open_case(session, path=path)
    if is_image_file(path):
        return open_image(session, path=path)
    return open_folder(session, path=path)


@command("Open folder", menu="File")
def open_folder(session: Session, *, path: Path) -> Job[Any, Any]:
    """List the series of a DICOM folder, file or DICOMDIR."""
    if not path.exists():
        raise WrongUse(f"{path} does not exist.", "Check the name.")

    def announce(found: Any) -> None:
        session.studies.announce(found)
        session.changed.emit(Change.of("studies"))

    def work(progress: Progress) -> Any:
        from medseg_app.io.dicom.scan import scan_folder

        def tell(found: Any) -> None:
            session.tasks.on_main(lambda: announce(found))

        return scan_folder(path, on_series=tell, progress=progress)

    def apply(result: Any) -> Any:
        session.studies.add(result.volumes)
        session.studies.announced.clear()
        session.studies.left_out += [(item.path, item.reason) for item in result.left_out]
        session.settings.remember(path)
        session.changed.emit(Change.of("studies"))
        if not result.volumes:
            session.tell("problem", nothing_found(path, result.left_out), "Choose another folder.")
        elif missing := left_behind(result.left_out):
            session.tell("note", missing, "The series that were found are in the list.")
        return result

    return Job(f"Read {path.name}", work, apply)


@command("Open series")
def open_volume(session: Session, *, volume_id: str) -> Job[Volume, Case]:
    """Open one series of the list."""
    info = session.studies.find(volume_id)

    def work(progress: Progress) -> Volume:
        from medseg_app.io.dicom.volume import load_volume

        return _hashed(load_volume(info, progress=progress))

    return Job(f"Open {info.description or 'series'}", work, lambda volume: _enter_new(session, volume))


@command("Open image file", menu="File")
def open_image(session: Session, *, path: Path) -> Job[Volume, Case]:
    """Open a NIfTI, NRRD or MHA image."""

    def work(progress: Progress) -> Volume:
        from medseg_app.io.formats import read_image

        return _hashed(read_image(path))

    return Job(f"Open {path.name}", work, lambda volume: _enter_new(session, volume))


@command("Open case", menu="File")
def open_case(session: Session, *, path: Path, source: Path | None = None) -> Job[Case, Case]:
    """Open a saved case.

    source: where its images are now if they moved. They are also found among the series of the list.
    Raises ImagesMoved where they are not.
    """
    listed = {info.id: info.root for info in session.studies}

    def work(progress: Progress) -> Case:
        from medseg_app.io.case_file import read_case_file

        contents = read_case_file(path)
        places = [source] if source else contents.source_candidates(path)
        if contents.volume_id in listed:
            places.append(listed[contents.volume_id])
        volume = find_images(places, contents.volume_id, contents.voxels_sha256, progress)
        if not volume.geometry.same_grid(contents.segmentation.geometry):
            raise ImagesMoved(
                f"The grid of {path.name} is not that of its images.", "Choose the folder of its images."
            )
        return Case(
            volume, contents.segmentation, contents.id, path,
            rulers=list(contents.rulers), saved_revision=contents.segmentation.revision,
            saved_rulers=contents.rulers,
        )  # fmt: skip

    def apply(case: Case) -> Case:
        recovered = enter(session, case)
        session.settings.remember(path)
        if case.read_only:
            hint = f"Here it can be viewed, not changed. {case.read_only.hint}"
            session.tell("note", case.read_only.message, hint)
        elif source and not recovered:
            session.tell(
                "ok", f"The images were found in {source}.", "Save the case to keep their new place."
            )
        return case

    return Job(f"Open {path.name}", work, apply)


@command("Open mask", menu="File")
def open_labels(session: Session, *, path: Path) -> Job[Any, tuple[int, ...]]:
    """Put the segments of a SEG, NIfTI, NRRD or MHA file onto the series that is open now."""
    from medseg_app.app.import_segments import import_segments

    case = session.writable()
    remarks: list[str] = []

    def work(progress: Progress) -> Any:
        from medseg_app.io.formats import import_labels

        return import_labels(path, case.volume, remarks.append)

    def apply(labels: Any) -> tuple[int, ...]:
        if session.case is not case:  # its voxels would land elsewhere in another patient
            raise WrongUse(
                f"{path.name} was meant for a series that is not open any more.",
                "Open that series, then the mask again.",
            )
        made = import_segments(session, labels, path.name)
        for remark in remarks:
            session.tell("note", remark)
        return made

    return Job(f"Read {path.name}", work, apply)


@command("Tell mask from image")
def tell_kind(session: Session, *, path: Path) -> Job[Kind, Kind]:
    """Look whether an image file is a mask for the open series or an image of its own."""
    grid = session.open().volume.geometry
    return Job(f"Look at {path.name}", lambda progress: kind_of_file(path, grid, progress), lambda kind: kind)


def _hashed(volume: Volume) -> Volume:
    """Compute the hash beside the window; it is needed for the first stroke."""
    _ = volume.sha256
    return volume


def _enter_new(session: Session, volume: Volume) -> Case:
    case = Case.of(volume)
    enter(session, case)
    return case
