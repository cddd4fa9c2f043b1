"""The detector: a seasonal expectation, honest tails, and no more false discoveries than asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from podion_sentiment_monitor.detector import discoveries, forecast, surprise

MONDAY = 496_128 - 496_128 % 168 + 4 * 24
"""An hour since 1970 at which a Monday (UTC) begins; 1970 began on a Thursday."""


def test_a_busy_monday_morning_is_expected() -> None:
    rng = np.random.default_rng(1)
    hours = np.arange(28 * 24)
    rate = np.full(len(hours), 2.0)
    rate[(hours % 168 >= 8) & (hours % 168 < 11)] = 20.0
    counts = rng.poisson(rate)[None].astype(float)
    told = forecast(counts, MONDAY, MONDAY + len(hours) + np.array([9, 30]))
    monday, tuesday = told.rates[0]
    assert 12 < monday < 26
    assert 1 < tuesday < 6
    chances = surprise(np.array([20.0, 20.0]), told.rates[0], told.dispersion[[0, 0]], told.known[[0, 0]])
    assert chances[0] > 0.05
    assert chances[1] < 1e-4


def test_an_outbreak_in_the_past_does_not_hide_the_next() -> None:
    counts = np.ones((1, 21 * 24))
    clean = forecast(counts, MONDAY, np.array([MONDAY + 21 * 24])).rates[0, 0]
    counts[0, 100:112] = 60
    after = forecast(counts, MONDAY, np.array([MONDAY + 21 * 24])).rates[0, 0]
    assert after < 2 * clean


def test_a_level_that_rose_yesterday_is_expected_today() -> None:
    counts = np.full((1, 14 * 24), 2.0)
    counts[0, -24:] = 6.0
    assert forecast(counts, MONDAY, np.array([MONDAY + 14 * 24])).rates[0, 0] > 3


def test_without_history_nothing_is_expected_and_nothing_breaks() -> None:
    told = forecast(np.zeros((3, 0)), 0, np.array([1, 2]))
    assert told.rates.shape == (3, 2)
    assert forecast(np.zeros((0, 48)), 0, np.array([1])).rates.shape == (0, 1)
    silent = forecast(np.zeros((2, 240)), 0, np.array([240]))
    assert (silent.rates < 0.01).all()
    assert np.isfinite(silent.rates).all()


@given(
    count=st.integers(1, 60), mean=st.floats(0.05, 40), dispersion=st.floats(0.02, 3), known=st.floats(1, 1e6)
)  # fmt: skip
@settings(max_examples=60)
def test_the_tail_is_that_of_the_negative_binomial(count: int, mean: float, dispersion: float, known: float) -> None:
    told = surprise(np.array([float(count)]), np.array([mean]), np.array([dispersion]), np.array([known]))[0]
    size = 1 / (dispersion + 1 / (known + 1))
    assert told == pytest.approx(nbinom.sf(count - 1, size, size / (size + mean)), rel=1e-6, abs=1e-12)


def test_without_dispersion_the_tail_is_poissons() -> None:
    told = surprise(np.array([9.0]), np.array([3.0]), np.array([0.0]), np.array([1e9]))[0]
    assert told == pytest.approx(poisson.sf(8, 3.0), rel=1e-4)


@given(low=st.integers(0, 30), more=st.integers(1, 30), mean=st.floats(0.1, 20))
@settings(max_examples=60)
def test_more_stories_are_more_surprising_and_a_wider_expectation_less(low: int, more: int, mean: float) -> None:
    observed, means = np.array([low, low + more], float), np.array([mean, mean])
    tails = surprise(observed, means, np.full(2, 0.1), np.full(2, 100.0))
    assert tails[1] <= tails[0]
    few = surprise(np.array([mean + 10 + more]), means[:1], np.array([0.1]), np.array([2.0]))
    many = surprise(np.array([mean + 10 + more]), means[:1], np.array([0.1]), np.array([2e6]))
    assert few[0] >= many[0]


def test_false_discoveries_are_held_to_their_share_over_many_series() -> None:
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(300):
        observed = rng.poisson(4.0, 200).astype(float)
        tails = surprise(observed, np.full(200, 4.0), np.zeros(200), np.full(200, 1e9))
        wrong += bool(discoveries(tails, 0.05).any())
    assert wrong / 300 < 0.05
    assert (surprise(rng.poisson(4.0, 20_000) * 1.0, np.full(20_000, 4.0), np.zeros(20_000), np.full(20_000, 1e9)) < 0.05).sum() > 300  # fmt: skip  # noqa: E501


@given(chances=st.lists(st.floats(0, 1), max_size=40), fdr=st.floats(0.001, 0.5))
def test_discoveries_are_those_of_the_definition(chances: list[float], fdr: float) -> None:
    found = discoveries(np.array(chances), fdr)
    ordered = sorted(chances)
    passing = [place for place, chance in enumerate(ordered, 1) if chance <= fdr * place / len(ordered)]
    limit = ordered[passing[-1] - 1] if passing else -1.0
    assert found.tolist() == [chance <= limit for chance in chances]
