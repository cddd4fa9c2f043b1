"""Heads of every kind, fitted whole on vectors that tell the answer, and calibrated on rows kept apart."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from podion.answers import Span
from podion.finetuning.full_batch import Side, fit_whole, is_fitted_whole
from podion.finetuning.head_calibration import calibrate_head
from podion.finetuning.judging import judge
from podion.finetuning.scoring import Batch, answer_all
from podion.head_kinds import LabelHead, MultiLabelHead, OrdinalHead, RegressionHead, SpanHead
from podion.hosting.head_loading import AnyHead
from podion.hosting.heads import SpanTagger
from podion.hosting.multi_label import MultiLabelClassifier
from podion.hosting.ordinal import OrdinalClassifier
from podion.hosting.regression import Regressor
from podion.nn import LabelSpace, States
from podion.vertical import Task

HIDDEN, ROWS = 16, 800


class Line(BaseModel):
    text: str = ""
    label: Any = None


def sides(labels: list[Any], vectors: torch.Tensor) -> tuple[Side, Side, Side]:
    """Rows to learn from, to calibrate on, and to test on."""
    records, cuts = [Line(label=label) for label in labels], (0, ROWS // 2, 3 * ROWS // 4, ROWS)
    first, second, third = (Side(vectors[start:end], tuple(records[start:end])) for start, end in pairwise(cuts))
    return first, second, third


def measured(head: AnyHead, task: Task, parts: tuple[Side, Side, Side]) -> tuple[Any, dict[str, Any]]:
    train, held_out, test = parts
    head.fit_features(list(train.records))
    fit_whole(head, train, held_out)
    batches = [[Batch(tuple(range(len(side.records))), side.records, side.states())] for side in (held_out, test)]
    calibration, _ = calibrate_head(head, batches[0], task, held_out.records)
    found = answer_all(head, batches[1], calibration)
    return calibration, judge(task, test.records, found, head.label_space.labels, calibration)


def vectors(seed: int) -> torch.Tensor:
    return torch.randn(ROWS, 2 * HIDDEN, generator=torch.Generator().manual_seed(seed))


def test_several_labels_get_one_temperature_and_a_threshold_each() -> None:
    space, given = LabelSpace(("oil", "jobs", "war")), vectors(1)
    odds = torch.nn.functional.normalize(given[:, :HIDDEN], dim=-1)[:, :3] * 12 - torch.tensor([0.0, 1.0, 4.0])
    held = torch.rand(ROWS, 3, generator=torch.Generator().manual_seed(2)) < torch.sigmoid(odds)
    labels = [[name for name, yes in zip(space.labels, row, strict=True) if yes] for row in held.tolist()]
    task = Task(name="topic", record=Line, head=MultiLabelHead(), metric="micro_f1")
    calibration, found = measured(MultiLabelClassifier(HIDDEN, space, cut=1), task, sides(labels, given))
    assert calibration.thresholds is not None
    assert all(0.1 < threshold < 0.6 for threshold in calibration.thresholds)
    assert 0.5 < calibration.temperature < 2.0
    assert found["micro_f1"] > 0.75
    assert found["ece"] <= found["ece_noise_95"] + 0.03  # the whole decision's confidence is what it says
    assert 0 <= found["abstained"] < 0.12


def test_an_order_is_learned_and_told_by_the_likelihood() -> None:
    space, given = LabelSpace(("low", "middle", "high")), vectors(3)
    height = torch.nn.functional.normalize(given[:, HIDDEN:], dim=-1)[:, 0] * 12
    noise = torch.logit(torch.rand(ROWS, generator=torch.Generator().manual_seed(4)))
    places = ((height + noise) > -1).long() + ((height + noise) > 2).long()
    labels = [space.labels[place] for place in places.tolist()]
    task = Task(name="grade", record=Line, head=OrdinalHead(), labels=space.labels, metric="quadratic_kappa")
    head = OrdinalClassifier(HIDDEN, space, cut=1)
    calibration, found = measured(head, task, sides(labels, given))
    assert found["quadratic_kappa"] > 0.6
    assert found["ece"] <= found["ece_noise_95"] + 0.02
    assert 0.6 < calibration.temperature < 1.6
    gaps = head.cut_points().detach().diff().tolist()
    assert gaps == [pytest.approx(3.0, abs=0.8)]


def test_nine_in_ten_numbers_lie_within_the_margin() -> None:
    given = vectors(5)
    noise = torch.randn(ROWS, generator=torch.Generator().manual_seed(6))
    numbers = 1_000 + 50 * torch.nn.functional.normalize(given[:, :HIDDEN], dim=-1)[:, 0] * 4 + 10 * noise
    told = [None if place % 50 == 0 else number for place, number in enumerate(numbers.tolist())]
    task = Task(name="price", record=Line, head=RegressionHead(), metric="r2")
    calibration, found = measured(Regressor(HIDDEN, LabelSpace(()), cut=1), task, sides(told, given))
    assert calibration.temperature == 1.0
    assert calibration.margin == pytest.approx(1.645 * 10, rel=0.2)
    assert found["r2"] > 0.9
    assert found["coverage"] == pytest.approx(0.9, abs=0.05)
    assert found["rows"] == 196
    assert found["abstained"] == 0.0


def test_a_stretch_is_as_sure_as_such_ones_are_right() -> None:
    """A tagger is right about most tokens and wrong about where half of the stretches end."""
    generator = np.random.default_rng(8)
    head = SpanTagger(2, LabelSpace(("drug",)))
    head.load_state_dict({"linear.weight": torch.tensor([[0.0, 3], [3, 0], [2, 0]]), "linear.bias": torch.zeros(3)})
    tokens = torch.tensor([[1.0, 0], [0, 1], [0, 1]]).repeat(ROWS, 1, 1) * torch.rand(ROWS, 1, 1).add(0.5)
    offsets = torch.tensor([[0, 2], [2, 4], [4, 6]]).repeat(ROWS, 1, 1)
    ends = np.where(generator.random(ROWS) < 0.5, 2, 4)
    records = tuple(Line(text="aabbcc", label=[Span(start=0, end=int(end), label="drug")]) for end in ends)
    states = States(pooled=tokens[:, 0], tokens=tokens, mask=torch.ones(ROWS, 3, dtype=torch.bool), offsets=offsets)
    batches = [Batch(tuple(range(ROWS)), records, states)]
    task = Task(name="drugs", record=Line, head=SpanHead(), metric="entity_f1")
    calibration, _ = calibrate_head(head, batches, task, records)
    assert calibration.span_odds is not None
    before, after = (
        judge(task, records, answer_all(head, batches, given), ("drug",), given)
        for given in (replace(calibration, span_odds=None), calibration)
    )
    assert before["ece"] > 0.1
    assert after["ece"] <= after["ece_noise_95"]
    assert after["entity_f1"] == before["entity_f1"]


def test_without_rows_kept_apart_a_head_is_fitted_and_left_as_it_is() -> None:
    given, head = vectors(7), Regressor(HIDDEN, LabelSpace(()))
    records = [Line(label=float(number)) for number in np.arange(ROWS)]
    fit_whole(head, Side(given, tuple(records)), Side(given[:0], ()))
    assert bool(head.linear.weight.any())
    task = Task(name="price", record=Line, head=RegressionHead())
    assert calibrate_head(head, [], task, [])[0].margin is None
    assert is_fitted_whole(task)
    assert not is_fitted_whole(Task(name="x", record=Line, head=LabelHead()))
