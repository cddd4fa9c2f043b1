"""What age and vital signs say by themselves, by the limits of the age. Pure.

Adults: NEWS2 (Royal College of Physicians 2017) for its highest scores, qSOFA for pressure and breathing. Children: the
lowest systolic pressure of PALS (70 mmHg + 2 a year of age from 1 to 10), rates beyond the ranges of APLS.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from podion_medical.schema import TriageCase, Vitals

ADULT = 16.0
_INFANT = 0.25
_COLD, _COLD_INFANT = 35.0, 36.0


@dataclass(frozen=True)
class Limits:
    """Up to an age (years): rates beyond which somebody is ill, or in danger; the lowest systolic pressure (mmHg)."""

    age: float
    heart_fast: float
    heart_danger: float
    heart_slow: float
    breath_fast: float
    breath_danger: float
    breath_slow: float
    pressure: float


_LIMITS = (
    Limits(1 / 12, 180, 205, 80, 60, 75, 20, 60),
    Limits(1, 170, 195, 75, 55, 70, 20, 70),
    Limits(3, 160, 185, 65, 45, 60, 16, 72),
    Limits(6, 150, 175, 60, 36, 50, 14, 76),
    Limits(12, 135, 165, 50, 32, 45, 12, 82),
    Limits(ADULT, 125, 155, 45, 26, 36, 10, 90),
    Limits(200, 110, 150, 36, 22, 32, 8, 90),
)


def signs_of(case: TriageCase) -> frozenset[str]:
    """Return the names of what age, sex and vital signs say; rules name them beside what is told in words."""
    return frozenset((*_who(case), *(_measured(case.vitals, case.age) if case.vitals else ())))


def _who(case: TriageCase) -> Iterator[str]:
    age = case.age
    if case.pregnant:
        yield "pregnant"
    if case.sex != "male":
        yield "not_male"
    if case.sex != "female":
        yield "not_female"
    if age is None or 10 <= age <= 58:
        yield "fertile"
    if age is None or age <= _INFANT:
        yield "maybe_infant"
    if age is not None and age <= _INFANT:
        yield "infant"
    if age is not None and age < 5:
        yield "small_child"
    if age is None or age >= ADULT:
        yield "grown"
    if age is None or age < 45:
        yield "under_45"
    if age is not None and age >= 40:
        yield "over_40"
    if age is not None and age >= 60:
        yield "over_60"


def _measured(vitals: Vitals, age: float | None) -> Iterator[str]:
    limits = next(each for each in _LIMITS if (30.0 if age is None else age) < each.age)
    yield from _circulation(vitals, limits, grown=age is None or age >= ADULT)
    yield from _breathing(vitals, limits)
    yield from _mind(vitals)
    yield from _warmth_and_sugar(vitals, cold=_COLD_INFANT if age is not None and age <= _INFANT else _COLD)


def _circulation(vitals: Vitals, limits: Limits, *, grown: bool) -> Iterator[str]:
    heart, systolic, diastolic = vitals.heart_rate, vitals.systolic, vitals.diastolic or 0
    if heart is not None and heart >= limits.heart_fast:
        yield "fast_heart"
    if heart is not None and (heart >= limits.heart_danger or heart <= limits.heart_slow):
        yield "dangerous_heart"
    if systolic is None:
        return
    if systolic < limits.pressure:
        yield "low_pressure"
    if grown and systolic <= 100:
        yield "soft_pressure"
    for high, low in ((140, 90), (160, 110), (180, 120), (220, 130)):
        if systolic >= high or diastolic >= low:
            yield f"pressure_{high}"


def _breathing(vitals: Vitals, limits: Limits) -> Iterator[str]:
    rate, oxygen = vitals.respiratory_rate, vitals.spo2
    if rate is not None and rate >= limits.breath_fast:
        yield "fast_breathing"
    if rate is not None and (rate >= limits.breath_danger or rate <= limits.breath_slow):
        yield "dangerous_breathing"
    if oxygen is not None and oxygen < 90:
        yield "oxygen_90"
    if oxygen is not None and oxygen < 93:
        yield "oxygen_93"
    if oxygen is not None and oxygen < 95:
        yield "oxygen_95"


def _mind(vitals: Vitals) -> Iterator[str]:
    score, level = vitals.gcs, vitals.consciousness
    if (score is not None and score <= 8) or level in ("pain", "unresponsive"):
        yield "coma"
    elif (score is not None and score <= 13) or level == "voice":
        yield "clouded"
    if (score is not None and score < 15) or level not in (None, "alert"):
        yield "not_alert"
    if (score is not None and score >= 14) or level == "alert":
        yield "awake"


def _warmth_and_sugar(vitals: Vitals, cold: float) -> Iterator[str]:
    warmth, sugar = vitals.temperature, vitals.glucose
    if warmth is not None:
        yield from (name for limit, name in ((38.0, "hot"), (40.0, "very_hot"), (41.0, "hottest")) if warmth >= limit)
        if warmth < cold:
            yield "cold_body"
    if sugar is not None:
        yield from (name for limit, name in ((3.0, "sugar_3"), (4.0, "sugar_4")) if sugar < limit)
        yield from (
            name for limit, name in ((4.0, "sugar_fine"), (14.0, "sugar_14"), (25.0, "sugar_25")) if sugar >= limit
        )
