"""Vectors of texts as they travel in a record: base64 of little-endian float16 numbers, a third of their JSON."""

import base64
import binascii

import numpy as np
from numpy.typing import NDArray

from podion import DataError

_FORM = np.dtype("<f2")


def vector_text(vector: NDArray[np.floating]) -> str:
    """Return a vector as text; numbers keep three digits."""
    return base64.b64encode(np.asarray(vector).astype(_FORM).tobytes()).decode("ascii")


def vector_of(text: str, width: int) -> NDArray[np.float32]:
    """Return the vector [width] that `vector_text` wrote; raises `DataError` where it is none of that width."""
    try:
        found = np.frombuffer(base64.b64decode(text, validate=True), dtype=_FORM).astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"the vector of a fresh item is no base64 of float16 numbers ({error})") from error
    if len(found) != width or not np.isfinite(found).all():
        raise DataError(
            f"the vector of a fresh item has {len(found)} numbers, not all finite or not {width}: send what the base "
            "that the adapter was made on says of its text"
        )
    return found
