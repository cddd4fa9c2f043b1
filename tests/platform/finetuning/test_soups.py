"""The mean of several adapters: exact where its rank is enough, and as near as its rank allows where it is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.finetuning.soups import mean_adapter
from podion.hosting.adapter_files import Array, LoraFiles

MODULE = "base_model.model.encoder.layer.0.output.dense"
FIRST, SECOND = f"{MODULE}.lora_A.weight", f"{MODULE}.lora_B.weight"
INPUTS, OUTPUTS = 9, 7


def adapter(first: Array, second: Array) -> LoraFiles:
    return LoraFiles(config={"r": len(first), "lora_alpha": 32}, tensors={FIRST: first, SECOND: second})


def delta(files: LoraFiles) -> Array:
    return np.asarray(files.tensors[SECOND], np.float64) @ files.tensors[FIRST]


def random_adapter(seed: int, rank: int) -> LoraFiles:
    generator = np.random.default_rng(seed)
    return adapter(
        generator.normal(size=(rank, INPUTS)).astype(np.float32),
        generator.normal(size=(OUTPUTS, rank)).astype(np.float32),
    )


@given(seed=st.integers(0, 10_000), rank=st.integers(1, 6), count=st.integers(1, 4))
def test_the_mean_is_as_near_as_its_rank_allows(seed: int, rank: int, count: int) -> None:
    adapters = [random_adapter(seed + number, rank) for number in range(count)]
    found = mean_adapter(adapters)
    wanted = np.mean([delta(each) for each in adapters], axis=0)
    left_out = np.linalg.svd(wanted, compute_uv=False)[rank:]
    assert found.config == adapters[0].config
    assert {name: array.shape for name, array in found.tensors.items()} == {
        FIRST: (rank, INPUTS),
        SECOND: (OUTPUTS, rank),
    }
    assert all(array.dtype == np.float32 for array in found.tensors.values())
    assert np.linalg.norm(delta(found) - wanted) == pytest.approx(np.linalg.norm(left_out), abs=1e-4)


def test_adapters_that_learned_the_same_directions_lose_nothing() -> None:
    one = random_adapter(1, 3)
    others = [adapter(one.tensors[FIRST], random_adapter(seed, 3).tensors[SECOND]) for seed in range(3)]
    assert delta(mean_adapter(others)) == pytest.approx(np.mean([delta(each) for each in others], axis=0), abs=1e-5)


def test_an_adapter_that_learned_nothing_stays_so() -> None:
    nothing = adapter(random_adapter(1, 2).tensors[FIRST], np.zeros((OUTPUTS, 2), np.float32))
    found = mean_adapter([nothing, nothing])
    assert not delta(found).any() and np.isfinite(found.tensors[FIRST]).all()
