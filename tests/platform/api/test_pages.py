"""Cursors lead through a whole list, and only cursors of our own are taken."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from podion.api.pages import Page, decode, encode, page
from podion.errors import DataError

POSITIONS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=100)


class Item(BaseModel):
    number: int


@given(POSITIONS)
def test_a_cursor_leads_back_to_its_position(position: str) -> None:
    cursor = encode(position)
    assert decode(cursor) == position
    assert cursor.isascii() and "=" not in cursor and "+" not in cursor and "/" not in cursor


def test_no_cursor_is_the_beginning() -> None:
    assert decode(None) is None


@given(st.text(max_size=60))
def test_what_we_did_not_make_is_refused_by_name(text: str) -> None:
    try:
        position = decode(text)
    except DataError as error:
        assert error.code == "bad_cursor"
    else:
        assert position is not None, "it happens to be one that we could have made"


@pytest.mark.parametrize("text", ["", "garbage", "épée", base64.urlsafe_b64encode(b"2:x").decode(), "\ud800", "===="])
def test_some_that_are_surely_not_ours(text: str) -> None:
    with pytest.raises(DataError, match="not one that this server gave"):
        decode(text)


@given(st.lists(st.integers(), unique=True, max_size=40), st.integers(1, 10))
def test_pages_show_every_item_once_and_in_order(numbers: list[int], limit: int) -> None:
    shown: list[int] = []
    cursor = None
    for _ in range(len(numbers) + 2):
        after = decode(cursor)
        start = numbers.index(int(after)) + 1 if after is not None else 0
        found: Page[Item] = page(numbers[start : start + limit + 1], limit, lambda number: Item(number=number), str)
        assert len(found.data) <= limit
        shown += [item.number for item in found.data]
        cursor = found.next
        if cursor is None:
            break
    assert shown == numbers
