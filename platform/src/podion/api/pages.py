"""Lists in pages, as routes show them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from podion.answers import Page
from podion.pages import Cursor, Limit
from podion.storage.cursors import decode, encode

__all__ = ["Cursor", "Limit", "Page", "decode", "page"]

ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT")


def page(
    rows: Sequence[RowT], limit: int, shape: Callable[[RowT], ItemT], position: Callable[[RowT], str]
) -> Page[ItemT]:
    """Return one page out of `limit + 1` rows asked for: the extra row tells whether there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(data=[shape(row) for row in shown], next=encode(position(shown[-1])) if more and shown else None)
