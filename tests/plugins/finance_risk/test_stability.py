"""PSI: right where it can be worked out by hand, and no alarm by chance."""

import random

import pytest

from podion_finance_risk.stability import chance_psi, psi, stability


def test_psi_is_the_sum_that_its_definition_says() -> None:
    assert psi([50, 50], [50, 50]) == 0
    assert psi([50, 50], [80, 20]) == pytest.approx(0.3 * 0.4700036 + 0.3 * 0.9162907, abs=1e-6)
    assert psi([100, 0], [50, 50]) > 1, "an empty bin is no division by zero"


def test_the_threshold_knows_the_sample_size() -> None:
    """Yurdakul 2018: about (1/n + 1/m) times the 95th percentile of chi-square, 16.92 for nine degrees of freedom."""
    assert chance_psi(10, 200, 200) == pytest.approx(16.919 * 0.01, abs=1e-4)
    assert chance_psi(1, 10, 10) == 0


def test_by_chance_one_in_twenty_is_above_the_threshold_and_many_are_above_a_tenth() -> None:
    chance = random.Random(11)
    told = [
        stability("x", [chance.gauss(0, 1) for _ in range(100)], [chance.gauss(0, 1) for _ in range(100)])
        for _ in range(150)
    ]
    above = sum(each.verdict != "stable" for each in told) / len(told)
    thumb = sum(each.rule_of_thumb != "stable" for each in told) / len(told)
    assert above <= 0.12
    assert thumb >= 0.5, "the rule of thumb would have alarmed in most months without any change"


def test_a_shift_is_told() -> None:
    chance = random.Random(3)
    told = stability("income", [chance.gauss(0, 1) for _ in range(500)], [chance.gauss(0.8, 1) for _ in range(500)])
    assert told.verdict == "shifted"
    assert sum(each.now for each in told.bins) == pytest.approx(1)


def test_missing_values_and_new_words_are_bins_of_their_own() -> None:
    told = stability("housing", ["own", "rent"] * 50, ["own"] * 40 + [None] * 40 + ["boat"] * 20)
    bins = {each.bin: (each.then, each.now) for each in told.bins}
    assert bins["(missing)"] == (0, 0.4)
    assert bins["(other)"] == (0, 0.2)
    numbers = stability("x", list(range(100)), [None] * 50 + ["odd"] * 10 + list(range(60)))
    assert {each.bin for each in numbers.bins} >= {"(missing)", "(other)"}


def test_few_rows_are_told_as_few() -> None:
    assert stability("x", [1, 2, 3], [3, 2, 1]).verdict == "too_few"
