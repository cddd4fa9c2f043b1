"""Positions in a list, as cursors that say nothing to those who read them."""

import base64
import binascii

from podion.errors import DataError


def decode(cursor: str | None) -> str | None:
    """Return the position a cursor stands for; raises `DataError` for one that this server did not make."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        text = ""
    if not text.startswith("1:"):
        raise DataError(f"cursor {cursor[:40]!r} is not one that this server gave", code="bad_cursor")
    return text[2:]


def encode(position: str) -> str:
    """Return the cursor of a position."""
    return base64.urlsafe_b64encode(f"1:{position}".encode()).decode("ascii").rstrip("=")
