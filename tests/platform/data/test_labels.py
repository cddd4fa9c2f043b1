"""Label fields that hold one label, several, spans or a number."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from podion.answers import Span
from podion.data.labels import label_names, names_in, strata
from podion.data.splits import split_rows
from podion.head_kinds import LabelHead, MultiLabelHead, RegressionHead, SpanHead
from podion.vertical import Task

Build = Callable[..., Any]


class Line(BaseModel):
    text: str = "x"
    label: Any = None


class Rated(BaseModel):
    text: str
    label: float | None = None


class Filed(BaseModel):
    text: str
    label: str | list[str] | None = None


ONE = Task(name="one", record=Line, head=LabelHead())
MANY = Task(name="many", record=Filed, head=MultiLabelHead(), labels=("oil", "jobs"))
NUMBER = Task(name="number", record=Rated, head=RegressionHead())
SPANS = Task(name="spans", record=Line, head=SpanHead())


def lines(*labels: Any) -> list[BaseModel]:
    return [Line(label=label) for label in labels]


def test_a_number_is_no_label() -> None:
    assert label_names(0.5) == ["0.5"]
    assert names_in(NUMBER, Line(label=0.5)) == []
    assert names_in(ONE, Line(label=3)) == ["3"]
    assert names_in(MANY, Line(label="oil")) == names_in(MANY, Line(label=["oil"])) == ["oil"]


def test_splits_go_by_the_label_by_the_rarest_of_several_by_spans_and_by_tenths() -> None:
    assert strata(ONE, lines("a", None, "b")) == ["a", None, "b"]
    assert strata(MANY, lines(["a", "b"], ["a"], ["a", "c"], [], None)) == ["b", "a", "c", None, None]
    spans = [Span(start=0, end=1, label="y"), Span(start=2, end=3, label="x")]
    assert strata(SPANS, lines(spans, [], None)) == [("x", "y"), (), ()]
    tenths = strata(NUMBER, lines(*[float(number) for number in range(100)], None))
    assert Counter(tenths) == {**dict.fromkeys(range(10), 10), None: 1}
    assert strata(NUMBER, lines(None)) == [None]


def test_a_tenth_of_numbers_that_all_differ_can_be_kept_apart() -> None:
    records = lines(*[number**1.5 for number in range(200)])
    _, taken = split_rows(strata(NUMBER, records), share=0.1, seed=1)
    assert len(taken) == 20
    assert min(taken) < 40
    assert max(taken) > 160


def test_a_dataset_of_numbers_counts_no_labels_and_warns_of_none(built: Build) -> None:
    rows = '{"text": "a", "label": 0.5}\n{"text": "b", "label": 2}\n{"text": "c"}\n{"text": "d", "label": "much"}\n'
    summary, _ = built(NUMBER, rows)
    assert (summary.kept, summary.refused, summary.unlabelled, dict(summary.labels)) == (3, 1, 1, {})
    assert summary.warnings == ()
    summary, _ = built(NUMBER, '{"text": "c"}\n')
    assert "no row has a label" in summary.warnings[0]


def test_a_dataset_of_several_labels_may_hold_one_and_refuses_a_stranger(built: Build) -> None:
    rows = (
        '{"text": "a", "label": ["oil"]}\n{"text": "b", "label": "oil"}\n{"text": "c", "label": []}\n'
        '{"text": "d", "label": ["oil", "jbs"]}\n'
    )
    summary, _ = built(MANY, rows)
    assert (summary.kept, dict(summary.labels), summary.warnings) == (3, {"oil": 2}, ())
    [refusal] = summary.refusals
    assert (refusal.line, refusal.field) == (4, "label")
    assert "jbs" in refusal.reason
    assert "jobs" in refusal.reason
