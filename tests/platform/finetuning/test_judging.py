"""Every kind of answer is measured; and what only a head knows, by that head."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from podion.answers import Alternative, Answer, LabelAnswer, LabelsAnswer, NumberAnswer
from podion.errors import DataError, PluginError
from podion.finetuning.judging import Answers, judge, judge_logits, primary_value
from podion.head_kinds import LabelHead, MultiLabelHead, OrdinalHead, OwnHead, RegressionHead
from podion.hosting.adapter_files import Calibration
from podion.vertical import Metric, Task


class Line(BaseModel):
    text: str = ""
    label: Any = None


class Steps(Answer):
    steps: int


def task(head: Any, **more: Any) -> Task:
    return Task(name="judge", record=Line, head=head, **more)


def lines(*labels: Any) -> list[Line]:
    return [Line(label=label) for label in labels]


LOGITS = np.array([[2.0, 0.0], [0.5, 0.0], [0.0, 1.0], [1.0, 0.5]])
TOLD = lines("no", "yes", "yes", "no")


def test_a_bias_moves_what_is_answered_and_the_positive_label_is_the_tasks() -> None:
    plain = judge_logits(task(LabelHead()), TOLD, LOGITS, ("no", "yes"), Calibration())
    assert (plain["accuracy"], plain["recall"]) == (0.75, 0.5)
    moved = judge_logits(task(LabelHead()), TOLD, LOGITS, ("no", "yes"), Calibration(bias=(-0.4, 0.4)))
    assert (moved["accuracy"], moved["recall"], moved["roc_auc"]) == (0.75, 1.0, plain["roc_auc"])
    turned = judge_logits(task(LabelHead(), positive="no"), TOLD, LOGITS, ("no", "yes"), Calibration())
    assert (turned["recall"], turned["roc_auc"]) == (1.0, plain["roc_auc"])


def test_answers_and_logits_are_judged_alike() -> None:
    calibration = Calibration(temperature=2.0, bias=(-0.1, 0.1), threshold=0.6)
    by_logits = judge_logits(task(LabelHead()), TOLD, LOGITS, ("no", "yes"), calibration)
    shares = Answers((), LOGITS).probabilities(calibration)
    assert shares is not None
    answers = [LabelAnswer(label=("no", "yes")[int(row.argmax())], confidence=float(row.max())) for row in shares]
    by_answers = judge(task(LabelHead()), TOLD, Answers(tuple(answers), LOGITS), ("no", "yes"), calibration)
    assert by_answers == by_logits


def test_an_order_several_labels_and_numbers_are_judged_as_such() -> None:
    steps = ("low", "middle", "high")
    answers = tuple(LabelAnswer(label=label, confidence=0.5) for label in ("low", "high", "high"))
    found = judge(task(OrdinalHead(), labels=steps), lines(*steps), Answers(answers, None), steps, Calibration())
    assert found["mae"] == pytest.approx(1 / 3)
    several = tuple(
        LabelsAnswer(confidence=0.5, labels=tuple(Alternative(label=name, confidence=0.9) for name in names))
        for names in (("oil",), ())
    )
    logits = np.array([[2.0, -3.0], [-2.0, 3.0]])
    told = Answers(several, logits, link="sigmoid")
    found = judge(task(MultiLabelHead()), lines("oil", ["jobs"]), told, ("oil", "jobs"), Calibration())
    assert (found["micro_f1"], found["average_precision"]) == (pytest.approx(2 / 3), 1.0)
    numbers = tuple(NumberAnswer(value=value, low=value - 1, high=value + 1, confidence=0.9) for value in (1.0, 4.0))
    found = judge(task(RegressionHead()), lines(1.5, 2.0), Answers(numbers, None), (), Calibration())
    assert (found["mae"], found["coverage"]) == (1.25, 0.5)


def test_what_only_the_head_knows_the_head_measures() -> None:
    def measure(answers: Sequence[Steps], records: Sequence[Line]) -> dict[str, float]:
        right = [answer.steps == record.label for answer, record in zip(answers, records, strict=True)]
        return {"accuracy": sum(right) / len(right)}

    own = task(OwnHead("podion_x.heads:Own", Steps), metric="accuracy")
    answers = Answers(tuple(Steps(steps=step, confidence=0.5) for step in (1, 2, 3, 4)), None, measure=measure)
    found = judge(own, lines(1, 2, 3, 5), answers, (), Calibration())
    assert (found["rows"], found["accuracy"]) == (4, 0.75)
    assert 0.1 < found["standard_error"]["accuracy"] < 0.4
    assert judge(own, lines(1, 2, 3, 5), answers, (), Calibration(), brief=True) == {"rows": 4, "accuracy": 0.75}
    assert primary_value(own, found) == 0.75


def test_what_decides_is_told_where_it_cannot_be_measured() -> None:
    lower = task(RegressionHead(), metric=Metric("mae", better="lower"))
    assert primary_value(lower, {"mae": 2.0}) == -2.0
    with pytest.raises(PluginError, match="measured: accuracy"):
        primary_value(task(LabelHead(), metric="beauty"), {"accuracy": 0.5, "rows": 3})
    ranked = task(LabelHead(), metric="roc_auc")
    alone = judge_logits(ranked, lines("no", "no"), LOGITS[:2], ("no", "yes"), Calibration())
    with pytest.raises(DataError, match="the 2 records to judge it on all have, or all lack"):
        primary_value(ranked, alone)
