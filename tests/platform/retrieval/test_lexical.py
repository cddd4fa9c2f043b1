import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.retrieval.lexical import LexicalIndex, grams

TEXTS = st.lists(st.text("abcd ef中文字", max_size=12), max_size=8)


def index_of(texts: list[str], first: int = 1) -> LexicalIndex:
    index = LexicalIndex()
    index.add(np.arange(first, first + len(texts)), texts)
    return index


def test_a_typing_mistake_costs_little_and_another_word_all() -> None:
    index = index_of(["change my address", "block my card", "opening hours"])
    scores = index.scores("chagne adress")
    assert scores.argmax() == 0
    assert scores[0] > 0.3
    assert scores[2] == 0


def test_full_width_and_capitals_are_the_same_letters() -> None:
    assert grams("CARD 12") == grams("card 12")


def test_chinese_is_counted_by_characters_and_pairs() -> None:
    assert grams("改地址") == ["改", "地", "址", "改地", "地址"]
    assert grams("用card") == ["用", " ca", "car", "ard", "rd "]


@settings(max_examples=30)
@given(TEXTS, TEXTS, st.text("abcd ef中文", max_size=8), st.data())
def test_adding_and_dropping_is_exact(first: list[str], then: list[str], query: str, data: st.DataObject) -> None:
    """The scores are those of an index that was made of what is left, and at most 1."""
    index = index_of(first)
    index.scores(query)
    index.add(np.arange(100, 100 + len(then)), then)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(index), max_size=len(index))), dtype=bool)
    index.keep(kept)
    left = [text for text, stays in zip([*first, *then], kept, strict=True) if stays]
    again = LexicalIndex.of(index.arrays())
    assert np.array_equal(index.scores(query), index_of(left).scores(query))
    assert np.array_equal(index.scores(query), again.scores(query))
    assert (index.scores(query) <= 1 + 1e-6).all()
