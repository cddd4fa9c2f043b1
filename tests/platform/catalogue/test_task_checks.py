"""What is refused of a task."""

from typing import Any

import pytest
from pydantic import BaseModel

from podion import Answer, LabelHead, Metric, Split, Task
from podion.catalogue.task_checks import task_problems


class Remark(BaseModel):
    text: str
    label: str | None = None
    oos: bool = False
    author: str | None = None


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
        ({"answer": Remark}, "a subclass of podion.LabelAnswer or podion.SpanAnswer is allowed"),
        ({"answer": Answer}, "a run could measure no other"),
        ({"head": LabelHead(answer=int)}, "a subclass of podion.LabelAnswer or"),
        ({"metric": " "}, "its metric is ' '; a name and one of higher, lower are allowed"),
        ({"metric": Metric("f1", better="best")}, "a name and one of higher, lower"),
        ({"methods": ()}, "its methods are (); one or more of podion.Method are allowed"),
        ({"methods": ("magic",)}, "its methods are ('magic',)"),
        ({"keep": 0}, "keep is 0; a share above 0 and up to 1"),
        ({"keep": 1.1}, "keep is 1.1"),
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
