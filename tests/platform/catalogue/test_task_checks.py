"""What is refused of a task."""

from typing import Any

import pytest
from pydantic import BaseModel

from podion import (
    AdditiveHead,
    Answer,
    Document,
    LabelAnswer,
    LabelHead,
    LabelsAnswer,
    Metric,
    MultiLabelHead,
    NumberAnswer,
    OrdinalHead,
    OwnHead,
    PairHead,
    RankingAnswer,
    RegressionHead,
    SpanAnswer,
    Split,
    TabularHead,
    Task,
)
from podion.catalogue.task_checks import task_problems


class Remark(BaseModel):
    text: str
    label: str | None = None
    oos: bool = False
    author: str | None = None

    @property
    def said(self) -> str:
        return f"{self.author}: {self.text}"


class Two(BaseModel):
    one: str
    other: str
    label: str | None = None

    @property
    def both(self) -> str:
        return f"{self.one} {self.other}"


class Open(BaseModel):
    model_config = {"extra": "allow"}

    label: str | None = None


class Windows:
    def __init__(self, state: Any = None) -> None: ...

    def follow(self, records: Any) -> Any: ...

    def state(self) -> Any: ...


class Labelled(BaseModel):
    text: str
    label: str
    oos: bool


class Odd(BaseModel):
    model_config = {"arbitrary_types_allowed": True}

    text: str
    label: str | None = None
    lock: type(lambda: None) | None = None  # type: ignore[valid-type]


def _told(**more: Any) -> list[str]:
    values: dict[str, Any] = {"name": "judge", "record": Remark, "head": LabelHead()}
    problems = list(task_problems(Task(**(values | more))))
    assert all(problem.hint for problem in problems)
    return [problem.cause for problem in problems]


def test_a_sound_task_has_no_problem() -> None:
    assert (
        _told(
            out_of_scope="oos",
            split=Split(group="author"),
            sensitive=("author",),
            labels=("bad", "good"),
            descriptions={"bad": "a complaint"},
            metric=Metric("ece", better="lower"),
            keep=1.0,
        )
        == []
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"record": dict}, "its record is <class 'dict'>; a pydantic model is allowed"),
        ({"record": Remark(text="x")}, "a pydantic model is allowed"),
        ({"text": "txt"}, "`text` names the field 'txt', which Remark does not have. Did you mean 'text'?"),
        ({"label": "class"}, "`label` names the field 'class', which Remark does not have. It has: author, label"),
        ({"out_of_scope": "scope"}, "`out_of_scope` names the field 'scope'"),
        ({"split": Split(group="auther")}, "`split.group` names the field 'auther'"),
        ({"split": Split(time="at")}, "`split.time` names the field 'at'"),
        ({"sensitive": ("age",)}, "`sensitive` names the field 'age'"),
        ({"sensitive": ("text",)}, "its text or label is named as sensitive"),
        ({"record": Odd}, "Odd has no JSON schema"),
        ({"answer": Remark}, "podion.LabelAnswer, which its head makes, or a subclass is allowed"),
        ({"answer": Answer}, "podion.LabelAnswer, which its head makes"),
        ({"head": LabelHead(answer=int)}, "podion.LabelAnswer, which its head makes"),
        ({"head": MultiLabelHead(), "answer": LabelAnswer}, "podion.LabelsAnswer, which its head makes"),
        ({"head": OwnHead("podion_risk.heads:Own", Remark)}, "podion.Answer, which its head makes"),
        ({"text": None}, "`text` is None, and its head LabelHead reads nothing but a text"),
        ({"text": "saids"}, "`text` names the field 'saids'"),
        ({"positive": "good"}, "`positive` is 'good', which is none of its declared labels none"),
        ({"positive": "goo", "labels": ("bad", "good")}, "none of its declared labels bad, good"),
        ({"head": OrdinalHead()}, "it declares no labels, so their order is unknown"),
        ({"head": RegressionHead(), "labels": ("bad", "good")}, "its head learns numbers and it declares labels"),
        ({"record": Two, "head": PairHead("one", "othr")}, "`head.second` names the field 'othr', which Two does not"),
        ({"record": Two, "head": PairHead("one", "one")}, "its head reads 'one' twice"),
        ({"record": Two, "head": PairHead("one", "other"), "text": "one"}, "its PairHead reads 'one' and 'other'"),
        ({"record": Two, "head": PairHead("one", "other"), "sensitive": ("one",)}, "its text or label is named as"),
        ({"head": PairHead("author", "said")}, "Remark has a field 'text', by which name"),
        ({"history": Windows()}, "a class with the methods of podion.History is allowed"),
        ({"history": dict}, "a class with the methods of podion.History is allowed"),
        ({"items": Labelled}, "a pydantic model with a field `id`, which labels name, is allowed"),
        ({"items": Document, "item_text": "textt"}, "`item_text` names 'textt', which is neither a field nor"),
        ({"split": Split(last="nobody")}, "`split.last` names the field 'nobody'"),
        ({"metric": " "}, "its metric is ' '; a name and one of higher, lower are allowed"),
        ({"metric": Metric("f1", better="best")}, "a name and one of higher, lower"),
        ({"metric": "mae"}, "its metric is 'mae', the higher the better; that is an error"),
        ({"methods": ()}, "its methods are (); one or more of podion.Method are allowed"),
        ({"methods": ("magic",)}, "its methods are ('magic',)"),
        ({"keep": 0}, "keep is 0; a share above 0 and up to 1"),
        ({"keep": 1.1}, "keep is 1.1"),
        ({"coverage": 1.0}, "coverage is 1.0 and its answers are LabelAnswer; a share above 0 and below 1"),
        ({"coverage": 0.9, "head": MultiLabelHead()}, "its answers are LabelsAnswer"),
        ({"head": AdditiveHead(), "labels": ("a", "b", "c")}, "which tells two labels apart, and it declares 3"),
        ({"head": AdditiveHead({"age": 2})}, "its head is monotone in 'age' by 2; 1 (more of it never lowers"),
        ({"head": AdditiveHead({"label": 1})}, "its head is monotone in 'label', which it does not read"),
        ({"minimum_rows": 0}, "minimum_rows is 0"),
        ({"labels": ("one",)}, "two or more that differ"),
        ({"labels": ("a", "a")}, "two or more that differ"),
        ({"labels": ("good", "bad"), "descriptions": {"goood": "x"}}, "the label 'goood', which it does not have. Did"),
    ],
)
def test_each_fault_is_told(change: dict[str, Any], told: str) -> None:
    [cause] = _told(**change)
    assert cause.startswith("task 'judge': ")
    assert told in cause


def test_a_record_to_predict_comes_without_its_label() -> None:
    first, second = _told(record=Labelled, out_of_scope="oos")
    assert "the field 'label' of Labelled is required" in first
    assert "the field 'oos' of Labelled is required" in second


@pytest.mark.parametrize(
    "change",
    [
        {"text": "said"},
        {"text": None, "head": TabularHead()},
        {"text": None, "head": AdditiveHead({"age": 1}), "labels": ("0", "1"), "coverage": 0.9},
        {"text": None, "head": "podion_risk.heads:Own"},
        {"record": Open, "text": None, "head": TabularHead(), "sensitive": ("age", "sex")},
        {"labels": ("bad", "good"), "positive": "bad"},
        {"head": OwnHead("podion_risk.heads:Own", Answer)},
        {"head": MultiLabelHead(), "answer": LabelsAnswer, "labels": ("rates",)},
        {"head": RegressionHead(), "answer": NumberAnswer},
        {"head": "podion_risk.heads:Own", "answer": SpanAnswer},
        {"head": OrdinalHead(), "labels": ("low", "high")},
        {"record": Two, "head": PairHead("one", "both")},
        {"history": Windows, "challengers": ("podion_risk.boost:Tree",)},
        {"items": Document, "head": OwnHead("podion_risk.heads:Own", RankingAnswer), "metric": "ndcg@10"},
    ],
)
def test_the_newer_declarations_are_sound(change: dict[str, Any]) -> None:
    assert _told(**change) == []
