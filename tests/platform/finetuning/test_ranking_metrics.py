"""Rankings are measured over everything there is: a tie counts half, what is absent is a miss."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.answers import RankedItem, RankingAnswer
from podion.finetuning.ranking_metrics import rank_of, ranking_metrics

LABELS = tuple(f"i{number}" for number in range(30))


def ranking(*scores: tuple[str, float], confidence: float = 0.5) -> RankingAnswer:
    return RankingAnswer(
        confidence=confidence, items=tuple(RankedItem(item_id=item, score=score) for item, score in scores)
    )


def test_a_tie_counts_half_wherever_it_stands_in_the_list() -> None:
    tied = ranking(("a", 3.0), ("b", 2.0), ("c", 2.0), ("d", 2.0), ("e", 1.0))
    assert [rank_of(tied, item) for item in "abcde"] == [0, 2, 2, 2, 4]
    assert rank_of(tied, "f") == math.inf


def test_figures_are_those_of_the_definitions() -> None:
    answers = [ranking(*((f"i{place}", 1.0 - place / 100) for place in range(12)), confidence=0.25) for _ in range(4)]
    told = ranking_metrics(answers, ["i0", "i2", "i11", "unknown"], LABELS)
    assert told["rows"] == 4
    assert told["ndcg@10"] == pytest.approx((1 + 1 / math.log2(4)) / 4)
    assert told["recall@10"] == 0.5
    assert told["recall@50"] == 0.75
    assert told["mrr"] == pytest.approx((1 + 1 / 3 + 1 / 12) / 4)
    assert told["coverage"] == pytest.approx(10 / 30)
    assert told["gini"] == pytest.approx(20 / 30)
    assert told["ece"] == pytest.approx(0.25), "a quarter sure, and right half of the time"
    assert 0 < told["standard_error"]["ndcg@10"] < 0.5


def test_rows_without_a_label_do_not_count() -> None:
    told = ranking_metrics([ranking(("i0", 1.0)), ranking(("i1", 1.0))], ["i0", None], LABELS, brief=True)
    assert told["rows"] == 1
    assert told["recall@10"] == 1.0
    assert ranking_metrics([], [], LABELS) == {"rows": 0}


def test_places_shared_out_alike_have_no_gini_and_cover_everything() -> None:
    answers = [ranking((label, 1.0)) for label in LABELS]
    told = ranking_metrics(answers, list(LABELS), LABELS, brief=True)
    assert told["gini"] == pytest.approx(0.0)
    assert told["coverage"] == 1.0


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(0, 11))
def test_a_rank_is_the_mean_over_all_orders_of_a_tie(scores: list[int], chosen: int) -> None:
    chosen %= len(scores)
    answer = ranking(*((f"i{place}", float(score)) for place, score in enumerate(scores)))
    first = sum(score > scores[chosen] for score in scores)
    last = sum(score >= scores[chosen] for score in scores) - 1
    assert rank_of(answer, f"i{chosen}") == (first + last) / 2
