"""The mean of weights over steps: what it holds, that it comes and goes, that it goes on after a stop."""

import pytest
import torch
from torch import nn

from podion.finetuning.averaging import WeightAverage
from podion.finetuning.trainer import rate_share


def walked(average: WeightAverage, weight: nn.Parameter, values: list[float]) -> None:
    for value in values:
        with torch.no_grad():
            weight.fill_(value)
        average.stepped()


def test_weights_that_rest_are_their_own_mean_and_others_are_smoothed() -> None:
    weight = nn.Parameter(torch.zeros(2))
    average = WeightAverage({"weight": weight}, steps=20)
    walked(average, weight, [1.0, -1.0] * 100)
    with average.in_place():
        assert weight.abs().max() < 0.1
    assert weight.tolist() == [-1.0, -1.0]
    walked(average, weight, [5.0] * 300)
    with average.in_place():
        torch.testing.assert_close(weight.detach(), torch.full((2,), 5.0), atol=1e-4, rtol=0)


def test_where_training_began_is_soon_forgotten() -> None:
    weight = nn.Parameter(torch.full((1,), 100.0))
    average = WeightAverage({"weight": weight}, steps=1_000)
    walked(average, weight, [0.0] * 100)
    with average.in_place():
        assert abs(weight.item()) < 1e-3


def test_without_steps_nothing_is_averaged_or_saved() -> None:
    weight = nn.Parameter(torch.zeros(1))
    average = WeightAverage({"weight": weight}, steps=0)
    walked(average, weight, [3.0])
    with average.in_place():
        assert weight.item() == 3.0
    assert average.tensors() == {}


def test_it_goes_on_as_if_never_stopped() -> None:
    weight = nn.Parameter(torch.zeros(1))
    average = WeightAverage({"weight": weight}, steps=7)
    walked(average, weight, [1.0, 4.0])
    kept = {name: tensor.clone() for name, tensor in average.tensors().items()}
    again = WeightAverage({"weight": weight}, steps=7)
    again.put(kept)
    for one in (average, again):
        walked(one, weight, [2.0, 9.0])
    first, second = average.tensors(), again.tensors()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(("step", "share"), [(50, 1.0), (70, 1.0), (85, 0.5), (100, 0.0)])
def test_a_steady_rate_falls_late(step: int, share: float) -> None:
    assert rate_share(step, 100, 0.06, 0.7) == pytest.approx(share)
