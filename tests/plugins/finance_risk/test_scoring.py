"""Probabilities as points, and points as probabilities again."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion_finance_risk.scoring import Grade, Scale, grade_of, logit

GRADES = [Grade(name="A", below=0.05), Grade(name="B", below=0.2), Grade(name="C", below=1)]


def test_the_scale_is_what_its_three_numbers_say() -> None:
    """600 points at odds of 50 to 1, and 20 more for twice the odds."""
    scale = Scale(points=600, odds=50, doubling=20)
    assert scale.score(1 / 51) == 600
    assert scale.score(1 / 101) == 620
    assert scale.score(1 / 26) == 580


@settings(max_examples=30)
@given(st.floats(1e-5, 1 - 1e-5), st.floats(1e-5, 1 - 1e-5))
def test_a_better_probability_never_has_fewer_points(one: float, other: float) -> None:
    scale = Scale()
    low, high = sorted((one, other))
    assert scale.score(low) >= scale.score(high), "higher is better"


@settings(max_examples=30)
@given(st.floats(1e-4, 1 - 1e-4))
def test_points_lead_back_to_the_probability(pd: float) -> None:
    scale = Scale()
    assert logit(scale.pd(scale.score(pd))) == pytest.approx(logit(pd), abs=0.51 / scale.factor)


@settings(max_examples=30)
@given(st.lists(st.floats(-5, 5), max_size=10), st.floats(-5, 5))
def test_points_of_contributions_add_up_to_the_score(contributions: list[float], base: float) -> None:
    scale = Scale()
    total = base + sum(contributions)
    points = scale.offset + scale.points_of(base) + sum(scale.points_of(each) for each in contributions)
    pd = 1 / (1 + math.exp(-total))
    assert points == pytest.approx(scale.score(min(max(pd, 1e-6), 1 - 1e-6)), abs=0.51) or not 1e-6 < pd < 1 - 1e-6


@pytest.mark.parametrize(("pd", "grade"), [(0.0, "A"), (0.0499, "A"), (0.05, "B"), (0.2, "C"), (1.0, "C")])
def test_a_bound_belongs_to_the_next_grade(pd: float, grade: str) -> None:
    assert grade_of(pd, GRADES) == grade


@pytest.mark.parametrize("pd", [0.0, 1.0])
def test_certainty_has_finite_points(pd: float) -> None:
    assert abs(Scale().score(pd)) < 10_000
