"""Images that a network joins are rounded to eight bits before, as bytes are joined in a quarter of the time.

Rounding looks at each voxel by itself, so the answer is the same.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np


def round_before_joining(openvino: ModuleType, model: Any) -> None:
    """Bring every rounding of joined channels of a model of OpenVINO's before their joining, in place."""
    for rounding in model.get_ordered_ops():
        shares = rounding.input_value(0).get_node() if rounding.get_type_name() == "FakeQuantize" else None
        if shares is not None and _are_of_joined(shares):
            rounding.output(0).replace(_joined(openvino.opset13, rounding, shares).output(0))
    model.validate_nodes_and_infer_types()


def _are_of_joined(shares: Any) -> bool:
    """Whether a node multiplies each channel of joined images by a number of its own (see eight_bits.py)."""
    if shares.get_type_name() != "Multiply":
        return False
    joining, factors = (shares.input_value(n).get_node() for n in range(2))
    return (
        (joining.get_type_name(), factors.get_type_name()) == ("Concat", "Constant")
        and joining.get_attributes()["axis"] == 1
        and len(factors.get_data().flatten()) == joining.get_output_partial_shape(0)[1].get_length()
    )


def _joined(ops: Any, rounding: Any, shares: Any) -> Any:
    joining, factors = (shares.input_value(n).get_node() for n in range(2))
    images = joining.input_values()
    ends = np.cumsum([image.get_partial_shape()[1].get_length() for image in images])
    own = np.split(factors.get_data().flatten(), ends[:-1])
    shape = [1, -1, *[1] * (joining.get_output_partial_shape(0).rank.get_length() - 2)]
    limits, levels = rounding.input_values()[1:], rounding.get_attributes()["levels"]
    rounded = [
        ops.fake_quantize(ops.multiply(image, factor.reshape(shape)), *limits, levels)
        for image, factor in zip(images, own, strict=True)
    ]
    return ops.concat(rounded, 1)
