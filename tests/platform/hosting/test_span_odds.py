"""How sure a marked stretch is: scaled and shifted log-odds, in the same order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.answers import Span, SpanAnswer
from podion.hosting.span_odds import log_odds, surer

SHARES = st.floats(0, 1)


def answer(*confidences: float) -> SpanAnswer:
    spans = tuple(Span(start=place, end=place + 1, label="drug") for place in range(len(confidences)))
    return SpanAnswer(spans=spans, confidences=confidences, confidence=min(confidences, default=0.4))


def test_odds_are_scaled_and_shifted() -> None:
    found = surer(answer(0.9, 0.5), (0.5, -1.0), None)
    assert found.confidences == pytest.approx((1 / (1 + math.exp(1 - math.log(9) / 2)), 1 / (1 + math.e)))
    assert found.confidence == found.confidences[1]
    assert not found.abstained
    assert found.spans == answer(0.9, 0.5).spans


def test_what_is_less_sure_now_abstains() -> None:
    assert not surer(answer(0.9), (1.0, 0.0), 0.85).abstained
    assert surer(answer(0.9), (1.0, -2.0), 0.85).abstained


def test_an_answer_without_stretches_is_as_sure_as_it_was() -> None:
    found = surer(answer(), (2.0, -3.0), 0.5)
    assert (found.confidence, found.confidences, found.abstained) == (0.4, (), True)


@given(st.lists(SHARES, min_size=2, max_size=5), st.floats(0.2, 5), st.floats(-90, 90))
def test_the_order_stays_and_all_are_probabilities(shares: list[float], slope: float, shift: float) -> None:
    found = surer(answer(*shares), (slope, shift), None)
    assert all(0 <= one <= 1 for one in found.confidences)
    places = sorted(range(len(shares)), key=shares.__getitem__)
    ordered = [found.confidences[place] for place in places]
    assert ordered == sorted(ordered)
    assert found.confidence == min(found.confidences)


@given(SHARES)
def test_log_odds_are_finite_and_odd(share: float) -> None:
    assert abs(log_odds(share)) < 14
    assert log_odds(share) == pytest.approx(-log_odds(1 - share), abs=1e-6)
