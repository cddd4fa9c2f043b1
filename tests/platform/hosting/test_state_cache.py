import torch
from hypothesis import given
from hypothesis import strategies as st

from podion.hosting.encoder import Encoder
from podion.hosting.state_cache import StateCache, StateKey

TEXTS = ["the card was lost", "hello", "the card was lost"]


def key(text: int) -> StateKey:
    return StateKey((text,), 1, None)


def test_an_owner_never_meets_anothers() -> None:
    cache = StateCache(1 << 10)
    cache.put("a", key(1), torch.ones(2))
    assert cache.get("b", key(1)) is None
    found = cache.get("a", key(1))
    assert found is not None
    assert found[0].tolist() == [1.0, 1.0]
    assert (cache.hits, cache.misses, cache.nbytes) == (1, 1, 8)


def test_a_flood_pushes_out_its_own_and_nobody_elses() -> None:
    cache = StateCache(100 * 4)
    for text in range(10):
        cache.put("quiet", key(text), torch.zeros(1))
    for text in range(1_000):
        cache.put("loud", key(text), torch.zeros(1))
    assert all(cache.get("quiet", key(text)) for text in range(10))
    assert cache.get("loud", key(999))
    assert cache.get("loud", key(0)) is None


def test_what_is_larger_than_the_budget_is_not_kept() -> None:
    cache = StateCache(4)
    cache.put("a", key(1), torch.zeros(2))
    assert cache.nbytes == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(1, 5)), max_size=60))
def test_the_budget_holds_and_the_count_is_right(puts: list[tuple[str, int, int]]) -> None:
    cache = StateCache(12 * 4)
    for owner, text, size in puts:
        cache.put(owner, key(text), torch.full((size,), float(text)))
        assert cache.nbytes <= 12 * 4
    there = [found for owner in "abc" for text in range(10) if (found := cache.get(owner, key(text)))]
    assert sum(tensors[0].nbytes for tensors in there) == cache.nbytes


def test_states_out_of_the_cache_are_the_states(encoder: Encoder) -> None:
    cache = StateCache(1 << 20)
    rows = encoder.tokenise(TEXTS)
    owners = ["a", "a", "b"]
    first = encoder.states(rows, cut=1, owners=owners, cache=cache)
    assert encoder.work.upper_rows == 3
    again = encoder.states(rows, cut=1, owners=owners, cache=cache)
    assert encoder.work.upper_rows == 3
    assert torch.equal(first.pooled, again.pooled)
    assert first.lower is not None
    assert again.lower is not None
    assert torch.equal(first.lower, again.lower)
    tokens = encoder.states(rows, cut=1, owners=owners, cache=cache, reads_tokens=True)
    assert (encoder.work.lower_rows, encoder.work.upper_rows) == (3, 6)  # tokens are computed from the cut on
    assert (tokens.pooled - first.pooled).abs().max() < 1e-5
