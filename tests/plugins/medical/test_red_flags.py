"""No red flag of the suites is missed, quiet cases stay quiet, and flags only ever raise."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podion import Wording
from podion_medical.red_flag_table import RULES
from podion_medical.red_flag_words import WORDS
from podion_medical.red_flags import RedFlag, raised, red_flags
from podion_medical.said_vitals import with_said
from podion_medical.schema import TriageCase, Vitals
from podion_medical.spoken_chinese import written

SUITES = Path(__file__).parent / "suites"
CODES = {rule.code: rule for rule in RULES}


def missed(name: str) -> tuple[list[str], list[str], int]:
    """Return which cases lack a flag or its urgency, which quiet ones have a flag, and how many are quiet."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in (SUITES / name).read_text(encoding="utf-8").splitlines()]
    lacking, loud, quiet = [], [], 0
    for row in rows:
        flags = red_flags(TriageCase.model_validate(row["case"]))
        if row["urgency"] is None:
            quiet += 1
            loud += [f"{row['id']}: {flag.code}" for flag in flags]
        elif not {*row["flags"]} <= {flag.code for flag in flags} or raised(5, flags) > row["urgency"]:
            lacking.append(row["id"])
    return lacking, loud, quiet


def test_the_suite_that_rules_were_written_against() -> None:
    lacking, loud, _ = missed("red_flags.jsonl")
    assert (lacking, loud) == ([], [])


def test_the_unread_suite() -> None:
    """Scored once, when the rules were done: 1 of 77 missed (sedatives with spirits, in Chinese), none of 13 raised.

    What was missed is dangerous and was mended afterwards, so that this file is a file of regressions from then on.
    """
    lacking, loud, quiet = missed("red_flags_unread.jsonl")
    assert not lacking, f"{len(lacking)} missed"
    assert len(loud) <= 0.1 * quiet, f"{len(loud)} of {quiet} quiet cases raised"


@pytest.mark.parametrize("name", ["second", "third", "second_unread"])
def test_the_suites_of_people_in_a_hurry(name: str) -> None:
    """Written by hands that saw no rule; the third of them was scored before anybody read it: 75 of 80 were raised."""
    lacking, loud, quiet = missed(f"red_flags_{name}.jsonl")
    assert not lacking, f"{len(lacking)} missed"
    assert len({each.partition(":")[0] for each in loud}) <= 0.1 * quiet, loud


@pytest.mark.parametrize(
    ("complaint", "told"),
    [
        ("The watch says 190 and it won't come down", {"heart_rate": 190}),
        ("pulse at 31, we checked it three times", {"heart_rate": 31}),
        ("machine is showing 226 over 134", {"systolic": 226, "diastolic": 134}),
        ("it was forty-four breaths in one minute", {"respiratory_rate": 44}),
        ("that clip for oxygen keeps reading 84", {"spo2": 84}),
        ("hot as a stove, 38.6 on the thermometer", {"temperature": 38.6}),
        ("高压二百三、低压一百三十五", {"systolic": 230, "diastolic": 135}),
        ("手环显示心跳每分钟一百八十五", {"heart_rate": 185}),
        ("她一分钟才吸五口气", {"respiratory_rate": 5}),
        ("肛温只有35度1", {"temperature": 35.1}),
        ("烧到三十九度五", {"temperature": 39.5}),
        ("pain 8/10 for 90 minutes, my heart is fine for 80 years", {}),
        ("吃了三片药，两天了", {}),
    ],
)
def test_vital_signs_told_in_words_count(complaint: str, told: dict[str, float]) -> None:
    found = with_said(None, complaint)
    assert (found.model_dump(exclude_none=True) if found else {}) == pytest.approx(told)


def test_what_was_measured_goes_before_what_is_told() -> None:
    measured = Vitals(heart_rate=72)
    found = with_said(measured, "my watch says 190, oxygen reads 91")
    assert found == Vitals(heart_rate=72, spo2=91)
    assert with_said(measured, "my watch says 190") is measured


@given(st.one_of(st.text(max_size=80), st.text("高低压血心跳体温烧呼吸分钟口零一二两三十百度点 0123./", max_size=40)))
@example("高压二百三四十，低压一百零零")
@example("血压二百三四")
def test_any_complaint_can_be_read(text: str) -> None:
    with_said(None, text)
    assert len(written(text)) == len(text)


def test_traditional_characters_and_cantonese_are_read() -> None:
    assert written("頭暈、冇撞到") == "头晕、没撞到"
    (flag,) = red_flags(TriageCase(complaint="這兩天大便黑得像瀝青", age=65))
    assert flag.code == "gi_bleed"


@pytest.mark.parametrize("text", ["No chest pain, no sweating, sore throat", "没有胸痛，也不出汗，就是嗓子疼"])
def test_what_is_denied_raises_nothing(text: str) -> None:
    assert red_flags(TriageCase(complaint=text, age=60)) == ()


def test_evidence_is_what_the_complaint_says() -> None:
    text = "Since an hour crushing chest pain and sweating"
    (flag,) = red_flags(TriageCase(complaint=text, age=60))
    assert flag.code == "chest_pain_acs"
    assert flag.evidence is not None
    assert "chest" in text[flag.evidence.start : flag.evidence.end]


@pytest.mark.parametrize(
    ("age", "vitals", "code"),
    [
        (40, {"systolic": 88}, "shock"),
        (3, {"systolic": 80}, None),
        (3, {"systolic": 66}, "shock"),
        (3, {"heart_rate": 140}, None),
        (40, {"heart_rate": 160}, "dangerous_heart_rate"),
        (40, {"spo2": 89}, "hypoxia"),
        (40, {"spo2": 95}, None),
        (40, {"gcs": 8}, "low_gcs"),
        (40, {"consciousness": "unresponsive"}, "low_gcs"),
        (40, {"gcs": 11}, "reduced_consciousness"),
        (40, {"glucose": 2.9}, "hypoglycaemia"),
        (0.1, {"temperature": 38.1}, "febrile_neonate"),
        (2, {"temperature": 38.1}, None),
        (None, {"respiratory_rate": 6}, "dangerous_breathing"),
    ],
)
def test_vital_signs_count_by_the_limits_of_the_age(
    age: float | None, vitals: dict[str, Any], code: str | None
) -> None:
    case = TriageCase(complaint="brought in", age=age, vitals=Vitals.model_validate(vitals))
    codes = [flag.code for flag in red_flags(case)]
    assert (code in codes) if code else (codes == [])


@given(st.integers(1, 5), st.lists(st.integers(1, 5), max_size=5))
def test_flags_only_raise(urgency: int, flagged: list[int]) -> None:
    flags = [RedFlag("x", Wording(en="x", zh="某"), each) for each in flagged]
    assert raised(urgency, flags) <= urgency
    assert raised(urgency, flags) == min([urgency, *flagged])


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    if text.strip() and "\0" not in text:
        red_flags(TriageCase(complaint=text))


def test_every_name_in_the_table_means_something() -> None:
    signs = (Path(red_flags.__code__.co_filename).parent / "red_flag_signs.py").read_text(encoding="utf-8")
    named = {
        each
        for rule in RULES
        for way in rule.ways
        for name in way.split()
        for each in name.removeprefix("!").split("|")
    }
    unknown = [n for n in named if n not in WORDS and f'"{n}"' not in signs and not n.startswith("pressure_1")]
    assert [name for name in unknown if name != "pressure_220"] == []
    assert named >= WORDS.keys()
    assert len(CODES) == len(RULES)
