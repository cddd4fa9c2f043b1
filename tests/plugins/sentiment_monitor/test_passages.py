import time

from hypothesis import given
from hypothesis import strategies as st

from podion_sentiment_monitor.passages import MOST_MENTIONS, mentions_of, passages_of


def found(text: str, *names: str) -> list[list[str]]:
    return [[text[start:end] for start, end in places] for places in mentions_of(text, names)]


def test_every_mention_is_found_in_any_case() -> None:
    assert found("Gold shines; GOLD funds wait, gold falls", "Gold") == [["Gold", "GOLD", "gold"]]
    assert found("招商银行上涨，招商银行公告", "招商银行") == [["招商银行", "招商银行"]]


def test_a_name_is_a_word_of_its_own_where_it_can_be() -> None:
    assert mentions_of("technology helps tech", ["tech"]) == [[(17, 21)]]
    assert found("technology helps", "tech") == [["tech"]]  # else nothing would be said of it


def test_of_names_that_overlap_the_longest_has_the_place() -> None:
    text = "India index up as India grows"
    assert mentions_of(text, ["India", "India index"]) == [[(18, 23)], [(0, 11)]]
    assert found("India index up", "India", "India index") == [["India"], ["India index"]]


def test_a_name_that_is_not_there_has_no_passage() -> None:
    [only] = passages_of("Gold shines", ["Silver", "Gold"])
    assert (only.place, only.entity, only.mentions) == (1, "Gold", ((0, 4),))


def test_the_words_around_tell_the_two_sides_of_a_text_apart() -> None:
    gold, silver = passages_of("Gold shines, Silver dull", ["Gold", "Silver"])
    assert ">1shines" in gold.words
    assert ">1dull" in silver.words
    assert "Gold" not in gold.words + silver.words


def test_a_text_full_of_one_name_has_few_mentions() -> None:
    [passage] = passages_of("A b " * 500, ["A"])
    assert len(passage.mentions) == MOST_MENTIONS


def test_the_longest_text_with_the_most_names_is_read_in_little_time() -> None:
    names = [chr(code) for code in range(ord("A"), ord("Z") + 1)] + [str(number) for number in range(24)]
    begin = time.process_time()
    found = list(passages_of(" ".join(names * 160)[:8_000], names))
    assert len(found) == len(names)
    assert time.process_time() - begin < 1.5


def test_far_down_a_long_text_the_words_are_those_around_the_entity() -> None:
    [passage] = passages_of("filler " * 1_000 + "Acme surges", ["Acme"])
    assert ">1surges" in passage.words
    assert len(passage.words) < 2_000


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=5), max_size=4))
def test_mentions_are_places_in_the_text(text: str, names: list[str]) -> None:
    for passage in passages_of(text, names):
        assert passage.mentions
        for start, end in passage.mentions:
            assert 0 <= start < end <= len(text)
            assert text[start:end].lower() == passage.entity.lower() or len(passage.entity.lower()) != end - start
