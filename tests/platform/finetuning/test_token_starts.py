"""Where a head of nested spans starts: what frozen tokens tell, found at once."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from podion.finetuning.token_starts import evenly, start_from_tokens
from podion.hosting.nested_spans import NestedSpanTagger
from podion.nn import LabelSpace

HIDDEN = 12


def test_tokens_that_point_much_the_same_way_are_told_apart() -> None:
    """What all tokens share is large, as in multilingual bases; what tells them apart is small."""
    generator = torch.Generator().manual_seed(3)
    targets = torch.randint(0, 3, (4_000, 2), generator=generator)
    own = torch.zeros(4_000, HIDDEN)
    own[:, :3] = torch.nn.functional.one_hot(targets[:, 0], 3)
    own[:, 3:6] = torch.nn.functional.one_hot(targets[:, 1], 3)
    tokens = 5.0 + 0.1 * own + 0.01 * torch.randn(4_000, HIDDEN, generator=generator)
    head = NestedSpanTagger(HIDDEN, LabelSpace(("body", "symptom")))
    start_from_tokens(head, tokens[:3_000], targets[:3_000])
    logits = head.linear(tokens[3_000:]).reshape(-1, 2, 3)
    assert float((logits.argmax(-1) == targets[3_000:]).float().mean()) > 0.99


def test_a_token_that_never_differs_gives_finite_weights() -> None:
    head = NestedSpanTagger(HIDDEN, LabelSpace(("body",)))
    start_from_tokens(head, torch.ones(50, HIDDEN), torch.zeros(50, 1, dtype=torch.long))
    assert all(bool(parameter.isfinite().all()) for parameter in head.parameters())


@given(st.lists(st.integers(0, 5_000), max_size=300))
def test_so_many_rows_are_read_as_hold_enough_tokens(lengths: list[int]) -> None:
    places = evenly(lengths)
    assert places == sorted(set(places))
    if sum(lengths) <= 200_000:
        assert places == list(range(len(lengths)))
    else:
        assert len(places) <= len(lengths) // 2 + 1
