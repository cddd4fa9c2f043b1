"""Lists in pages, with cursors that say nothing to those who read them."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from podion.errors import DataError

ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT")

Limit = Annotated[int, Query(ge=1, le=200, description="most items of one page")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]


class Page(BaseModel, Generic[ItemT]):
    """A page of a list, newest first."""

    data: list[ItemT]
    next: str | None = Field(default=None, description="cursor of the next page; null at the end")


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


def page(
    rows: Sequence[RowT], limit: int, shape: Callable[[RowT], ItemT], position: Callable[[RowT], str]
) -> Page[ItemT]:
    """Return one page out of `limit + 1` rows asked for: the extra row tells whether there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(data=[shape(row) for row in shown], next=encode(position(shown[-1])) if more and shown else None)
