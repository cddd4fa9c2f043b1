"""Which heads a task may name."""

from typing import Any

import pytest
from pydantic import BaseModel

from podion import Answer, LabelAnswer, LabelHead, MultiLabelHead, OwnHead, SpanHead, TabularHead, Task, Vertical
from podion.catalogue.head_checks import challenger_problems, head_problems, own_head_demands, own_head_paths
from podion.catalogue.plugin_record import Origin

ORIGIN = Origin(name="risk", distribution="podion-risk", version="1", package="podion_risk")


class Remark(BaseModel):
    text: str
    label: str | None = None


def _task(head: Any) -> Task:
    return Task(name="judge", record=Remark, head=head)


@pytest.mark.parametrize(
    "head",
    [
        LabelHead(words=True),
        SpanHead(),
        MultiLabelHead(),
        TabularHead(),
        "podion_risk.heads:Own",
        "heads_of_a_library.more:Own",
    ],
)
def test_allowed(head: Any) -> None:
    assert list(head_problems(ORIGIN, _task(head))) == []


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (7, "its head is 7"),
        (LabelHead, "its head is <class"),
        ("podion_risk.heads", "an import path `package.module:Class` is allowed"),
        ("podion_risk.heads:", "an import path"),
        ("os; rm:Own", "an import path"),
        ("podion.hosting.encoder:Encoder", "inside the platform or another plugin"),
        ("podion.hosting.heads:Nothing", "inside the platform or another plugin"),
        ("podion_other.heads:Own", "inside the platform or another plugin"),
    ],
)
def test_refused(head: Any, told: str) -> None:
    [problem] = head_problems(ORIGIN, _task(head))
    assert told in problem.cause
    assert problem.hint


def test_own_heads_are_listed_once() -> None:
    own = OwnHead("podion_risk.heads:Own")
    tasks = (_task(LabelHead()), _task(own), _task("podion_risk.heads:Own"), _task("podion_risk.heads:Another"))
    vertical = Vertical(name="risk", title={}, tasks=tasks)
    assert own_head_paths(vertical) == ["podion_risk.heads:Another", "podion_risk.heads:Own"]


def test_a_head_whose_answers_only_it_knows_has_to_measure_them() -> None:
    known, strange = OwnHead("podion_risk.heads:Known", LabelAnswer), OwnHead("podion_risk.heads:Strange", Answer)
    both = (_task(strange), _task(OwnHead("podion_risk.heads:Strange", LabelAnswer)), _task(known), _task(LabelHead()))
    demands = own_head_demands(Vertical(name="risk", title={}, tasks=both))
    assert demands == {"podion_risk.heads:Known": False, "podion_risk.heads:Strange": True}


@pytest.mark.parametrize(
    ("challengers", "told"),
    [
        (("podion_other.boost:Tree",), "an import path inside podion_risk is allowed"),
        (("podion_risk.boost",), "an import path inside podion_risk"),
        (("podion_risk.boost:Tree", "podion_risk.boost:Tree"), "named twice"),
        ((), None),
        (("podion_risk.boost:Tree", "podion_risk.boost:Line"), None),
    ],
)
def test_challengers_are_the_plugins_own(challengers: tuple[str, ...], told: str | None) -> None:
    task = Task(name="judge", record=Remark, head=LabelHead(), challengers=challengers)
    causes = [problem.cause for problem in challenger_problems(ORIGIN, task)]
    assert [told is not None and told in cause for cause in causes] == ([] if told is None else [True])
