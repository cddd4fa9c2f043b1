"""Shares with exact bounds, agreement, coverage and risk; the report over labelled cases and over verdicts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.special import betaincinv
from sklearn.metrics import cohen_kappa_score

from podion_medical.chapters import CHAPTERS, chapter_of
from podion_medical.clauses import clauses_of, tail_of, without
from podion_medical.guidelines import page_of, sentences_of, shared
from podion_medical.measuring import age_band, coverage_risk, gap, quadratic_kappa, share, upper_bound

TEXTS = some.text(alphabet="ab 1.2,;。，！\n发热-", max_size=60)


@pytest.mark.parametrize(("count", "of"), [(0, 60), (3, 2543), (1, 20), (5, 60)])
def test_the_bound_is_clopper_and_pearsons(count: int, of: int) -> None:
    """The 95th percentile of a beta distribution, which scipy inverts."""
    assert upper_bound(count, of) == pytest.approx(betaincinv(count + 1, of - count, 0.95), abs=1e-9)
    assert upper_bound(7, 7) == 1


@settings(max_examples=25)
@given(some.integers(1, 60), some.data())
def test_a_bound_holds_the_share_and_shrinks_with_the_sample(of: int, data: Any) -> None:
    count = data.draw(some.integers(0, of))
    found = share(count, of)
    assert found.upper_95 is not None and found.share is not None
    assert found.share <= found.upper_95 <= 1
    assert upper_bound(10 * count, 10 * of) <= found.upper_95 + 1e-9


def test_kappa_is_cohens_with_quadratic_weights() -> None:
    """As scikit-learn computes it."""
    pairs = [(1, 1), (2, 3), (3, 3), (5, 4), (4, 4), (2, 2), (5, 5), (1, 3)]
    expected = cohen_kappa_score([a for a, _ in pairs], [b for _, b in pairs], weights="quadratic")
    assert quadratic_kappa(pairs) == pytest.approx(expected, abs=1e-12)
    assert quadratic_kappa([(3, 3)] * 4) is None
    assert quadratic_kappa([(1, 1), (5, 5)]) == 1


def test_risk_is_that_of_the_surest() -> None:
    told = [(0.9, True), (0.8, True), (0.7, False), (0.6, False)]
    points = coverage_risk(told, points=4)
    assert [(point.coverage, point.risk) for point in points] == [(0.25, 0), (0.5, 0), (0.75, 1 / 3), (1, 0.5)]
    assert coverage_risk([]) == []


def test_groups_are_compared_where_they_are_large_enough() -> None:
    groups = {"female": share(2, 40), "male": share(8, 40), "other": share(3, 3)}
    assert gap(groups, 20) == pytest.approx(0.15)
    assert gap(groups, 100) is None
    assert [age_band(age) for age in (None, 3, 18, 64, 65)] == [None, "0-17", "18-64", "18-64", "65+"]


@given(TEXTS)
def test_clauses_part_a_text_and_lose_no_word(text: str) -> None:
    parts = clauses_of(text, 4)
    assert len(parts) <= 4
    assert all(start < end for start, end in parts)
    assert parts == sorted(parts)
    rest = text
    for start, end in reversed(parts):
        rest = rest[:start] + rest[end:]
    assert not any(letter.isalnum() for letter in rest)


def test_a_decimal_is_no_end_of_a_clause() -> None:
    text = "temperature 38.5, no cough。无发热"
    assert [text[start:end] for start, end in clauses_of(text)] == ["temperature 38.5", "no cough", "无发热"]
    start, end = tail_of(text, 18, 26)
    assert text[start:end] == "cough"
    assert without("a b c", 2, 3) == "a   c"


def test_every_category_of_icd_10_has_at_most_one_chapter() -> None:
    names = [chapter_of(f"{letter}{number:02}") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for number in range(100)]
    assert set(filter(None, names)) == {name for _, _, name in CHAPTERS}
    assert chapter_of("D49.9") == chapter_of("nonsense") == chapter_of("BA41.0", "ICD-11") == ""
    assert chapter_of("I21.4").startswith("IX")


def test_sentences_and_pages_are_places_in_the_text() -> None:
    text = "One. Two 2.5 mg.\fThree! 四。五？"
    assert [text[a:b] for a, b in sentences_of(text, 0, len(text))] == ["One.", "Two 2.5 mg.", "Three!", "四。", "五？"]
    assert (page_of(text, 3), page_of(text, 20), page_of("no pages", 2)) == (1, 2, None)
    assert shared("target pressure in diabetes", "The target pressure is low.") > shared("target pressure", "Sepsis.")
    assert shared("目标血压", "患者目标血压低") == 1


CASES = [
    {"complaint": "a prescription", "age": 70, "sex": "female", "label": "5"},
    {"complaint": "crushing chest pain", "age": 30, "sex": "male", "vitals": {"spo2": 80}, "label": "2"},
    {"complaint": "a graze", "age": 8, "sex": "male", "label": "1"},
]


def test_the_report_on_labelled_cases_counts_what_was_too_low(ward: Any) -> None:
    told = ward.call("POST", "/reports/triage", json={"cases": CASES})
    assert (told["cases"], told["under_triage"]["count"], told["over_triage"]["count"]) == (3, 1, 1)
    assert told["under_triage"]["upper_95"] == pytest.approx(upper_bound(1, 3))
    assert told["raised_by_flags"] == 1
    assert told["under_triage_by_sex"]["male"]["count"] == 1
    assert told["under_triage_by_age"]["0-17"]["share"] == 1
    assert told["coverage_risk"][-1]["risk"] == 1
    assert not ward.caller.store.kept


def test_the_report_on_verdicts_says_what_it_rests_on(two_wards: Any) -> None:
    ward, other = two_wards
    for case, right in zip(CASES, ("3", "2", "1"), strict=True):
        sent = {name: value for name, value in case.items() if name != "label"}
        made = ward.call("POST", "/triage", json=sent)
        path = f"/suggestions/{made['id']}"
        if str(made["urgency"]) == right:
            ward.call("POST", f"{path}:accept", json={})
        else:
            ward.call("POST", f"{path}:override", json={"reason": "worse", "reason_code": "x", "correct": [right]})
    told = ward.call("GET", "/reports/triage")
    assert (told["cases"], told["under_triage"]["count"], told["exact"]["count"]) == (3, 1, 2)
    assert "after they had seen" in told["source"]
    judged = ward.call("GET", "/reports/suggestions", params={"kind": "triage"})
    assert (judged["judged"], judged["accepted"]["count"], judged["reasons"]) == (3, 2, {"x": 1})
    assert other.call("GET", "/reports/triage")["cases"] == 0
    assert ward.call("GET", "/reports/triage", params={"since": "2200-01-01T00:00:00Z"})["cases"] == 0
