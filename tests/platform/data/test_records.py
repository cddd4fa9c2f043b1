import io
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from podion.data.reading import Limits, Refusal, Row, read_rows
from podion.data.records import Accepted, validate, validate_values
from podion.errors import DataError
from podion.head_kinds import LabelHead, SpanHead
from podion.vertical import Task


def task_of(record, **options):
    return Task(name="sample", record=record, head=LabelHead(), **options)


class Kind(StrEnum):
    PRAISE = "praise"
    COMPLAINT = "complaint"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rich(BaseModel):
    text: str = Field(min_length=2, max_length=20, pattern="^[a-z0-9 ]*$")
    label: Literal["praise", "complaint"] | None = None
    kind: Kind | None = None
    level: Level | None = None
    outcome: Literal[0, 1] | None = None
    sure: Literal[True, False] | None = None
    count: Annotated[int, Field(ge=0, lt=10)] | None = None
    share: float | None = Field(default=None, gt=0, le=1)
    at: datetime | None = None
    tags: list[str] | None = None
    flag: bool = False


def test_csv_cells_become_what_their_fields_are(records):
    (row,) = records(
        task_of(Rich),
        "text,kind,level,outcome,sure,count,share,at,flag\nhello,praise,2,1,true,3,0.5,2026-01-31,1\n",
    )
    assert row.record == Rich(
        text="hello", kind=Kind.PRAISE, level=Level.HIGH, outcome=1, sure=True, count=3, share=0.5,
        at=datetime(2026, 1, 31), flag=True,
    )  # fmt: skip


@pytest.mark.parametrize("flag", ["1", "true", "True", "yes", "on", "0", "false", "no"])
def test_csv_booleans_come_in_many_forms(records, flag):
    (row,) = records(task_of(Rich), f"text,flag\nhello,{flag}\n")
    assert row.record.flag is (flag.lower() in ("1", "true", "yes", "on"))


def test_an_empty_cell_is_a_missing_value(records):
    good, bad = records(task_of(Rich), "text,count,flag\nhello, ,\n,1,1\n")
    assert good == Accepted(2, Rich(text="hello"))
    assert bad == Refusal(3, "text", "is missing")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("text", "a", "must have at least 2 characters (it is 'a')"),
        ("text", "", "must have at least 2 characters (it is empty)"),
        ("text", "b" * 21, "must have at most 20 characters (it has 21)"),
        ("text", "Hello", "must match the pattern ^[a-z0-9 ]*$ (it is 'Hello')"),
        ("text", 5, "must be text (it is the number 5)"),
        ("text", None, "must be text (it is null)"),
        ("text", {"a": 1}, "must be text (it is an object)"),
        ("label", "prasie", "'prasie' is not one of 'praise', 'complaint'; did you mean 'praise'?"),
        ("label", "xyz", "'xyz' is not one of 'praise', 'complaint'"),
        ("kind", "Complaint", "'Complaint' is not one of 'praise', 'complaint'; did you mean 'complaint'?"),
        ("level", 7, "the number 7 is not one of '1', '2'"),
        ("outcome", 2, "the number 2 is not one of '0', '1'"),
        ("count", 10, "must be less than 10 (it is the number 10)"),
        ("count", "many", "must be a whole number (it is 'many')"),
        ("count", 1.5, "must be a whole number (it is the number 1.5)"),
        ("share", 0, "must be more than 0.0 (it is the number 0)"),
        ("at", "yesterday", "must be a date and time such as 2026-01-31T14:30:00 (it is 'yesterday')"),
        ("tags", "a,b", "must be a list (it is 'a,b')"),
        ("tags", ["a", 3], "at [1]: must be text (it is the number 3)"),
        ("flag", "perhaps", "must be true or false (or 1 or 0) (it is 'perhaps')"),
    ],
)
def test_a_fault_is_told_in_plain_words(field, value, reason):
    values = {"text": "hello", field: value}
    assert list(validate(task_of(Rich), [Row(3, values)])) == [Refusal(3, field, reason)]


def test_each_faulty_field_has_one_refusal(records):
    rows = records(task_of(Rich), '{"text": "A", "count": -1, "outcome": "x", "flag": true}')
    assert [row.field for row in rows] == ["text", "outcome", "count"]


def test_a_rule_of_the_plugins_own_speaks_for_itself():
    class Picky(BaseModel):
        text: str
        other: str = ""

        @field_validator("text")
        @classmethod
        def _polite(cls, text: str) -> str:
            if "damn" in text:
                raise ValueError("must be polite")
            return text

        @model_validator(mode="after")
        def _differ(self) -> "Picky":
            if self.text == self.other:
                raise ValueError("text and other must differ")
            return self

    rude, same = validate(task_of(Picky), [Row(1, {"text": "damn"}), Row(2, {"text": "a", "other": "a"})])
    assert rude == Refusal(1, "text", "must be polite")
    assert same == Refusal(2, None, "text and other must differ")


def test_an_unknown_json_field_is_refused_with_its_row(task, records):
    bad, good = records(task, '{"text": "hi", "lable": "greet"}\n{"text": "hi", "label": "greet"}')
    assert bad.field == "lable"
    assert "did you mean 'label'?" in bad.reason
    assert "has channel, label, oos, text" in bad.reason
    assert good.record.label == "greet"


def test_an_unknown_csv_column_stops_the_upload(task, records):
    with pytest.raises(DataError) as caught:
        records(task, "text,lable,id\nhi,greet,1\n")
    for words in ("'lable', 'id'", "did you mean 'label'?", "channel, label, oos, text", "?drop=lable", "--drop lable"):
        assert words in caught.value.detail


@pytest.mark.parametrize("data", ["text,id,domain\nhi,1,x\n", '{"text": "hi", "id": 1}\n{"text": "hi", "domain": 1}'])
@pytest.mark.parametrize("extra", ["ignore", "forbid"])
def test_unknown_fields_can_be_ignored_and_are_reported(records, data, extra):
    class Closed(BaseModel):
        model_config = ConfigDict(extra=extra)
        text: str

    ignored: set[str] = set()
    rows = records(task_of(Closed), data, unknown="ignore", ignored=ignored)
    assert {row.record.text for row in rows} == {"hi"}
    assert ignored == {"id", "domain"}


def test_a_schema_that_takes_any_field_knows_no_unknown_one(records):
    class Features(BaseModel):
        model_config = ConfigDict(extra="allow")
        label: Literal[0, 1]

    (row,) = records(task_of(Features), "age,label\n42,1\n")
    assert (row.record.label, row.record.model_extra) == (1, {"age": "42"})


def test_aliases_are_the_names_that_a_file_uses(records):
    class Aliased(BaseModel):
        text: str = Field(alias="utterance")
        label: str = Field(validation_alias=AliasChoices("intent", "class"))

    (row,) = records(task_of(Aliased), "utterance,class\nhi,greet\n")
    assert (row.record.text, row.record.label) == ("hi", "greet")
    with pytest.raises(DataError, match="class, intent, utterance"):
        records(task_of(Aliased), "text,intent\nhi,greet\n")


def test_nan_is_no_number(records):
    bad, worse = records(task_of(Rich), "text,share\nhello,nan\nhello,inf\n")
    assert bad.field == worse.field == "share"

    class Free(BaseModel):
        amount: float | None = None

    (bad,) = records(task_of(Free), "amount\nnan\n")
    assert bad == Refusal(2, "amount", "must be a finite number (it is nan)")


def test_a_label_outside_those_the_task_declares_is_refused(task, records):
    declared = task_of(task.record, labels=("greet", "refund"), out_of_scope="oos")
    rows = records(declared, "text,label,oos\nhi,refnd,\nhi,refund,\nhi,,\nhi,weather,1\n")
    assert rows[0] == Refusal(2, "label", "'refnd' is not one of 'greet', 'refund'; did you mean 'refund'?")
    assert all(isinstance(row, Accepted) for row in rows[1:])


def test_refusals_of_reading_pass_through(task):
    refusal = Refusal(7, None, "broken")
    assert list(validate(task, [refusal])) == [refusal]


def test_single_values_are_validated_alike(task):
    assert validate_values(task, {"text": "hi", "label": "greet"}).label == "greet"
    (refusal,) = validate_values(task, {"text": 3}, line=9)
    assert (refusal.line, refusal.field) == (9, "text")


def test_spans_come_as_lists_of_objects():
    class Mark(BaseModel):
        start: int = Field(ge=0)
        end: int
        label: str

    class Marked(BaseModel):
        text: str
        entities: list[Mark] | None = None

    task = Task(name="slots", record=Marked, head=SpanHead(), label="entities")
    (bad,) = validate(task, [Row(1, {"text": "a", "entities": [{"start": -1, "end": 2, "label": "x"}]})])
    assert bad == Refusal(1, "entities", "at [0].start: must be at least 0 (it is the number -1)")


def test_a_million_misspelt_labels_do_not_exhaust_the_reader(task):
    choices = tuple(f"label number {number}" for number in range(150))
    declared = task_of(task.record, labels=choices)
    data = "text,label\n" + "".join(f"hi,lable number {number} x\n" for number in range(20_000))
    rows = list(validate(declared, read_rows(io.BytesIO(data.encode()), limits=Limits())))
    assert "did you mean" in rows[0].reason
    assert "did you mean" not in rows[-1].reason
    assert len(rows) == 20_000
