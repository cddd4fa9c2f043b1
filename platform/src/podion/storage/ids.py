"""Names for rows: unique, opaque, and in the order of time."""

import hashlib
import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_NANOSECONDS = 1_000_000


def new_id(prefix: str) -> str:
    """Return `<prefix>_<26 characters>`: a ULID whose first random bits are the nanoseconds within the millisecond.

    Ids of one machine sort by the time they were made, as finely as its clock ticks; 60 bits remain random
    (the way of RFC 9562, section 6.2, method 3).
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), _NANOSECONDS)
    number = ((milliseconds << 20) | nanoseconds) << 60 | secrets.randbits(60)
    return f"{prefix}_{_crockford(number)}"


def derived_id(prefix: str, source: str) -> str:
    """Return `<prefix>_<26 characters>` out of the SHA-256 of `source`: equal for equal sources."""
    return f"{prefix}_{_crockford(int.from_bytes(hashlib.sha256(source.encode()).digest()[:16], 'big'))}"


def _crockford(number: int) -> str:
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
