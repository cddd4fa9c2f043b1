"""Records keep text to the character, refuse blanks, and refuse spans that do not lie in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from podion_customer_service.schema import TEXT_LIMIT, TEXTS_LIMIT, MarkedUtterance, ParseRequest, Utterance


def refusal(record: type[BaseModel], **values: object) -> tuple[tuple[int | str, ...], str]:
    with pytest.raises(ValidationError) as caught:
        record(**values)
    first = caught.value.errors()[0]
    return first["loc"], first["msg"]


@pytest.mark.parametrize("record", [Utterance, MarkedUtterance, ParseRequest])
@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000\u3000", "x" * (TEXT_LIMIT + 1), "\ud800", 7])
def test_text_that_says_nothing_or_too_much_is_refused_at_its_field(record: type[BaseModel], text: object) -> None:
    where, _ = refusal(record, text=text)
    assert where == ("text",)


def test_text_is_kept_to_the_character() -> None:
    assert Utterance(text=" 退款呢 \n").text == " 退款呢 \n"
    assert Utterance(text="x" * TEXT_LIMIT).text == "x" * TEXT_LIMIT


def test_an_utterance_may_have_no_label_but_not_an_empty_one() -> None:
    assert Utterance(text="hi").label is None
    assert not Utterance(text="hi").oos
    assert refusal(Utterance, text="hi", label="")[0] == ("label",)


def test_spans_must_lie_in_the_text() -> None:
    where, message = refusal(MarkedUtterance, text="order 12", spans=[{"start": 6, "end": 9, "label": "order_number"}])
    assert where == ("spans",)
    assert "[6, 9)" in message
    assert "8 characters" in message


@pytest.mark.parametrize(("start", "end"), [(3, 3), (5, 4)])
def test_spans_must_hold_something(start: int, end: int) -> None:
    assert refusal(MarkedUtterance, text="order 12", spans=[{"start": start, "end": end, "label": "x"}])[0] == (
        "spans",
    )


def test_overlapping_spans_are_refused_and_touching_ones_are_not() -> None:
    first = {"start": 0, "end": 3, "label": "date"}
    where, message = refusal(MarkedUtterance, text="周三下午到", spans=[{"start": 2, "end": 5, "label": "date"}, first])
    assert where == ("spans",)
    assert "overlaps" in message
    touching = [first, {"start": 3, "end": 5, "label": "x"}]
    assert MarkedUtterance(text="周三下午到", spans=touching).model_dump()["spans"] == touching


@given(text=st.text(min_size=1, max_size=40).filter(str.strip), data=st.data())
def test_a_span_is_taken_exactly_when_it_lies_in_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 45))
    end = data.draw(st.integers(1, 45))
    span = {"start": start, "end": end, "label": "x"}
    if start < end <= len(text):
        assert MarkedUtterance(text=text, spans=[span]).model_dump()["spans"] == [span]
    else:
        assert refusal(MarkedUtterance, text=text, spans=[span])[0] == ("spans",)


def test_a_blank_text_with_spans_is_refused_once_for_the_text() -> None:
    with pytest.raises(ValidationError) as caught:
        MarkedUtterance(text=" ", spans=[{"start": 0, "end": 1, "label": "x"}])
    assert [error["loc"] for error in caught.value.errors()] == [("text",)]


def test_nothing_to_mark_differs_from_nobody_looked() -> None:
    assert MarkedUtterance(text="hi", spans=[]).spans == []
    assert MarkedUtterance(text="hi").spans is None


def test_a_request_names_text_or_texts() -> None:
    assert [record.text for record in ParseRequest(text="a").utterances()] == ["a"]
    assert [record.text for record in ParseRequest(texts=["b", "a"]).utterances()] == ["b", "a"]
    for body in ({}, {"text": "a", "texts": ["b"]}):
        assert "either `text`" in refusal(ParseRequest, **body)[1]


def test_a_request_is_bounded_and_has_no_other_fields() -> None:
    assert refusal(ParseRequest, texts=[])[0] == ("texts",)
    assert refusal(ParseRequest, texts=["a"] * (TEXTS_LIMIT + 1))[0] == ("texts",)
    assert refusal(ParseRequest, texts=["a", " "])[0] == ("texts", 1)
    assert refusal(ParseRequest, text="a", tenant="someone-else")[0] == ("tenant",)
