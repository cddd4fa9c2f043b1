"""Age and vital signs in words, so that a base model, which hardly reads numbers, reads what they mean. Pure.

The bands of adults are those of NEWS2 (Royal College of Physicians, National Early Warning Score 2, 2017), of glucose,
pain and coma scale the usual clinical ones. What is normal in a child depends on its age: below 16 years only what has
one meaning at every age is told.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from podion import Language, Wording

Vitals = Mapping[str, Any]

ADULT = 16.0
"""Years from which on the bands hold."""

Bands = tuple[tuple[float, Wording | None], ...]
"""Upper bounds, inclusive and rising, each with what a value up to it means; None for normal."""

_AGES: Bands = (
    (0.999, Wording(en="an infant", zh="婴儿")),
    (11.999, Wording(en="a child", zh="儿童")),
    (15.999, Wording(en="an adolescent", zh="青少年")),
    (64.999, Wording(en="an adult", zh="成人")),
    (79.999, Wording(en="an older person", zh="老年人")),
    (math.inf, Wording(en="a very old person", zh="高龄老人")),
)
_ADULT_BANDS: Mapping[str, Bands] = {
    "respiratory_rate": (
        (8, Wording(en="breathing dangerously slow", zh="呼吸极慢")),
        (11, Wording(en="breathing slow", zh="呼吸偏慢")),
        (20, None),
        (24, Wording(en="breathing fast", zh="呼吸偏快")),
        (math.inf, Wording(en="breathing dangerously fast", zh="呼吸极快")),
    ),
    "systolic": (
        (90, Wording(en="blood pressure dangerously low, shock", zh="血压极低，休克")),
        (100, Wording(en="blood pressure low", zh="血压低")),
        (110, Wording(en="blood pressure slightly low", zh="血压偏低")),
        (219, None),
        (math.inf, Wording(en="blood pressure dangerously high", zh="血压极高")),
    ),
    "heart_rate": (
        (40, Wording(en="heart beats dangerously slow", zh="心率极慢")),
        (50, Wording(en="heart beats slow", zh="心率偏慢")),
        (90, None),
        (110, Wording(en="heart beats slightly fast", zh="心率偏快")),
        (130, Wording(en="heart beats fast", zh="心率快")),
        (math.inf, Wording(en="heart beats dangerously fast", zh="心率极快")),
    ),
}
_BANDS: Mapping[str, Bands] = {
    "spo2": (
        (91, Wording(en="oxygen dangerously low", zh="血氧极低")),
        (93, Wording(en="oxygen low", zh="血氧低")),
        (95, Wording(en="oxygen slightly low", zh="血氧偏低")),
        (math.inf, None),
    ),
    "temperature": (
        (35.0, Wording(en="body dangerously cold, hypothermia", zh="体温过低")),
        (36.0, Wording(en="temperature slightly low", zh="体温偏低")),
        (38.0, None),
        (39.0, Wording(en="fever", zh="发热")),
        (math.inf, Wording(en="high fever", zh="高热")),
    ),
    "glucose": (
        (3.9, Wording(en="blood sugar dangerously low", zh="低血糖")),
        (11.0, None),
        (20.0, Wording(en="blood sugar high", zh="血糖高")),
        (math.inf, Wording(en="blood sugar dangerously high", zh="血糖极高")),
    ),
    "pain": (
        (0, None),
        (3, Wording(en="mild pain", zh="轻度疼痛")),
        (6, Wording(en="moderate pain", zh="中度疼痛")),
        (math.inf, Wording(en="severe pain", zh="剧烈疼痛")),
    ),
    "gcs": (
        (8, Wording(en="comatose", zh="昏迷")),
        (12, Wording(en="consciousness much reduced", zh="意识明显下降")),
        (14, Wording(en="consciousness reduced", zh="意识下降")),
        (math.inf, None),
    ),
}
_CONSCIOUSNESS: Mapping[str, Wording | None] = {
    "alert": None,
    "confused": Wording(en="newly confused", zh="新发意识模糊"),
    "voice": Wording(en="responds to voice only", zh="仅对声音有反应"),
    "pain": Wording(en="responds to pain only", zh="仅对疼痛有反应"),
    "unresponsive": Wording(en="unresponsive", zh="无反应"),
}
_NORMAL = Wording(en="vital signs normal", zh="生命体征正常")
_PREGNANT = Wording(en="pregnant", zh="孕妇")


def case_words(age: float | None, pregnant: bool | None, vitals: Vitals, language: Language) -> list[str]:
    """Return how old somebody is and what the vital signs mean, in words; what is not known is not told.

    `vitals` are values by the names of `podion_medical.schema.Vitals`; empty where none was measured.
    """
    found: list[Wording | None] = [_banded(_AGES, age)] if age is not None else []
    if pregnant:
        found.append(_PREGNANT)
    found += _signs(vitals, child=age is not None and age < ADULT)
    return [each.said_in(language) for each in found if each is not None]


def _signs(vitals: Vitals, *, child: bool) -> list[Wording | None]:
    """What is out of the ordinary; that nothing is, where something was measured and told."""
    told = list(_told(vitals, _BANDS if child else {**_ADULT_BANDS, **_BANDS}))
    if (level := vitals.get("consciousness")) is not None:
        told.append(_CONSCIOUSNESS[str(level)])
    unusual = [each for each in told if each is not None]
    return [*unusual] if unusual else [_NORMAL] if told and not child else []


def _told(vitals: Vitals, bands: Mapping[str, Bands]) -> Iterator[Wording | None]:
    for name, own in bands.items():
        value = vitals.get(name)
        if value is not None:
            yield _banded(own, float(value))


def _banded(bands: Bands, value: float) -> Wording | None:
    return next(words for bound, words in bands if value <= bound)
