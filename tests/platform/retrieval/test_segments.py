from hypothesis import given
from hypothesis import strategies as st

from podion.retrieval.segments import LONGEST, cut_text

TEXTS = st.text(
    st.sampled_from([*"abc de.!?;,\n\t\"'", *"。!?;,、…”中文字 ", "\r", "\u2028", "\U0001f600", "\x00"]), max_size=3_000
)


@given(TEXTS)
def test_segments_cover_a_text_and_point_at_it_exactly(text: str) -> None:
    places = cut_text(text)
    end = 0
    for start, stop in places:
        assert end <= start < stop <= len(text)
        assert stop - start <= LONGEST
        assert not text[end:start].strip()
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert not text[end:].strip()


def test_sentences_stay_whole_and_paragraphs_apart() -> None:
    first = "A paragraph that says enough to stand alone, and then a little more. "
    second = "Another one."
    text = f"{first * 5}\n\n{second} {first * 4}"
    cut = [text[start:end] for start, end in cut_text(text)]
    assert cut == [(first * 5).strip(), f"{second} {first * 4}".strip()]
    long = first * 20
    assert all(long[start:end].endswith("more.") for start, end in cut_text(long))


def test_a_heading_stays_with_its_paragraph() -> None:
    text = "Returns\nShoes may be sent back within 30 days."
    assert cut_text(text) == [(0, len(text))]


def test_chinese_sentences_end_without_white_space() -> None:
    text = "如果您更换了手机号码,请携带身份证到柜台办理。" * 40
    cut = [text[start:end] for start, end in cut_text(text)]
    assert len(cut) > 1
    assert all(one.endswith("。") for one in cut)


def test_numbers_and_abbreviations_are_not_ends() -> None:
    assert len(cut_text("It costs 1.50 per kg.")) == 1


def test_a_word_without_end_is_broken() -> None:
    places = cut_text("x" * (2 * LONGEST + 1))
    assert [stop - start for start, stop in places] == [LONGEST, LONGEST, 1]
