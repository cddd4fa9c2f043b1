"""A mention that is denied, doubted, past or a relative's is never taken for one that is there."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from podion import Span, language_of
from podion_medical.assertion import Assertion, assertion_of

SUITES = Path(__file__).parent / "suites"


def score(name: str) -> tuple[float, list[str]]:
    """Return the share of a suite's mentions that are judged right, and those that are not."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in (SUITES / name).read_text(encoding="utf-8").splitlines()]
    wrong = []
    for row in rows:
        told = assertion_of(row["text"], Span(start=row["start"], end=row["end"], label="x"), row["lang"])
        if told != row["assertion"]:
            wrong.append(f"{row['id']}: {told}, not {row['assertion']}")
    return 1 - len(wrong) / len(rows), wrong


def test_the_suite_that_rules_were_written_against() -> None:
    share, wrong = score("negation.jsonl")
    assert share >= 0.97, wrong


def test_the_unread_suite() -> None:
    """Nobody who wrote rules has read it: run at the end, and what it says is not mended."""
    share, wrong = score("negation_unread.jsonl")
    assert share >= 0.95, f"{len(wrong)} wrong"


@pytest.mark.parametrize(
    ("text", "mention", "expected"),
    [
        ("No cough and no wheeze but reports fever.", "fever", "present"),
        ("No nausea, vomiting, diarrhea, constipation.", "constipation", "absent"),
        ("No one in the family has diabetes.", "diabetes", "absent"),
        ("The patient's mother reports that he has had a fever for 3 days.", "fever", "present"),
        ("Presents with a two-week history of jaundice.", "jaundice", "present"),
        ("Pulmonary embolism is unlikely.", "Pulmonary embolism", "possible"),
        ("Ovarian cyst (resolved).", "Ovarian cyst", "historical"),
        ("无明显诱因出现腹痛，无腹泻。", "腹痛", "present"),
        ("患者无胸闷、气促，伴咳嗽。", "气促", "absent"),
        ("心绞痛不能排除。", "心绞痛", "possible"),
        ("妈妈说孩子发烧两天了。", "发烧", "present"),
        ("其姐患有乳腺癌。", "乳腺癌", "family"),
        ("双下肢水肿（+），病理征（-）。", "病理征", "absent"),
    ],
)
def test_what_is_easily_mistaken(text: str, mention: str, expected: Assertion) -> None:
    start = text.index(mention)
    span = Span(start=start, end=start + len(mention), label="x")
    assert assertion_of(text, span, language_of(text) or "en") == expected


@pytest.mark.parametrize(
    ("text", "mention", "expected"),
    [
        ("PMH:\nHypertension\nGout\nSocial history: none", "Gout", "historical"),
        ("Family History:\nDiabetes in mother\nGlaucoma", "Glaucoma", "family"),
        ("Family History:\nNo glaucoma", "glaucoma", "absent"),
        ("既往史：\n高血压\n查体：血压正常", "高血压", "historical"),
        ("PMH: asthma\nHPI:\nCough since Monday", "Cough", "present"),
    ],
)
def test_the_heading_counts_where_the_sentence_says_nothing(text: str, mention: str, expected: Assertion) -> None:
    start = text.index(mention)
    span = Span(start=start, end=start + len(mention), label="x")
    assert assertion_of(text, span, language_of(text) or "en") == expected


@pytest.mark.parametrize("unit", ["no fever, ", "history of ", "possible, not ", "无发热、", "母亲 "])
def test_a_long_note_costs_no_more(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit)) + "cough."
        span = Span(start=len(text) - 6, end=len(text) - 1, label="x")
        started = time.process_time()
        for _ in range(3):
            assertion_of(text, span, language_of(text) or "en")
        return time.process_time() - started

    seconds(1_000)
    assert seconds(50_000) < 0.5
