"""A triage case in words: what its vital signs mean, in the language of the complaint, and nothing unknown."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion import Language
from podion_medical.schema import TriageCase, Vitals
from podion_medical.tasks import triage
from podion_medical.vital_words import case_words


def words(language: Language = "en", age: float | None = 40, pregnant: bool | None = None, **vitals: Any) -> list[str]:
    return case_words(age, pregnant, vitals, language)


@pytest.mark.parametrize(
    ("vitals", "told"),
    [
        ({"respiratory_rate": 8}, "breathing dangerously slow"),
        ({"respiratory_rate": 9}, "breathing slow"),
        ({"respiratory_rate": 12}, "vital signs normal"),
        ({"respiratory_rate": 20}, "vital signs normal"),
        ({"respiratory_rate": 21}, "breathing fast"),
        ({"respiratory_rate": 25}, "breathing dangerously fast"),
        ({"spo2": 91}, "oxygen dangerously low"),
        ({"spo2": 96}, "vital signs normal"),
        ({"temperature": 38.0}, "vital signs normal"),
        ({"temperature": 38.1}, "fever"),
        ({"temperature": 39.1}, "high fever"),
        ({"systolic": 90}, "blood pressure dangerously low, shock"),
        ({"systolic": 111}, "vital signs normal"),
        ({"heart_rate": 131}, "heart beats dangerously fast"),
        ({"heart_rate": 51}, "vital signs normal"),
        ({"glucose": 3.9}, "blood sugar dangerously low"),
        ({"gcs": 15}, "vital signs normal"),
        ({"gcs": 8}, "comatose"),
        ({"consciousness": "voice"}, "responds to voice only"),
        ({"consciousness": "alert"}, "vital signs normal"),
    ],
)
def test_the_bands_of_adults_are_those_of_news2(vitals: dict[str, Any], told: str) -> None:
    assert words(**vitals) == ["an adult", told]


def test_what_is_unusual_is_told_and_what_is_not_known_is_not() -> None:
    assert words(age=None) == []
    assert words("zh", age=70, heart_rate=120, spo2=98, temperature=None) == ["老年人", "心率快"]
    assert words(age=30, pregnant=True, systolic=100, pain=8) == [
        "an adult", "pregnant", "blood pressure low", "severe pain",
    ]  # fmt: skip


def test_no_band_of_adults_is_held_against_a_child() -> None:
    assert words(age=2, heart_rate=140, respiratory_rate=30, systolic=88) == ["a child"]
    assert words(age=2, heart_rate=140, spo2=90, temperature=39.5) == [
        "a child",
        "oxygen dangerously low",
        "high fever",
    ]


def test_the_task_reads_them_and_rules_do_not() -> None:
    case = TriageCase(complaint="胸口疼", age=81, vitals=Vitals(spo2=90), history=["糖尿病"])
    assert triage.reads(case) == "胸口疼; 糖尿病; 高龄老人; 血氧极低"
    assert case.text == "胸口疼; 糖尿病"
    assert triage.reads(TriageCase(complaint="sprained ankle")) == "sprained ankle"


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 130),
    st.fixed_dictionaries(
        {},
        optional={
            "heart_rate": st.floats(0, 400),
            "respiratory_rate": st.floats(0, 150),
            "spo2": st.floats(0, 100),
            "temperature": st.floats(20, 46),
            "systolic": st.floats(0, 350),
            "glucose": st.floats(0, 100),
            "pain": st.floats(0, 10),
            "gcs": st.integers(3, 15),
        },
    ),
)
def test_whatever_was_measured_has_words(age: float, vitals: dict[str, Any]) -> None:
    told = words(age=age, **vitals)
    assert 1 <= len(told) <= 1 + max(1, len(vitals))
    assert all(each.strip() for each in told)
