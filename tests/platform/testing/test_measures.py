"""The metric that decides is one that a run measures, also where only the head knows what an answer is worth."""

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn
from torch.nn import functional

from podion import (
    Answer,
    LabelHead,
    Metric,
    MultiLabelHead,
    OrdinalHead,
    OwnHead,
    RegressionHead,
    SpanHead,
    TabularHead,
    Task,
)
from podion.nn import Head, LabelSpace, Scores, States
from podion.testing import batches, heads, measures, records
from podion.testing.specimens import label_kind, label_spaces


class Remark(BaseModel):
    text: str
    label: str | list[str] | None = None


class Rated(BaseModel):
    text: str
    label: float | None = None


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    label: str | None = None


class Letter(BaseModel):
    text: str
    desk: str = "a"
    label: dict[str, int] | None = None


class Steps(Answer):
    steps: int


class StepsHead(Head[Letter, Steps]):
    """How many steps: an answer of a kind of its own; how many desks there are is learned, and an option."""

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, desks: Sequence[str] = ()) -> None:
        super().__init__(hidden_size, label_space)
        self._hidden = hidden_size
        self._build(desks)

    def _build(self, desks: Sequence[str]) -> None:
        self.desks = list(desks)
        self.linear = nn.Linear(self._hidden + len(self.desks), 4)

    def fit_features(self, records: Sequence[Letter]) -> None:
        self._build(sorted({record.desk for record in records}))

    def features(self, records: Sequence[Letter]) -> dict[str, Tensor]:
        return {"desk": torch.tensor([[float(record.desk == desk) for desk in self.desks] for record in records])}

    def options(self) -> dict[str, Any]:
        return {"desks": self.desks}

    def forward(self, states: States) -> Tensor:
        logits: Tensor = self.linear(torch.cat([states.pooled, states.features["desk"]], dim=-1))
        return logits

    def loss(self, logits: Tensor, records: Sequence[Letter]) -> Tensor:
        told = [(row, record.label["steps"]) for row, record in enumerate(records) if record.label is not None]
        if not told:
            return logits.sum() * 0.0
        rows, targets = zip(*told, strict=True)
        return functional.cross_entropy(logits[list(rows)], torch.tensor(targets))

    def decode(self, scores: Scores) -> list[Steps]:
        best, places = scores.probabilities.max(dim=-1)
        return [
            Steps(
                steps=int(place), confidence=float(share), abstained=bool(scores.threshold and share < scores.threshold)
            )
            for share, place in zip(best, places, strict=True)
        ]

    def measure(self, answers: Sequence[Steps], records: Sequence[Letter]) -> dict[str, float]:
        right = [
            answer.steps == record.label["steps"]
            for answer, record in zip(answers, records, strict=True)
            if record.label is not None
        ]
        return {"accuracy": sum(right) / max(1, len(right))}


class ForgetsItsOptions(StepsHead):
    """Does not say with which keywords it is built again."""

    def options(self) -> dict[str, Any]:
        return {}


class SaysNoJson(StepsHead):
    """Says them in a form that no file can hold."""

    def options(self) -> dict[str, Any]:
        return {"desks": set(self.desks)}


EXAMPLES = [{"text": "x", "desk": "ab"[turn % 2], "label": {"steps": turn % 4}} for turn in range(8)]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head is found by its import path."""
    module = ModuleType("podion_kinds_of_a_test")
    for head in (StepsHead, ForgetsItsOptions, SaysNoJson):
        setattr(module, head.__name__, head)
    monkeypatch.setitem(sys.modules, module.__name__, module)


def _own(name: str = "StepsHead", metric: str = "accuracy") -> Task:
    return Task(name="judge", record=Letter, head=OwnHead(f"podion_kinds_of_a_test:{name}", Steps), metric=metric)


def _task(head: Any, metric: Metric | str, record: type[BaseModel] = Remark, **more: Any) -> Task:
    return Task(name="judge", record=record, head=head, metric=metric, **more)


TWO, THREE = ("bad", "good"), ("low", "middle", "high")


@pytest.mark.parametrize(
    "task",
    [
        _task(LabelHead(), "macro_f1"),
        _task(LabelHead(), "roc_auc", labels=TWO),
        _task(TabularHead(), "average_precision", labels=TWO),
        _task(OrdinalHead(), "quadratic_kappa", labels=THREE),
        _task(MultiLabelHead(), "average_precision"),
        _task(RegressionHead(), Metric("mae", "lower"), record=Rated),
        _task(SpanHead(), "entity_f1"),
        _task(LabelHead(), "oos_recall", out_of_scope="oos"),
    ],
    ids=lambda task: task.primary_metric.name,
)
def test_what_a_run_measures_may_decide(task: Task) -> None:
    measures.check_metric(task)


@pytest.mark.parametrize(
    "task",
    [
        _task(LabelHead(), "roc_auc"),
        _task(LabelHead(), "roc_auc", labels=THREE),
        _task(LabelHead(), "quadratic_kappa", labels=THREE),
        _task(MultiLabelHead(), "entity_f1"),
        _task(RegressionHead(), "accuracy", record=Rated),
        _task(LabelHead(), "oos_recall"),
    ],
)
def test_what_no_run_measures_may_not(task: Task) -> None:
    with pytest.raises(AssertionError, match=f"a run does not measure '{task.primary_metric.name}'"):
        measures.check_metric(task)


def test_a_head_with_answers_of_its_own_kind_passes_on_the_examples_given() -> None:
    task = _own()
    [space] = label_spaces(task)
    assert label_kind(task) == "own"
    measures.check_metric(task, EXAMPLES)
    for check in (
        heads.check_gradients,
        heads.check_unlabelled,
        heads.check_seed,
        heads.check_saved,
        heads.check_decoded,
        heads.check_abstains,
        heads.check_owners_apart,
        batches.check_alone,
        batches.check_order,
    ):
        check(task, space, EXAMPLES)
    with pytest.raises(AssertionError, match="does not measure 'beauty' of the task 'judge'; it measures accuracy"):
        measures.check_metric(_own(metric="beauty"), EXAMPLES)
    with pytest.raises(AssertionError, match="give labelled rows in"):
        heads.check_decoded(task, space, [{"text": "x"}])


@pytest.mark.parametrize(("name", "told"), [("ForgetsItsOptions", "cannot be built again"), ("SaysNoJson", "JSON")])
def test_a_head_that_cannot_be_built_again_is_found(name: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        heads.check_saved(_own(name), label_spaces(_own(name))[0], EXAMPLES)


def test_a_record_may_take_any_field_where_the_head_reads_them() -> None:
    given = [{"label": "bad"}]
    records.check_unknown_field(_task(TabularHead(), "roc_auc", record=Open, labels=TWO, text=None), given)
    with pytest.raises(AssertionError, match="accepts the field"):
        records.check_unknown_field(_task(MultiLabelHead(), "micro_f1", record=Open, text=None), given)


def ranked(*told: tuple[str, float]) -> dict[str, Any]:
    return {"alternatives": [{"label": label, "confidence": confidence} for label, confidence in told]}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ranked(("b", 0.3), ("a", 0.3), ("c", 0.1)), True),
        (ranked(("a", 0.3), ("b", 0.3), ("d", 0.1)), True),
        (ranked(("a", 0.3), ("d", 0.3), ("c", 0.1)), False),
        (ranked(("a", 0.3), ("c", 0.3), ("b", 0.1)), False),
        (ranked(("a", 0.31), ("b", 0.3), ("c", 0.1)), False),
        (ranked(("a", 0.3), ("b", 0.3)), False),
    ],
)
def test_labels_that_are_tied_may_stand_in_any_order(other: dict[str, Any], same: bool) -> None:
    told = ranked(("a", 0.3), ("b", 0.3 + 1e-7), ("c", 0.1))
    assert batches.close(told, other) is same
    assert not batches.close({"labels": told["alternatives"]}, {"labels": [{"label": "d", "confidence": 0.3}]})
    assert not batches.close({"labels": told["alternatives"][:1]}, {"labels": [{"label": "d", "confidence": 0.3}]})
