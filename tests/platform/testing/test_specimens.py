"""Records are made up from a schema; where that cannot work the author is told what to give."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from podion import LabelHead, Span, SpanHead, Task
from podion.testing.specimens import TEXT, example_rows, label_kind, label_spaces, labelled_records


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Place(BaseModel):
    town: str = Field(min_length=2)


class Everything(BaseModel):
    text: str = Field(min_length=70, max_length=90)
    day: date
    at: datetime
    key: UUID
    colour: Colour
    kind: Literal["a", "b"]
    place: Place
    places: list[Place] = Field(min_length=2)
    count: int = Field(ge=18, le=99)
    share: Annotated[float, Field(gt=0, lt=1)]
    small: int = Field(le=-3)
    sure: bool
    label: str | None = None


class Coded(BaseModel):
    text: str
    code: str = Field(pattern=r"^[A-Z]\d{9}$")
    label: str | None = None


class Tags(BaseModel):
    text: str
    label: list[str] | None = None


class Marks(BaseModel):
    text: str
    label: list[Span] | None = None


class Grade(BaseModel):
    text: str
    label: int | None = None


class Coloured(BaseModel):
    text: str
    label: Colour | None = None


def _task(record: type[BaseModel]) -> Task:
    return Task(name="t", record=record, head=LabelHead())


def test_a_row_fits_the_schema_it_was_made_from() -> None:
    [row] = example_rows(_task(Everything), ())
    record = Everything.model_validate(row)
    assert (len(record.text), record.count, len(record.places)) == (70, 18, 2)


def test_given_rows_come_first() -> None:
    assert example_rows(_task(Coded), [{"text": "x", "code": "A123456789"}]) == [{"text": "x", "code": "A123456789"}]


def test_what_cannot_be_made_up_is_asked_for() -> None:
    task = _task(Coded)
    with pytest.raises(AssertionError, match=r"give rows in.*examples = \{'t'"):
        labelled_records(task, label_spaces(task)[0], (), ["a"])


@pytest.mark.parametrize(
    ("record", "kind", "label", "value"),
    [
        (Grade, "number", "1", 1),
        (Tags, "texts", "label_01", ["label_01"]),
        (Marks, "spans", "label_01", [Span(start=0, end=4, label="label_01")]),
        (Coloured, "text", "label_01", "label_01"),
        (Everything, "text", "label_01", "label_01"),
    ],
)
def test_labels_take_the_shape_of_their_field(record: type[BaseModel], kind: str, label: str, value: object) -> None:
    task = _task(record)
    assert label_kind(task) == kind
    space = label_spaces(task)[0]
    assert label in space.labels
    marked, unmarked = labelled_records(task, space, (), [label, None])
    assert (marked.label, unmarked.label) == (value, None)  # type: ignore[attr-defined]
    assert marked.text == TEXT  # type: ignore[attr-defined]


def test_spaces_are_small_and_large_or_as_declared() -> None:
    assert [len(space) for space in label_spaces(_task(Marks))] == [2, 50]
    declared = Task(name="t", record=Marks, head=SpanHead(), labels=("a", "b", "c"))
    assert [space.labels for space in label_spaces(declared)] == [("a", "b", "c")]
