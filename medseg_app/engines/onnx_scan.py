"""What is refused in an ONNX file before anybody reads it: other files, and operators that are not ONNX's.

An ONNX file is a tree of protobuf messages. Only its skeleton is walked here: lengths and field
numbers, as the format (onnx.proto, version 1) has them; tensors are stepped over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from medseg_app.core.errors import ModelError

MAX_BYTES = 2 * 1024**3
"""A protobuf message cannot be larger."""
MAX_DEPTH = 32
MAX_VARINT = 10
STANDARD = {"", "ai.onnx"}
"""Domains whose operators the ONNX standard describes; others need libraries that would be loaded."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
CHILDREN = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Message -> fields that hold messages which are looked at."""
TENSOR_EXTERNAL_DATA, TENSOR_LOCATION, NODE_DOMAIN, MODEL_GRAPH = 13, 14, 7, 7
Field = tuple[int, int | memoryview]


def scan_onnx(data: bytes) -> None:
    """Raises ModelError where the file names other files or foreign operators, or is not ONNX."""
    if len(data) > MAX_BYTES:
        raise ModelError("The ONNX file is larger than 2 GB, which the format does not allow.")
    if MODEL_GRAPH not in {number for number, _ in _fields(memoryview(data))}:
        _damaged()
    _scan("model", memoryview(data), 0)


def _scan(kind: str, message: memoryview, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ModelError("The graph of the ONNX file is nested too deeply.", "It is no segmentation network.")
    for number, value in _fields(message):
        if kind == "tensor":
            _require_inside(number, value)
        elif kind == "node" and number == NODE_DOMAIN:
            _require_standard(value)
        child = CHILDREN[kind].get(number)
        if child:
            if not isinstance(value, memoryview):
                _damaged()
            _scan(child, value, depth + 1)


def _require_inside(number: int, value: int | memoryview) -> None:
    if number == TENSOR_EXTERNAL_DATA or (number == TENSOR_LOCATION and value != 0):
        raise ModelError(
            "The ONNX file keeps weights in other files, and names where they lie on the disk.",
            "Export it again with all its data in one file.",
        )


def _require_standard(value: int | memoryview) -> None:
    domain = bytes(value).decode("utf-8", "replace") if isinstance(value, memoryview) else "?"
    if domain not in STANDARD:
        raise ModelError(
            f"The ONNX file uses operators of {domain[:80]!r}, which are not part of the standard.",
            "Export it again with standard operators.",
        )


def _fields(message: memoryview) -> Iterator[Field]:
    """Number and value of every field of a message; fixed-size numbers count as 0."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire = tag >> 3, tag & 7
        value: int | memoryview = 0
        if wire == VARINT:
            value, position = _varint(message, position)
        elif wire == BYTES:
            length, start = _varint(message, position)
            position = start + length
            value = message[start:position]
        elif wire in (FIXED64, FIXED32):
            position += 8 if wire == FIXED64 else 4
        else:
            _damaged()
        if position > len(message):
            _damaged()
        yield number, value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value, start = 0, position
    while True:
        if position >= len(message) or position - start == MAX_VARINT:
            _damaged()
        byte = message[position]
        value |= (byte & 0x7F) << (7 * (position - start))
        position += 1
        if byte < 0x80:
            return value, position


def _damaged() -> NoReturn:
    raise ModelError("The file is not ONNX, or is damaged.", "Copy it again from its source.")
