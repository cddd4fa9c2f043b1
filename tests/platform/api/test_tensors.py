"""Records and answers as tensors of the Open Inference Protocol."""

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from podion import LabelAnswer, LabelHead, SpanHead, Task
from podion.api.tensors import TensorIn, inputs_of, outputs_of, records_of, tensors_of
from podion.errors import DataError


class Case(BaseModel):
    text: str
    amount: float = 0.0
    items: int | None = None
    paid: bool = False
    kind: Literal["a", "b"] = "a"
    label: str | None = None
    oos: bool = False


class Nested(BaseModel):
    text: str
    notes: list[str] = []
    label: str | None = None


TASK = Task(name="case", record=Case, head=LabelHead(), out_of_scope="oos")
NESTED = Task(name="nested", record=Nested, head=SpanHead())


def tensor(name: str, datatype: str, *values: Any, shape: list[int] | None = None) -> TensorIn:
    return TensorIn.model_validate(
        {"name": name, "datatype": datatype, "shape": shape or [len(values)], "data": list(values)}
    )


def test_a_task_says_what_it_reads_and_answers() -> None:
    shown = {each.name: each.datatype for each in inputs_of(TASK)}
    assert shown == {"text": "BYTES", "amount": "FP64", "items": "INT64", "paid": "BOOL", "kind": "BYTES"}
    assert [each.name for each in inputs_of(NESTED)] == ["record"]
    assert [each.name for each in outputs_of(TASK)] == ["label", "confidence", "abstained", "answer", "prediction_id"]
    assert "label" not in [each.name for each in outputs_of(NESTED)]


def test_a_tensor_a_field_makes_a_record_a_row() -> None:
    made = records_of(
        TASK,
        [
            tensor("text", "BYTES", "one", "two"),
            tensor("amount", "FP32", 1.5, 2),
            tensor("items", "INT64", [3], [4], shape=[2, 1]),
            tensor("paid", "BOOL", True, False),
        ],
    )
    assert made == [Case(text="one", amount=1.5, items=3, paid=True), Case(text="two", amount=2, items=4)]


def test_whole_records_come_as_json() -> None:
    rows = [{"text": "one", "notes": ["x"]}, {"text": "two"}]
    made = records_of(NESTED, [tensor("record", "BYTES", *map(json.dumps, rows))])
    assert made == [Nested(text="one", notes=["x"]), Nested(text="two")]


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ([], "as many rows"),
        ([tensor("text", "BYTES", "a"), tensor("text", "BYTES", "a")], "once"),
        ([tensor("text", "BYTES", "a"), tensor("record", "BYTES", "{}")], "alone"),
        ([tensor("text", "BYTES", "a", "b"), tensor("paid", "BOOL", True)], "as many rows"),
        ([tensor("text", "BYTES", "a", shape=[2])], r"\[1\] is allowed"),
        ([tensor("text", "BYTES", "a", "b", shape=[1, 2])], r"\[2\] is allowed"),
        ([tensor("text", "BYTES", 7)], "/inputs/0/data/0 is no BYTES"),
        ([tensor("text", "BYTES", "a"), tensor("paid", "BOOL", 1)], "is no BOOL"),
        ([tensor("text", "BYTES", "a"), tensor("items", "INT8", 1.5)], "is no INT8"),
        ([tensor("text", "BYTES", "a"), tensor("items", "INT8", True)], "is no INT8"),
        ([tensor("text", "BYTES", "a"), tensor("kind", "BYTES", "c")], "row /inputs/kind/0"),
        ([tensor("text", "BYTES", "a"), tensor("bogus", "BYTES", "c")], "no such field: amount"),
        ([tensor("amount", "FP64", 1.0)], "/inputs/text/0"),
        ([tensor("record", "BYTES", "{")], "no JSON object"),
        ([tensor("record", "BYTES", "[" * 100_000)], "no JSON object"),
    ],
)
def test_what_makes_no_record_is_said_where_it_stands(tensors: list[TensorIn], said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        records_of(TASK, tensors)
    assert refused.value.faults


def test_answers_become_tensors_and_only_those_that_were_asked_for() -> None:
    answers = [
        LabelAnswer(prediction_id="prd_1", confidence=0.5, label="x"),
        LabelAnswer(prediction_id="prd_2", confidence=1, label="y", abstained=True),
    ]
    found = {each.name: each for each in tensors_of(TASK, answers, [])}
    assert found["label"].data == ["x", "y"]
    assert (found["confidence"].datatype, found["confidence"].data) == ("FP32", [0.5, 1.0])
    assert (found["abstained"].datatype, found["abstained"].data) == ("BOOL", [False, True])
    assert [LabelAnswer.model_validate_json(str(each)) for each in found["answer"].data] == answers
    assert {tuple(each.shape) for each in found.values()} == {(2,)}
    assert [each.name for each in tensors_of(TASK, answers, ["abstained", "label", "label"])] == ["abstained", "label"]
    with pytest.raises(DataError, match="no output 'bogus': there are label"):
        tensors_of(TASK, (), ["bogus"])
