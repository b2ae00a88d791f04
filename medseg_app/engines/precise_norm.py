"""Normalisation as exact as float32 allows: OpenVINO's own adds up a whole channel in one number.

Over the hundred thousand voxels of a tile that number loses its last digits, and the labels of an image
differed from torch's in up to half a percent of the foreground. Sums along one axis after another do not.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

HALF = np.float32(0.5)
"""Multiplying by it is exact; without it OpenVINO would put the sums of the axes together again."""


def normalise_precisely(openvino: ModuleType, model: Any) -> None:
    """Replace every normalisation (MVN) of a model of OpenVINO's by sums axis by axis, in place."""
    fold_constants(model)  # the axes become numbers
    for node in model.get_ordered_ops():
        axes = _axes(node) if node.get_type_name() == "MVN" else []
        if axes:
            node.output(0).replace(_normalised(openvino.opset13, node, axes).output(0))
    model.validate_nodes_and_infer_types()


def fold_constants(model: Any) -> None:
    """Compute what a model of OpenVINO's computes from numbers alone, in place."""
    from openvino.passes import ConstantFolding, Manager

    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(model)


def _axes(node: Any) -> list[int]:
    """The axes of a normalisation; empty where a run decides them or nothing is divided."""
    given = node.input_value(1).get_node()
    if given.get_type_name() != "Constant" or not node.get_attributes()["normalize_variance"]:
        return []
    return [int(axis) for axis in np.atleast_1d(given.get_data())]


def _normalised(ops: Any, node: Any, axes: list[int]) -> Any:
    settings, image = node.get_attributes(), node.input_value(0)
    eps = np.float32(settings["eps"])
    mean = _mean(ops, image, axes)
    # Rounding must not make a variance negative where an image is all one value.
    variance = ops.relu(ops.subtract(_mean_square(ops, image, axes), ops.multiply(mean, mean)))
    centred = ops.subtract(image, mean)
    if settings["eps_mode"] == "INSIDE_SQRT":
        return ops.divide(centred, ops.sqrt(ops.add(variance, eps)))
    return ops.divide(centred, ops.add(ops.sqrt(variance), eps))


def _mean_square(ops: Any, image: Any, axes: list[int]) -> Any:
    """The mean of the squares over some axes, which stay with one place each.

    The length of each row tells its squares: an image of squares is neither written nor read again.
    """
    row = max(axes)
    lengths = ops.reduce_l2(image, np.array([row]), True)
    width = ops.convert(ops.gather(ops.shape_of(image), np.array(row), np.array(0)), "f32")
    return _mean(ops, ops.divide(ops.multiply(lengths, lengths), width), [one for one in axes if one != row])


def _mean(ops: Any, image: Any, axes: list[int]) -> Any:
    """The mean over some axes, which stay with one place each."""
    for axis in sorted(axes, reverse=True):
        image = ops.multiply(ops.reduce_mean(image, np.array([axis]), True), HALF)
    return ops.multiply(image, np.float32(2 ** len(axes)))
