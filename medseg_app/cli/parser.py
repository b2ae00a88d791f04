"""The grammar of the command line. Only the standard library: `--help` must be there at once."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from .streams import aside, print_result

Arguments = argparse.Namespace

INPUT = "a DICOM folder or file, NIfTI, NRRD, MHA, or a case (.medseg)"
OUT = "output; the suffix decides: .seg.dcm .nii .nii.gz .nrrd .mha .json .medseg (may be repeated)"
MODEL = (
    "a name that `medseg models` lists, or A+B: classes of one and findings of the other, merged; models "
    "that find the same vote"
)
DATASET = (
    "a recipe (.toml), or a folder: images and masks, imagesTr and labelsTr of nnU-Net or the Decathlon, "
    "COCO, cases of MedSeg, or pairs NAME_image and NAME_mask"
)
EXIT = (
    "exit codes: 0 done, 1 could not be done, 2 wrong use or input, "
    "3 done with something left out, 130 stopped"
)


def read_arguments(words: Sequence[str] | None = None) -> Arguments:
    """Read the words of a command line. Raises WrongWords (a SystemExit of 2) for wrong ones."""
    arguments = build_parser().parse_args(words)
    for name, default in (("debug", False), ("quiet", False), ("json", False)):
        if not hasattr(arguments, name):
            setattr(arguments, name, default)
    return arguments


class WrongWords(SystemExit):
    """The words make no command; they were told so on standard error already."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(2)
        self.message, self.hint = message, hint


class _Parser(argparse.ArgumentParser):
    def print_help(self, file: object = None) -> None:
        """Print the help as a result is printed: it may be too much for its reader as well."""
        print_result(self.format_help(), end="")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how to learn what is right."""
        hint = f"See {self.prog} --help."
        aside(self.format_usage(), end="")
        aside(f"{self.prog}: error: {message}\n        {hint}")
        raise WrongWords(message, hint)


def build_parser() -> argparse.ArgumentParser:
    """All subcommands with their options."""
    anywhere = _global_options()
    parser = _Parser(
        "medseg", description="Turn CT and MRI studies into ground-truth segmentations.",
        epilog=EXIT, parents=[anywhere], allow_abbrev=False,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for define in (_info, _models, _predict, _export, _evaluate, _train, _measure, _demo, _app, _replay):
        define(_Commands(commands, anywhere))
    return parser


class _Commands:
    """Adds subcommands that all accept the global options."""

    def __init__(self, commands: Any, anywhere: argparse.ArgumentParser) -> None:
        self._commands, self._anywhere = commands, anywhere

    def add(self, name: str, text: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = self._commands.add_parser(
            name, help=text, description=text, epilog=EXIT, parents=[self._anywhere], allow_abbrev=False
        )
        return parser


def _global_options() -> argparse.ArgumentParser:
    """Options that work before and after the subcommand; SUPPRESS keeps one place from undoing the other."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options.add_argument("--quiet", action="store_true", help="no progress and no remarks")
    options.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    return options


class _Version(argparse.Action):
    def __call__(self, *_: object) -> None:
        from importlib.metadata import version

        print_result(f"medseg {version('medseg')}")
        sys.exit(0)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _out(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "-o", dest="outputs", metavar="OUT", action="append", type=_path, required=required, help=OUT
    )


def _info(commands: _Commands) -> None:
    parser = commands.add("info", "list every volume with its geometry passport, and every file left out")
    parser.add_argument("input", metavar="INPUT", type=_path, help=INPUT)
    _json(parser)


def _models(commands: _Commands) -> None:
    parser = commands.add("models", "list the models found; import, check, fetch, update or remove one")
    parser.add_argument("--models", metavar="DIR", type=_path, help="look here before all other places")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--import",
        dest="source",
        metavar="PATH",
        type=_path,
        help="a model folder, MONAI bundle (folder or zip), nnU-Net results, .onnx or TorchScript",
    )
    what.add_argument("--download", metavar="NAME", help="a bundle of MONAI's model zoo, or of --from")
    what.add_argument(
        "--verify", metavar="NAME", nargs="?", const="", help="compare every file with its checksum"
    )
    what.add_argument(
        "--update", metavar="NAME", nargs="?", const="",
        help="replace what was downloaded where its place has a newer version with a right checksum",
    )  # fmt: skip
    what.add_argument("--remove", metavar="NAME", help="remove one of your own models")
    parser.add_argument("--name", metavar="N", help="with --import, --download: what to call the model")
    parser.add_argument(
        "--trust", action="store_true",
        help="run a program (TorchScript, code of a bundle) once, contained; without it it is refused",
    )  # fmt: skip
    parser.add_argument(
        "--from", dest="address", metavar="URL", help="with --download: a zip; #sha256=... is its checksum"
    )
    _json(parser)


def _predict(commands: _Commands) -> None:
    parser = commands.add("predict", "run a model and write verified files")
    parser.add_argument("input", metavar="INPUT", type=_path, help=INPUT)
    parser.add_argument("--model", metavar="NAME", required=True, help=MODEL)
    _out(parser)
    parser.add_argument("--series", metavar="ID", help="id of the volume (see `medseg info`), or: all")
    parser.add_argument(
        "--modality", choices=("CT", "MR", "PT"), default="", help="for files that do not say it"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:N or mps")
    parser.add_argument("--precision", choices=("exact", "fast"), default="exact")
    parser.add_argument(
        "--min-score", metavar="X", type=_score, help="leave out findings below this score (0 to 1)"
    )
    parser.add_argument(
        "--within", metavar="FINDING:CLASS", type=_within, action="append", default=[],
        help="with A+B: such findings are part of the class, so both keep the voxels (may be repeated)",
    )  # fmt: skip
    parser.add_argument("--format", metavar="A,B", help="with --series all: suffixes, such as seg.dcm,nii.gz")
    parser.add_argument("--models", metavar="DIR", type=_path, help="look for models here first")
    _json(parser)


def _export(commands: _Commands) -> None:
    parser = commands.add("export", "convert labels to verified files")
    parser.add_argument("input", metavar="CASE_OR_LABELS", type=_path)
    parser.add_argument(
        "--source", metavar="DICOM_FOLDER", type=_path, help="the images that the labels belong to"
    )
    parser.add_argument("--series", metavar="ID", help="which volume of the source (see `medseg info`)")
    _out(parser)
    parser.add_argument("--deidentify", action="store_true", help="no output leads back to the patient")
    parser.add_argument(
        "--overlap", choices=("first", "last"), help="who keeps a voxel that two segments hold"
    )
    _json(parser)


def _evaluate(commands: _Commands) -> None:
    parser = commands.add(
        "evaluate", "compare a prediction with the truth, or two folders of them case by case"
    )
    parser.add_argument(
        "prediction", metavar="PREDICTION", type=_path, help="a label file, or a folder with one per case"
    )
    parser.add_argument(
        "truth", metavar="TRUTH", type=_path,
        help="the same; cases are paired by file name. Classes of two .medseg match by name, and what TRUTH "
        "has no segment of, not even an empty one, is unknown",
    )  # fmt: skip
    parser.add_argument(
        "--unknown",
        metavar="3,5",
        type=_values,
        default=(),
        help="classes that were not annotated (of DICOM SEG and two .medseg: numbers of segments of TRUTH)",
    )
    parser.add_argument(
        "--unknown-by-case", metavar="FILE", type=_path,
        help='the same for single cases, as JSON: {"case1": [3, 5]}',
    )  # fmt: skip
    parser.add_argument(
        "--tolerance", metavar="MM", type=_millimetres, default=2.0,
        help="of NSD, which counts surface voxels (default 2)",
    )  # fmt: skip
    parser.add_argument(
        "--hit-iou", metavar="X", type=_hit_iou, default=0.3,
        help="IoU from which on a finding is hit (default 0.3). AP has IoUs of its own, and counts the best "
        "100 findings of each case and class, as COCO does",
    )  # fmt: skip
    parser.add_argument(
        "--findings", action="store_true",
        help="all labels are findings: their numbers are ranks, so they are one class",
    )  # fmt: skip
    parser.add_argument(
        "--report", metavar="FOLDER", type=_path, help="write report.html, cases.csv and classes.csv there"
    )
    parser.add_argument(
        "--images", metavar="FOLDER", type=_path, help="images of the cases, to be shown in the report"
    )
    _json(parser)


def _train(commands: _Commands) -> None:
    parser = commands.add("train", "train a model from a recipe (TOML) or a data set")
    parser.add_argument("input", metavar="RECIPE_OR_DATASET", type=_path, help=DATASET)
    parser.add_argument("--name", metavar="N", help="what to call the model (else as the data set)")
    parser.add_argument(
        "--task", choices=("semantic", "instance"),
        help="a class for every voxel, or findings one by one (else what suits the data set)",
    )  # fmt: skip
    parser.add_argument(
        "--from", dest="base", metavar="MODEL",
        help="model to start from: name or folder; or torchvision's weights (.pth, .safetensors); or a "
        "folder with a Mask2Former or MaskFormer of transformers (config.json, model.safetensors)",
    )  # fmt: skip
    parser.add_argument(
        "--backbone", choices=("resnet18", "resnet50", "mobilenet"), default="",
        help="of a new Mask R-CNN; without it a slim ResNet-18",
    )  # fmt: skip
    parser.add_argument(
        "--max-minutes", metavar="M", type=_minutes,
        help="learn for so long, the time before --resume included; reading the cases and measuring the "
        "model come on top. Without it all steps are done, which takes days without a card",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:N or mps")
    parser.add_argument(
        "-o", dest="output", metavar="FOLDER", type=_path,
        help="the model folder to write (else one of your own models, which the window and predict find)",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on where an interrupted training stopped")
    _about_data(parser)
    _json(parser)


def _about_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--modality", choices=("CT", "MR", "PT"), default="",
        help="of the images of a data set that does not say it (else by their values)",
    )  # fmt: skip
    parser.add_argument(
        "--absent", choices=("unknown", "empty"), default="",
        help="a class without a voxel in a case was not looked for there, or is not there (else, in cases of "
        "MedSeg, unknown without a segment of its name; in files of labels empty)",
    )  # fmt: skip


def _measure(commands: _Commands) -> None:
    parser = commands.add("measure", "measure a model on the patients that its training kept back")
    parser.add_argument("input", metavar="RECIPE_OR_DATASET", type=_path, help=DATASET)
    parser.add_argument(
        "--model", metavar="MODEL", default="", help="name or folder (else the recipe's name)"
    )
    parser.add_argument(
        "--backends", action="store_true",
        help="measure instead how close exact and fast come to torch in float32, and what they take",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="write what was measured into the model's card")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda:N or mps")
    _about_data(parser)
    _json(parser)


def _demo(commands: _Commands) -> None:
    parser = commands.add("demo", "open the demonstration study")
    parser.add_argument(
        "--output", metavar="FOLDER", type=_path, help="where study, results and screenshot go"
    )
    parser.add_argument("--close", action="store_true", help="do the job in the window, then close it")


def _app(commands: _Commands) -> None:
    parser = commands.add("app", "open the window")
    parser.add_argument("input", metavar="INPUT", nargs="?", type=_path, help=INPUT)


def _replay(commands: _Commands) -> None:
    parser = commands.add("replay", "do the steps of a journal again and list them")
    parser.add_argument("input", metavar="JOURNAL", type=_path)
    _out(parser, required=False)
    _json(parser)


def _path(text: str) -> Path:
    """A name; an empty one (a variable that was not set) would mean the present folder."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def _minutes(text: str) -> float:
    value = float(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError("minutes are a number above 0")
    return value


def _score(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError("a score lies between 0 and 1")
    return value


def _within(text: str) -> tuple[str, str]:
    finding, mark, name = text.partition(":")
    if not (finding and mark and name):
        raise argparse.ArgumentTypeError(
            "name a finding and a class with a colon between, as in Lesion:Liver"
        )
    return finding, name


def _millimetres(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError("a tolerance is a number of mm, 0 or more")
    return value


def _hit_iou(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError("an IoU lies above 0 and is at most 1")
    return value


def _values(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError("class values are whole numbers with commas between") from None
