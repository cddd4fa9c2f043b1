"""Fairness: ratios and gaps that can be worked out by hand, with intervals, and no word on groups of a few."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion_finance_risk.fairness import Case, band, fairness
from podion_finance_risk.intervals import difference, ratio, share
from podion_finance_risk.proxies import cramers_v, proxies


def cases(group: str, approved: int, of: int, *, bad: bool | None = None) -> list[Case]:
    return [Case({"sex": group}, place < approved, bad) for place in range(of)]


def test_the_adverse_impact_ratio_is_against_the_most_approved_group() -> None:
    [told] = fairness([*cases("f", 48, 100), *cases("m", 80, 100), *cases("x", 1, 4), Case({}, True, None)])
    assert (told.reference, told.small_groups, told.unknown) == ("m", {"x": 4}, 1)
    first, second = told.groups
    assert (first.group, first.adverse_impact_ratio.value, first.flagged) == ("m", 1.0, False)
    assert second.adverse_impact_ratio.value == pytest.approx(0.6)
    assert second.flagged
    low, high = second.adverse_impact_ratio.low or 0, second.adverse_impact_ratio.high or 0
    assert 0.4 < low < 0.6 < high < 0.8


def test_equal_opportunity_counts_only_those_known_to_have_paid() -> None:
    good = [*cases("f", 30, 60, bad=False), *cases("m", 45, 60, bad=False)]
    [told] = fairness([*good, *cases("f", 0, 50, bad=True), *cases("m", 0, 50)])
    by_name = {group.group: group for group in told.groups}
    assert by_name["f"].opportunity_gap.value == pytest.approx(0.25)
    assert by_name["m"].opportunity_gap.value == 0
    assert by_name["f"].approved_of_good.of == 60


def test_ages_come_in_bands_and_words_in_small_letters() -> None:
    assert (band("age", 34), band("Age", 29.5), band("sex", " Female "), band("foreign", True)) == (
        "30 to 39",
        "20 to 29",
        "female",
        "true",
    )


def test_nobody_was_approved_and_nobody_is_known() -> None:
    [told] = fairness(cases("f", 0, 40))
    assert told.groups[0].adverse_impact_ratio.value is None
    assert not told.groups[0].flagged
    assert fairness([]) == []


@settings(max_examples=30)
@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 200), st.integers(1, 200))
def test_intervals_hold_their_shares(one: int, of: int, other: int, of_other: int) -> None:
    left, right = share(min(one, of), of), share(min(other, of_other), of_other)
    assert left.low is not None and left.share is not None and left.high is not None
    assert 0 <= left.low <= left.share + 1e-12 and left.share <= left.high + 1e-12 <= 1 + 1e-9
    gap, low, high = difference(left, right)
    assert gap is not None and low is not None and high is not None
    assert low - 1e-9 <= gap <= high + 1e-9
    value, lowest, highest = ratio(left, right)
    if lowest is not None and value is not None and highest is not None:
        assert lowest <= value + 1e-9 and value <= highest + 1e-9


def test_wilsons_interval_is_the_textbooks() -> None:
    told = share(8, 10)
    assert (told.low, told.high) == (pytest.approx(0.4902, abs=1e-3), pytest.approx(0.9433, abs=1e-3))


def test_a_feature_that_stands_in_for_an_attribute_is_named() -> None:
    """`height` goes with the sex, `shoe` is the sex by another name, `luck` has nothing to do with it."""
    chance = random.Random(5)
    rows = []
    for place in range(400):
        sex = ("f", "m")[place % 2]
        height = chance.gauss(165 if sex == "f" else 178, 7)
        rows.append(({"sex": sex}, {"height": height, "shoe": sex.upper(), "luck": chance.random()}))
    told = proxies(rows)
    assert [each.feature for each in told] == ["shoe", "height"]
    assert told[0].association == pytest.approx(1, abs=0.01)
    assert proxies(rows[:99]) == [], "too few rows to say anything"


def test_independent_categories_have_no_association() -> None:
    chance = random.Random(1)
    one, other = ([chance.choice("abc") for _ in range(600)] for _ in range(2))
    assert cramers_v(one, other) < 0.1
    assert cramers_v(["a"] * 10, list("abcdefghij")) == 0
