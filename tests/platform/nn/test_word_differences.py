from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from podion.head_kinds import PARTED
from podion.nn.word_differences import differences_in

TEXTS = st.text(alphabet="ab 你好", max_size=8)


def keys(first: str, second: str) -> set[int]:
    return set(differences_in([f"{first}{PARTED}{second}"]).keys.tolist())


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_a_pair_is_read_alike_alone_and_among_others(pairs: list[tuple[str, str]]) -> None:
    found = differences_in([f"{first}{PARTED}{second}" for first, second in pairs])
    for place, pair in enumerate(pairs):
        own = found.keys[found.rows == place]
        assert set(own.tolist()) == keys(*pair)
        assert len(set(own.tolist())) == len(own)


@given(TEXTS)
def test_equal_parts_differ_in_nothing(text: str) -> None:
    assert not keys(text, text)


def test_turned_round_half_of_the_keys_stay() -> None:
    one, other = keys("how to treat it", "what causes it"), keys("what causes it", "how to treat it")
    assert len(one) == len(other)
    assert len(one & other) == len(one) / 2


def test_what_both_have_does_not_count() -> None:
    assert keys("fever pills", "fever cause") & keys("cough pills", "cough cause")
    assert not keys("fever", "") & keys("fever pills", "fever")


def test_a_text_that_is_not_parted_is_all_first() -> None:
    found = differences_in(["fever", f"fever{PARTED}", ""])
    assert Counter(found.rows.tolist())[0] == Counter(found.rows.tolist())[1] > 0
    assert np.array_equal(found.keys[found.rows == 0], found.keys[found.rows == 1])
