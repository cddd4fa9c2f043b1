import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.hosting.shared_wording import WIDTH, shared_wording

EQUAL, INSIDE, AROUND, LONGER = -4, -3, -2, -1


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_have_finite_numbers_and_turned_round_the_same_turned(first: str, second: str) -> None:
    one, other = shared_wording(first, second), shared_wording(second, first)
    assert one.shape == (WIDTH,)
    assert one.dtype == np.float32
    assert (np.abs(one) <= 1).all()
    assert one[[0, 2, EQUAL, INSIDE]] == pytest.approx(other[[1, 2, EQUAL, AROUND]])
    assert one[LONGER] == pytest.approx(-other[LONGER])


def test_what_is_counted_is_words_and_chinese_characters() -> None:
    english = shared_wording("Is the RASH  contagious", "the rash ｉｓ red")
    assert english[:3] == pytest.approx([3 / 4, 3 / 4, 3 / 5])
    assert english[3:6] == pytest.approx([1 / 3, 1 / 3, 1 / 5])  # of the pairs, `the rash` alone
    chinese = shared_wording("感冒吃什么药", "感冒怎么办")
    assert chinese[:3] == pytest.approx([3 / 6, 3 / 5, 3 / 8])


def test_equal_texts_and_those_inside_others_are_told() -> None:
    assert shared_wording("Fever", " fever ")[[EQUAL, INSIDE, AROUND, LONGER]] == pytest.approx([1, 1, 1, 0])
    assert shared_wording("fever", "high fever")[[EQUAL, INSIDE, AROUND]] == pytest.approx([0, 1, 0])
    assert not shared_wording("", "").any() or shared_wording("", "")[EQUAL] == 1
