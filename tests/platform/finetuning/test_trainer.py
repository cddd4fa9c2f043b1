import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from podion.finetuning.checkpoints import Checkpoints
from podion.finetuning.progress import Watch
from podion.finetuning.recipe import Recipe
from podion.finetuning.trainer import Course, length_buckets, rate_share, train
from podion.vertical import Method

RECIPE = Recipe(method=Method.HEAD, batch_rows=4, batch_tokens=40, epochs=6, patience=2, head_rate=0.05)


@given(st.lists(st.integers(1, 30), max_size=300), st.integers(0, 9))
def test_every_row_is_in_one_batch_within_the_budget(lengths: list[int], seed: int) -> None:
    batches = length_buckets(lengths, RECIPE, np.random.default_rng(seed))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= 4
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= 40


def test_the_rate_rises_and_falls() -> None:
    shares = [rate_share(step, 100, 0.1) for step in range(100)]
    assert shares[0] < shares[4] < max(shares[:12])
    assert shares[20:] == sorted(shares[20:], reverse=True)
    assert 0 < shares[-1] < 0.02


def course(values: list[float], error: float = 0.0) -> tuple[Course, torch.nn.Parameter]:
    weight = torch.nn.Parameter(torch.zeros(3))
    readings = iter(values)

    def loss(places: object, generator: object) -> torch.Tensor:
        return (weight - 1).square().sum()

    return (
        Course(
            parameters={"w": weight},
            rates={"w": 0.05},
            lengths=[3] * 8,
            loss=loss,
            measure=lambda: (next(readings), error),
        ),
        weight,
    )


def test_the_best_epoch_is_kept_and_patience_ends() -> None:
    lesson, weight = course([0.5, 0.9, 0.7, 0.6])
    assert train(lesson, RECIPE, 0, Watch(), Checkpoints(None, "")) == 2
    two, after_two = course([0.5, 0.9])
    with pytest.raises(StopIteration):
        train(two, RECIPE, 0, Watch(), Checkpoints(None, ""))
    assert 0 < float(weight.detach()[0]) < 1
    assert float(after_two.detach()[0]) > float(weight.detach()[0])


def test_the_process_keeps_its_random_state() -> None:
    lesson, _ = course([0.5, 0.9, 0.7, 0.6])
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    train(lesson, RECIPE, 0, Watch(), Checkpoints(None, ""))
    assert torch.equal(torch.rand(2), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_of_epochs_that_differ_by_noise_the_later_is_kept() -> None:
    lesson, _ = course([0.5, 0.9, 0.88, 0.87, 0.6, 0.5], error=0.025)
    assert train(lesson, RECIPE, 0, Watch(), Checkpoints(None, "")) == 3
