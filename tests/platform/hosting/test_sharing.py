from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from podion.hosting.adapter_files import LoraFiles
from podion.hosting.adapter_pool import AdapterPool, PooledAdapter
from podion.hosting.encoder import Encoder
from podion.hosting.peft_files import AdapterDeltas, LowRank, read_deltas
from podion.hosting.sharing import share_rows

CUT = 2


def pooled(layer: int) -> PooledAdapter:
    name = f"encoder.layer.{layer}.output.dense"
    linear = nn.Linear(2, 2)
    delta = LowRank(np.zeros((1, 2), np.float32), np.zeros((2, 1), np.float32))
    return AdapterPool({name: linear}, torch.device("cpu")).put(AdapterDeltas({name: delta}), f"layer {layer}")


HIGH, LOW = pooled(CUT), pooled(CUT - 1)


def test_equal_texts_of_one_owner_share_what_nobody_adapts() -> None:
    texts = ["x", "x", "x", "y", "x"]
    sharing = share_rows(texts, [None, HIGH, None, None, LOW], None, CUT)
    assert [texts[row] for row in sharing.lower] == ["x", "y", "x"]
    assert (len(sharing.upper), sharing.end[0] == sharing.end[2]) == (4, True)
    assert [sharing.lower[place] for place in sharing.start] == [0, 0, 3, 4]


def test_owners_share_nothing() -> None:
    sharing = share_rows(["x", "x", "x"], None, ["a", "b", "a"], CUT)
    assert (len(sharing.lower), len(sharing.upper)) == (2, 2)


@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab"), st.sampled_from([None, HIGH, LOW])), max_size=20)
)
def test_every_row_gets_its_own(rows: Sequence[tuple[str, str, PooledAdapter | None]]) -> None:
    texts, owners, adapters = ([row[place] for row in rows] for place in range(3))
    sharing = share_rows(texts, adapters, owners, CUT)
    for row, end in enumerate(sharing.end):
        above, below = sharing.upper[end], sharing.lower[sharing.start[end]]
        assert (texts[above], owners[above], adapters[above]) == rows[row]
        assert (texts[below], owners[below]) == rows[row][:2]
        assert adapters[below] is adapters[row] or LOW not in (adapters[below], adapters[row])
    assert len(sharing.lower) <= len(sharing.upper) <= len(rows)


@pytest.mark.parametrize("layers", [(1, 2), (2,)])
def test_shared_rows_get_what_they_get_alone(
    encoder: Encoder, lora_files: Callable[..., LoraFiles], layers: tuple[int, ...]
) -> None:
    files = lora_files(1)
    chosen = {
        name: array for name, array in files.tensors.items() if any(f"layer.{layer}." in name for layer in layers)
    }
    adapter = encoder.pool.put(read_deltas(LoraFiles(config=files.config, tensors=chosen)), "chosen")
    rows = encoder.tokenise(["the card was lost", "hello", "the card was lost", "hello", "the card was lost"])
    adapters = [None, adapter, adapter, None, None]
    found = encoder.states(rows, adapters=adapters, reads_tokens=True, cut=CUT)
    assert encoder.work.lower_rows == (2 if min(layers) >= CUT else 4)
    assert encoder.work.upper_rows == 4
    for place, row in enumerate(rows):
        alone = encoder.states([row], adapters=[adapters[place]], reads_tokens=True, cut=CUT)
        assert alone.lower is not None
        assert found.lower is not None
        assert (found.pooled[place] - alone.pooled[0]).abs().max() < 1e-5
        assert (found.lower[place] - alone.lower[0]).abs().max() < 1e-5
        assert (found.tokens[place, : len(row)] - alone.tokens[0]).abs().max() < 1e-5
        assert torch.equal(found.offsets[place, : len(row)], alone.offsets[0])
