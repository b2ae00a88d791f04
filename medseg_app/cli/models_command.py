"""`medseg models`: lists the models found; imports, checks, fetches, updates and removes them."""

from __future__ import annotations

from typing import Any

from medseg_app.app.download_model import download_model
from medseg_app.app.import_model import ImportedModel, import_model
from medseg_app.app.model_store import remove_model, verify_models
from medseg_app.app.models import list_models
from medseg_app.app.update_models import update_models
from medseg_app.core.errors import WrongUse

from . import say
from .parser import Arguments

FAILED = 1


def run(arguments: Arguments) -> int:
    """List the models, or do what the options say."""
    _refuse_loose_options(arguments)
    if arguments.source is not None:
        made = import_model(arguments.source, name=arguments.name or "", consent=arguments.trust)
        return _tell(arguments, made)
    if arguments.download is not None:
        return _download(arguments)
    if arguments.update is not None:
        return _update(arguments)
    if arguments.verify is not None:
        return _verify(arguments)
    if arguments.remove is not None:
        folder = remove_model(arguments.remove)
        say.result(arguments, {"removed": arguments.remove, "folder": str(folder)}, f"removed {folder}")
        return say.DONE
    return _list(arguments)


def _refuse_loose_options(arguments: Arguments) -> None:
    """An option that would change nothing is a misunderstanding."""
    brings = arguments.source is not None or arguments.download is not None
    if arguments.name and not brings:
        raise WrongUse("--name goes with --import or --download.", "See medseg models --help.")
    if arguments.trust and not brings and arguments.update is None:
        raise WrongUse("--trust goes with --import, --download or --update.", "See medseg models --help.")
    if arguments.download is None and arguments.address:
        raise WrongUse("--from goes with --download.", "See medseg models --help.")


def _download(arguments: Arguments) -> int:
    made = download_model(
        arguments.download,
        arguments.address or "",
        called=arguments.name or "",
        consent=arguments.trust,
        progress=say.progress_of(arguments),
    )
    return _tell(arguments, made)


def _tell(arguments: Arguments, made: ImportedModel) -> int:
    say.work_is_done()
    say.remarks(arguments, made.remarks)
    instead = f" (in place of {made.replaced})" if made.replaced else ""
    say.result(arguments, made.document(), f"{made.name} {made.version}{instead}  {made.folder}")
    return say.DONE


def _update(arguments: Arguments) -> int:
    progress = say.progress_of(arguments)
    found = update_models(arguments.update, consent=arguments.trust, progress=progress)
    say.work_is_done()
    say.remarks(arguments, (remark for one in found for remark in one.remarks))
    say.left_out(f"{one.model}: {one.reason}" for one in found if one.reason)
    lines = [f"{one.model}  {one.state}  {one.version}".rstrip() for one in found]
    say.result(arguments, [one.document() for one in found], "\n".join(lines) or "no models of your own")
    return say.LEFT_OUT if any(one.reason for one in found) else say.DONE


def _verify(arguments: Arguments) -> int:
    checked = verify_models(arguments.verify, arguments.models)
    lines = []
    for one in checked:
        lines.append(f"{one.name}  {'ok' if not one.problems else 'NOT as it was made'}  {one.folder}")
        lines += [f"    {problem}" for problem in one.problems]
    say.result(arguments, [one.document() for one in checked], "\n".join(lines) or "no models")
    return FAILED if any(one.problems for one in checked) else say.DONE


def _list(arguments: Arguments) -> int:
    found = list_models(arguments.models)
    say.remarks(arguments, found.refused)
    say.result(arguments, found.models, "\n".join(_text(model) for model in found.models) or "no models")
    return say.DONE


def _text(model: dict[str, Any]) -> str:
    labels = ", ".join(model["labels"].values())
    size = "-" if model["size_mb"] is None else f"{model['size_mb']:.1f} MB"
    head = f"{model['name']}  {model['task']}  {'/'.join(model['modality'])}  {size}"
    return f"{head}  {model['licence']}\n    {labels}"
