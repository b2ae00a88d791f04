"""What a pickle would do, read from its instructions: weights need few of them, all others are refused."""

from __future__ import annotations

import pickletools
import re
from pathlib import Path
from typing import BinaryIO

from medseg_app.core.errors import ModelError

MAX_PICKLE = 64 * 1024**2
OPCODES = frozenset(
    re.findall(
        r"\w+",
        """PROTO STOP MARK EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 DICT LIST
        BINPUT LONG_BINPUT PUT BINGET LONG_BINGET GET BINUNICODE SHORT_BINUNICODE UNICODE
        BININT BININT1 BININT2 INT LONG LONG1 FLOAT BINFLOAT NONE NEWTRUE NEWFALSE
        BINPERSID REDUCE BUILD SETITEM SETITEMS APPEND APPENDS GLOBAL""",
    )
)
STORAGES = "Float Half BFloat16 Double Long Int Short Char Byte Bool"
GLOBALS = frozenset(
    {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        "torch Size",
        "torch device",
        "numpy dtype",
        "numpy.core.multiarray scalar",
        "numpy._core.multiarray scalar",
        "_codecs encode",
        *(f"torch {kind}Storage" for kind in STORAGES.split()),
    }
)
"""What the weights of a network need. Everything else is refused by its name."""
SAVE_AGAIN = "Ask its authors for the weights alone (torch.save of a state_dict) or for safetensors."


def scan_pickle(pickle: bytes | BinaryIO, source: Path) -> None:
    """Look at the first pickle of bytes, or at the next one of a file; nothing is loaded.

    Raises ModelError, which names `source`, where it holds more than the weights of a network need.
    """
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            if opcode.name == "GLOBAL" and argument not in GLOBALS:
                _refuse(f"calls {str(argument).replace(' ', '.')} when it is loaded", source)
            if opcode.name not in OPCODES:
                _refuse(f"holds the instruction {opcode.name}", source)
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise ModelError(f"{source} is damaged ({error}).", SAVE_AGAIN) from error


def _refuse(what: str, source: Path) -> None:
    raise ModelError(
        f"{source} {what}, which weights do not need and which could run code on this computer.", SAVE_AGAIN
    )
