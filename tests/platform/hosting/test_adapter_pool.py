from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.errors import DataError
from podion.hosting.adapter_files import LoraFiles
from podion.hosting.adapter_pool import PooledAdapter
from podion.hosting.encoder import Encoder
from podion.hosting.peft_files import AdapterDeltas, LowRank, Rescale, read_deltas

Maker = Callable[..., LoraFiles]
QUERY = "encoder.layer.0.attention.self.query"


def held(adapter: PooledAdapter, module: str) -> torch.Tensor:
    """The product of an adapter's two matrices, as the pool holds them now."""
    part = adapter.stack.layout.by_module[module]
    return adapter.stack.b(part)[adapter.slot] @ adapter.stack.a(part)[adapter.slot]


def brought(deltas: AdapterDeltas, module: str) -> torch.Tensor:
    delta = deltas.deltas[module]
    assert isinstance(delta, LowRank)
    return torch.from_numpy(delta.b @ delta.a)


@given(steps=st.lists(st.integers(0, 30), max_size=60))
@settings(deadline=None, max_examples=25)
def test_each_adapter_keeps_its_own_values_while_others_come_and_go(
    encoders: dict[str, Encoder], lora_files: Maker, steps: list[int]
) -> None:
    pool = encoders["fp32"].pool
    there: dict[int, tuple[PooledAdapter, AdapterDeltas]] = {}
    for step in steps:
        if step in there:
            pool.release(there.pop(step)[0])
        else:
            deltas = read_deltas(lora_files(step, rank=1 + step % 5))
            there[step] = (pool.put(deltas, str(step)), deltas)
    for adapter, deltas in there.values():
        assert torch.allclose(held(adapter, QUERY), brought(deltas, QUERY), atol=1e-6)
        pool.release(adapter)


def test_ranks_share_few_stacks(encoder: Encoder, lora_files: Maker) -> None:
    found = {rank: encoder.pool.put(read_deltas(lora_files(rank, rank=rank)), str(rank)) for rank in (3, 4, 5, 8)}
    assert found[3].stack is found[4].stack
    assert found[5].stack is found[8].stack
    assert found[4].stack is not found[5].stack


def test_a_stack_that_nobody_has_any_more_is_given_back(encoder: Encoder, lora_files: Maker) -> None:
    first = encoder.pool.put(read_deltas(lora_files(1)), "1")
    encoder.pool.release(first)
    assert encoder.pool.put(read_deltas(lora_files(1)), "1").stack is not first.stack


@pytest.mark.parametrize(
    ("deltas", "words"),
    [
        ({"encoder.layer.9.output.dense": LowRank(np.zeros((1, 32)), np.zeros((32, 1)))}, "no linear layer"),
        ({QUERY: LowRank(np.zeros((4, 64)), np.zeros((32, 4)))}, "sizes 64 to 32, the base 32 to 32"),
        ({QUERY: Rescale(np.ones(31), "output")}, "sizes 31, the base 32"),
        ({QUERY: Rescale(np.ones(32), "input")}, "queries, keys and values share"),
    ],
)
def test_what_does_not_fit_the_base_is_refused(
    encoder: Encoder, deltas: dict[str, LowRank | Rescale], words: str
) -> None:
    with pytest.raises(DataError, match=words) as raised:
        encoder.pool.put(AdapterDeltas(deltas), "bad")
    assert raised.value.code == "bad_adapter"
