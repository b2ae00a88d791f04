"""`medseg export`: converts labels to verified files."""

from __future__ import annotations

from medseg_app.app.export_files import exported_files
from medseg_app.io.export_options import ExportOptions

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """Convert the labels of a case or a label file."""
    options = ExportOptions(deidentify=arguments.deidentify, overlap=arguments.overlap)
    progress = say.progress_of(arguments)
    with exported_files(
        arguments.input, arguments.outputs, arguments.source, arguments.series, options, progress
    ) as done:
        say.work_is_done()
        progress(1.0, "Done")
        say.remarks(arguments, done.remarks)
        say.left_out(done.left_out)
        say.result(arguments, done.document(), say.outputs(done.outputs))
    return say.LEFT_OUT if done.left_out else say.DONE
