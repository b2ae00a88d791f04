"""ONNX files written by hand, field by field as onnx.proto (version 1) numbers them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

FLOAT, AN_INT, INTS, A_TENSOR = 1, 2, 7, 4


def field(number: int, value: int | bytes | str) -> bytes:
    """One field of a message: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def tensor(name: str, values: np.ndarray, extra: bytes = b"") -> bytes:
    """A TensorProto of float32."""
    dims = b"".join(field(1, n) for n in values.shape)
    return dims + field(2, FLOAT) + field(8, name) + field(9, values.astype("<f4").tobytes()) + extra


def external_tensor(name: str, shape: Sequence[int], location: str) -> bytes:
    """A TensorProto whose values lie in another file."""
    dims = b"".join(field(1, n) for n in shape)
    entry = field(1, "location") + field(2, location)
    return dims + field(2, FLOAT) + field(8, name) + field(13, entry) + field(14, 1)


def node(kind: str, inputs: Sequence[str], output: str, attributes: bytes = b"", domain: str = "") -> bytes:
    """A NodeProto."""
    named = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
    return named + attributes + (field(7, domain) if domain else b"")


def ints(name: str, values: Sequence[int]) -> bytes:
    """An attribute of a node: a list of whole numbers."""
    body = field(1, name) + b"".join(field(8, n) for n in values) + field(20, INTS)
    return field(5, body)


def _value(name: str, dims: Sequence[int | str]) -> bytes:
    shape = b"".join(field(1, field(1, d) if isinstance(d, int) else field(2, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, shape)))


def model(nodes: Sequence[bytes], tensors: Sequence[bytes], dims: Sequence[int | str], classes: int) -> bytes:
    """A ModelProto from `image` to `answer`."""
    graph = b"".join(field(1, one) for one in nodes) + field(2, "g")
    graph += b"".join(field(5, one) for one in tensors)
    graph += field(11, _value("image", dims)) + field(12, _value("answer", (dims[0], classes, *dims[2:])))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


ANY = (1, 1, "k", "j", "i")


def kernel() -> np.ndarray:
    """Weights (2, 1, 3, 3, 3): class 1 is what is above 0 at the voxel itself."""
    values = np.zeros((2, 1, 3, 3, 3), np.float32)
    values[1, 0, 1, 1, 1] = 4.0
    return values


def convolution(extra: bytes = b"", domain: str = "") -> bytes:
    """The node that applies the kernel."""
    attributes = ints("kernel_shape", (3, 3, 3)) + ints("pads", (1,) * 6) + extra
    return node("Conv", ("image", "w"), "answer", attributes, domain)


def segmenting(dims: Sequence[int | str] = ANY) -> bytes:
    """A whole network: above 0 is class 1."""
    return model([convolution()], [tensor("w", kernel())], dims, 2)


def softmaxed() -> bytes:
    """The same with probabilities as its answer."""
    inner = node("Conv", ("image", "w"), "logits", ints("kernel_shape", (3, 3, 3)) + ints("pads", (1,) * 6))
    axis = field(5, field(1, "axis") + field(3, 1) + field(20, AN_INT))
    return model([inner, node("Softmax", ("logits",), "answer", axis)], [tensor("w", kernel())], ANY, 2)


def as_float_bits(value: float) -> bytes:
    """A fixed 32-bit number."""
    return struct.pack("<f", value)
