import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.hosting.token_rows import TokenRow, batches_of, pack_rows

LENGTHS = st.lists(st.integers(1, 60), max_size=40)


@given(lengths=LENGTHS, budget=st.integers(1, 200))
@settings(deadline=None, max_examples=60)
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = batches_of(lengths, budget, tie=lambda place: (place % 3,))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    in_order = [lengths[place] for batch in batches for place in batch]
    assert in_order == sorted(in_order)
    for batch in batches:
        assert len(batch) == 1 or sum(lengths[place] for place in batch) <= budget
        for length in {lengths[place] for place in batch}:
            ties = [place % 3 for place in batch if lengths[place] == length]
            assert ties == sorted(ties)


@given(lengths=LENGTHS.filter(bool))
@settings(deadline=None, max_examples=60)
def test_packed_rows_are_the_rows_and_nothing_else(lengths: list[int]) -> None:
    rows = [TokenRow(tuple(range(first, first + length)), ((0, 0),) * length) for first, length in enumerate(lengths)]
    packed = pack_rows(rows, torch.device("cpu"))
    assert packed.tokens == len(packed.ids) == sum(lengths)
    assert packed.ids.tolist() == [token for row in rows for token in row.ids]
    assert packed.positions.tolist() == [place for length in lengths for place in range(length)]
    assert sum(run.rows for run in packed.runs) == len(rows)
    hidden = packed.ids.double()[:, None].expand(-1, 3)
    assert torch.allclose(packed.mean(hidden)[:, 0], torch.tensor([sum(row.ids) / len(row) for row in rows]).float())
    assert [part[:, 0].tolist() for part in packed.split(hidden)] == [list(map(float, row.ids)) for row in rows]
