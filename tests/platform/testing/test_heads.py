"""Each fault of a head is found by the check that is there for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from podion import LabelHead, MultiLabelHead, OrdinalHead, PairHead, RegressionHead, SpanHead, Task
from podion.testing import heads
from podion.testing.specimens import label_spaces
from podion.vertical import LabelSpace

Check = Callable[[Task, LabelSpace, Sequence[Mapping[str, Any]]], None]

FAULTS: list[tuple[str, Check, str]] = [
    ("NotFinite", heads.check_gradients, "a logit that is not finite"),
    ("NothingToLearn", heads.check_gradients, "nothing can learn"),
    ("CountsUnlabelled", heads.check_unlabelled, "must not"),
    ("Unseeded", heads.check_seed, "differs between two runs of one seed"),
    ("Forgetful", heads.check_saved, "registered buffers"),
    ("TooFewAnswers", heads.check_decoded, "7 answers for 8 rows"),
    ("TooSure", heads.check_decoded, "confidence is 1.5"),
    ("StrangeLabel", heads.check_decoded, "a label that the label space lacks"),
    ("NeverAbstains", heads.check_abstains, "does not abstain below the threshold"),
    ("Shared", heads.check_owners_apart, "another owner's head"),
    ("LearnsNothingUseful", heads.check_owners_apart, "did not learn"),
]
CHECKS: list[Check] = [
    heads.check_gradients,
    heads.check_unlabelled,
    heads.check_seed,
    heads.check_saved,
    heads.check_decoded,
    heads.check_abstains,
    heads.check_owners_apart,
]


class Remark(BaseModel):
    text: str
    label: str | None = None


class Filed(BaseModel):
    text: str
    label: str | list[str] | None = None


class Rated(BaseModel):
    text: str
    label: float | None = None


class Pair(BaseModel):
    asked: str
    found: str | None = None
    label: str | None = None


class Case(BaseModel):
    text: str
    label: int | None = None


def _task(head: Any, record: type[BaseModel] = Remark, **more: Any) -> Task:
    return Task(name="judge", record=record, head=head, **more)


@pytest.mark.parametrize(("name", "check", "told"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_each_fault_is_found(name: str, check: Check, told: str) -> None:
    task = _task(f"podion_broken_heads.heads:{name}")
    with pytest.raises(AssertionError, match=told):
        for space in label_spaces(task):
            check(task, space, ())


@pytest.mark.parametrize("check", CHECKS, ids=[check.__name__ for check in CHECKS])
@pytest.mark.parametrize(
    "task",
    [
        _task(LabelHead()),
        _task(LabelHead(), labels=("bad", "good", "mixed")),
        _task(LabelHead(), record=Case),
        _task(MultiLabelHead(), record=Filed),
        _task(OrdinalHead(), labels=("low", "middle", "high", "top")),
        _task(RegressionHead(), record=Rated),
        _task(PairHead("asked", "found"), record=Pair),
    ],
    ids=["open labels", "declared labels", "numbers", "several labels", "in an order", "a number to learn", "pairs"],
)
def test_a_sound_head_passes(task: Task, check: Check) -> None:
    for space in label_spaces(task):
        check(task, space, ())


def test_every_fault_names_a_check_of_its_own() -> None:
    assert {check.__name__ for _, check, _ in FAULTS} == {check.__name__ for check in CHECKS}


def test_an_answer_of_another_schema_is_found() -> None:
    task = _task(LabelHead(), answer=SpanHead().answer)
    with pytest.raises(AssertionError, match="decode gave LabelAnswer; the task declares SpanAnswer"):
        heads.check_decoded(task, label_spaces(task)[0], ())
