"""Which heads a task may name."""

from typing import Any

import pytest
from pydantic import BaseModel

from podion import LabelHead, SpanHead, Task, Vertical
from podion.catalogue.head_checks import head_problems, own_head_paths
from podion.catalogue.plugin_record import Origin

ORIGIN = Origin(name="risk", distribution="podion-risk", version="1", package="podion_risk")


class Remark(BaseModel):
    text: str
    label: str | None = None


def _task(head: Any) -> Task:
    return Task(name="judge", record=Remark, head=head)


@pytest.mark.parametrize("head", [LabelHead(), SpanHead(), "podion_risk.heads:Own", "heads_of_a_library.more:Own"])
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
    own = LabelHead(implementation="podion_risk.heads:Own")
    tasks = (_task(LabelHead()), _task(own), _task("podion_risk.heads:Own"), _task("podion_risk.heads:Another"))
    vertical = Vertical(name="risk", title={}, tasks=tasks)
    assert own_head_paths(vertical) == ["podion_risk.heads:Another", "podion_risk.heads:Own"]
