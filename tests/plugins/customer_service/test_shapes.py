"""Details that are found by how they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion_customer_service.shapes import Shape, found


def value(shape: Shape, text: str, *, asked: bool = False) -> str | None:
    span = found(shape, text, asked=asked)
    return text[span.start : span.end] if span else None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kettle leaking. order GB7718203.", "GB7718203"),
        ("单号YT8813显示今天上午签收", "YT8813"),
        ("发票开 1280元，单号 D77-4102", "D77-4102"),
        ("could I get an invoice for order 7741", "7741"),
        ("90021", "90021"),
        ("refund 4999元, bought 2026-07-01", None),
        ("I need 5000 mugs", None),
        ("I paid €75.20 for SN-2047", "SN-2047"),
        ("where is it", None),
    ],
)
def test_codes(text: str, code: str | None) -> None:
    assert value(Shape.CODE, text) == code


def test_bare_digits_are_a_code_when_asked_for() -> None:
    assert value(Shape.CODE, "it's 77412 I think") is None
    assert value(Shape.CODE, "it's 77412 I think", asked=True) == "77412"


@pytest.mark.parametrize(
    ("text", "date"),
    [("我前天买的", "前天"), ("下周三送", "下周三"), ("ordered 18 Aug, fine", "18 Aug"),
     ("on 2026-07-01", "2026-07-01"),
     ("next Monday please", "next Monday"), ("7月1日下的单", "7月1日"), ("soon", None)],
)  # fmt: skip
def test_dates(text: str, date: str | None) -> None:
    assert value(Shape.DATE, text) == date


@pytest.mark.parametrize(
    ("text", "amount"), [("发票开 1280元", "1280元"), ("want my $89.00 back", "$89.00"), ("89", None)]
)
def test_amounts(text: str, amount: str | None) -> None:
    assert value(Shape.AMOUNT, text) == amount


def test_free_text_is_taken_only_when_asked_for() -> None:
    assert value(Shape.TEXT, "  Anna Li ") is None
    assert value(Shape.TEXT, "  Anna Li ", asked=True) == "Anna Li"
    assert value(Shape.TEXT, "x" * 81, asked=True) is None


@given(text=st.text(max_size=200), shape=st.sampled_from(Shape), asked=st.booleans())
def test_what_is_found_stands_in_the_text(text: str, shape: Shape, asked: bool) -> None:
    span = found(shape, text, asked=asked)
    assert span is None or 0 <= span.start < span.end <= len(text)
