"""Tensors of a safetensors file as views on its bytes: nothing is copied, nothing of the file is believed. No torch.

The format (https://github.com/huggingface/safetensors#format): 8 bytes of length, a JSON header, then the tensors' own
bytes without gaps. The library's own way copies every tensor, which is a tenth of what bringing an adapter in takes.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bytes = NDArray[np.uint8]

_LENGTH = 8
_BFLOAT16 = "BF16"
_TYPES: Mapping[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
    _BFLOAT16: np.dtype("<u2"),
}


def tensors_in(content: Bytes) -> dict[str, Array]:
    """Return the tensors by name, views on `content`; bf16, which numpy lacks, becomes fp32.

    Raises `ValueError` for what is no safetensors file.
    """
    start = _LENGTH + int.from_bytes(content[:_LENGTH].tobytes(), "little")
    if content.size < start or content.size < _LENGTH:
        raise ValueError("a tensor file is shorter than its header says")
    header = json.loads(content[_LENGTH:start].tobytes())
    if not isinstance(header, dict):
        raise ValueError("the header of a tensor file is no object")
    header.pop("__metadata__", None)
    places = sorted((_place(told), name) for name, told in header.items())
    end = 0
    for (begins, ends), _ in places:
        if begins != end or ends < begins:
            raise ValueError("the tensors of a file overlap or leave gaps")
        end = ends
    if start + end != content.size:
        raise ValueError("a tensor file is not as long as its header says")
    return {name: _view(content[start + begins : start + ends], header[name]) for (begins, ends), name in places}


def _place(told: object) -> tuple[int, int]:
    found = told.get("data_offsets") if isinstance(told, Mapping) else None
    if not (isinstance(found, list) and len(found) == 2 and all(type(place) is int for place in found)):
        raise ValueError("a tensor has no place in its file")
    return found[0], found[1]


def _view(content: Bytes, told: Mapping[str, Any]) -> Array:
    kind, shape = told.get("dtype"), told.get("shape")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ValueError(f"a tensor is of type {kind!r:.20}; {', '.join(_TYPES)} are read")
    if not (isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)):
        raise ValueError("a tensor's shape is no list of sizes")
    if math.prod(shape) * _TYPES[kind].itemsize != content.size:
        raise ValueError("a tensor's shape does not fill its place")
    array: Array = content.view(_TYPES[kind]).reshape(shape)
    if kind == _BFLOAT16:
        widened: Array = array.astype(np.uint32) << 16
        return widened.view(np.float32)
    # older files put the tensors where their header happens to end
    return array if array.flags.aligned else array.copy()
