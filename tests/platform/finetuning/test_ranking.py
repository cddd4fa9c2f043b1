"""Measures of a ranking are scikit-learn's, on any rows and with any ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from podion.finetuning.ranking import Ranking, auroc
from podion.finetuning.resampling import bootstrap

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=60)


def both(found: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([yes for yes, _ in found]), np.array([score / 9 for _, score in found])


@given(ROWS)
@settings(max_examples=40, deadline=None)
def test_the_names_mean_what_scikit_learn_means(found: list[tuple[bool, int]]) -> None:
    truth, scores = both(found)
    ranking = Ranking(truth, scores)
    assert ranking.knows == (0 < truth.sum() < len(truth))
    if not ranking.knows:
        return
    assert ranking.roc_auc() == pytest.approx(roc_auc_score(truth, scores))
    assert ranking.average_precision() == pytest.approx(average_precision_score(truth, scores))
    false, true, _ = roc_curve(truth, scores)
    assert ranking.ks() == pytest.approx(np.abs(true - false).max())
    assert auroc(scores[truth], scores[~truth]) == pytest.approx(ranking.roc_auc())


@given(ROWS, st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_chosen_rows_are_measured_as_a_ranking_of_their_own(found: list[tuple[bool, int]], seed: int) -> None:
    truth, scores = both(found)
    chosen = np.random.default_rng(seed).integers(0, len(truth), len(truth))
    ranking, own = Ranking(truth, scores), Ranking(truth[chosen], scores[chosen])
    for name, measure in ranking.measures().items():
        assert measure(chosen) == pytest.approx(own.measures()[name](np.arange(len(chosen))))


def test_recall_among_the_first_hundredth_takes_its_part_of_a_tie() -> None:
    scores = np.arange(300)[::-1] / 300
    truth = np.isin(np.arange(300), [0, 2, 3, 150])
    assert Ranking(truth, scores).recall_at_1_percent() == 2 / 4
    assert Ranking(truth, np.zeros(300)).recall_at_1_percent() == pytest.approx(3 / 300)
    assert Ranking(truth[:50], scores[:50]).recall_at_1_percent() == 1 / 3  # one row at least is looked at


def test_rows_of_one_kind_tell_nothing_and_break_nothing() -> None:
    for truth in (np.zeros(5, dtype=bool), np.ones(5, dtype=bool), np.zeros(0, dtype=bool)):
        ranking = Ranking(truth, np.linspace(0, 1, len(truth)))
        assert not ranking.knows
        assert all(0.0 <= measure(np.arange(len(truth))) <= 1.0 for measure in ranking.measures().values())


def test_the_bootstrap_of_roc_auc_is_near_its_formula() -> None:
    generator = np.random.default_rng(1)
    truth = generator.random(6_000) < 0.2
    scores = generator.normal(0, 1, 6_000) + truth
    ranking = Ranking(truth, scores)
    area = ranking.roc_auc()
    one, two, few, many = area / (2 - area), 2 * area**2 / (1 + area), int(truth.sum()), int((~truth).sum())
    formula = (  # Hanley & McNeil 1982
        area * (1 - area) + (few - 1) * (one - area**2) + (many - 1) * (two - area**2)
    ) / (few * many)
    assert bootstrap(6_000, ranking.roc_auc) == pytest.approx(formula**0.5, rel=0.25)
