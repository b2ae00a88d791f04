"""The card that lies beside a single file (net.onnx, net.toml): what the file itself cannot tell.

It has the words of a model card, in TOML or JSON. Needed are modality, labels and preprocessing; a label
may be its name alone, and gets a colour then. `output` says what the network gives: "logits" (also
without the word) or "probabilities".
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError
from medseg_app.engines.graph_network import OUTPUTS
from medseg_app.engines.model_card import ModelCard, Network
from medseg_app.engines.model_folder import parse_card
from medseg_app.engines.preprocess import Preprocessing
from medseg_app.engines.strict_json import read_limited

from .data_file import read_data_file, require_plain
from .draft import NOT_STATED, classes, model_name

OWN = {"engine", "network", "weights", "sha256", "size"}
"""Words of a card that the file itself decides."""
HINT = (
    "Write it in TOML with, at least: modality = ['CT'], [labels] 1 = 'Liver', "
    "[[preprocessing.channels.CT]] kind = 'window', low = -100, high = 300; see docs/adr/0012."
)


def read_card_beside(path: Path, engine: str) -> ModelCard:
    """The card beside a model file. Raises ModelError where there is none or it is not understood."""
    place = next(
        (place for suffix in (".toml", ".json") if (place := path.with_suffix(suffix)).is_file()), None
    )
    if place is None:
        raise ModelError(
            f"{path} does not say what it marks in which images, and there is no card "
            f"{path.with_suffix('.toml').name} or {path.with_suffix('.json').name} beside it.",
            HINT,
        )
    data = _read(place)
    output = data.pop("output", OUTPUTS[0])
    foreign = OWN & set(data)
    if foreign or output not in OUTPUTS:
        word = min(foreign) if foreign else "output"
        raise ModelError(f"{place} is not a card for a model file: {word} cannot be chosen so.", HINT)
    fixed = {"engine": engine, "network": {"name": engine, "arguments": {"output": output}}}
    usual = {"name": model_name(path.stem), "version": "unknown", "task": "semantic", "licence": NOT_STATED}
    card = parse_card({**usual, **data, **fixed, "labels": _labels(data.get("labels"))}, place)
    Preprocessing.from_json(card.preprocessing)
    return replace(card, network=Network(engine, {"output": output}))


def _read(place: Path) -> dict[str, Any]:
    if place.suffix == ".json":
        data = read_data_file(place)
    else:
        try:
            data = tomllib.loads(read_limited(place))
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{place} is not valid TOML ({error}).", HINT) from error
        require_plain(data, place, 0)
    data.pop("schema_version", None)
    return data


def _labels(labels: Any) -> Any:
    """Labels with a colour each, where their values and names can be told; the rest is judged later."""
    if not isinstance(labels, dict) or not all(str(value).isdecimal() for value in labels):
        return labels
    names = {int(value): label for value, label in labels.items() if isinstance(label, str)}
    return {**labels, **{str(value): label for value, label in classes(names).items()}}
