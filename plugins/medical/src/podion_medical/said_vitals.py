"""Vital signs that a complaint tells in words: "the watch says 190", "226 over 134", "高压二百三". Pure.

What was measured by staff goes before what is told. Numbers outside what a body can have are something else.
"""

import re
from collections.abc import Iterator

from podion_medical.red_flag_gaps import EN, ZH
from podion_medical.schema import Vitals

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_SMALL = {word: value for value, word in enumerate((*_ONES, *_TEENS))}
_TENS = {
    word: 10 * value
    for value, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)
}
_HAN = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_UNDER_TEN = "|".join(_ONES[1:])
_WORD = rf"(?:{'|'.join(_TENS)})(?:[- ](?:{_UNDER_TEN}))?|{'|'.join(sorted(_SMALL, key=len, reverse=True))}"
_COUNT = rf"\d{{1,3}}|{_WORD}"
_DIGIT = "[一二三四五六七八九]"
_UNDER_HUNDRED = rf"{_DIGIT}?十{_DIGIT}?"
_HUNDREDS = rf"百(?:[零〇]{_DIGIT}|{_UNDER_HUNDRED}|{_DIGIT})?"
_HANS = rf"\d{{1,3}}|[两一二三四五六七八九]{_HUNDREDS}|{_UNDER_HUNDRED}|[两一二三四五六七八九]"
_NO_UNIT = (
    r"(?!\d|[.,:]\d| ?(?:/|over\b|years?|yrs?|y/?o|mins?|minutes?|hours?|days?|weeks?|months?|%|mg|kg|am\b|pm\b"
    r"|岁|天|年|月|分钟|小时|片))"
)

_POSSIBLE = {
    "heart_rate": (20.0, 260.0),
    "respiratory_rate": (3.0, 90.0),
    "spo2": (50.0, 100.0),
    "systolic": (50.0, 280.0),
    "diastolic": (30.0, 170.0),
    "temperature": (30.0, 43.0),
}
"""What a body can have."""

_TOLD: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (names, re.compile(pattern, re.IGNORECASE))
    for names, pattern in (
        (("systolic", "diastolic"), r"\b(\d{2,3}) ?(?:/|over|on) ?(\d{2,3})\b(?! ?/)"),
        (("systolic", "diastolic"), rf"高压{ZH}{{0,4}}?({_HANS})[^。；\n]{{0,4}}低压{ZH}{{0,4}}?({_HANS})"),
        (("systolic",), rf"(?:高压|收缩压|血压){ZH}{{0,6}}?(\d{{3}}|[一二两]{_HUNDREDS})"),
        (
            ("heart_rate",),
            rf"(?:\bheart\b|\bpulse\b|heart ?rate|\bwatch\b|fitbit|\bhr\b){EN}{{0,30}}?\b(\d{{2,3}})\b{_NO_UNIT}",
        ),
        (("heart_rate",), rf"\b({_COUNT}) ?(?:bpm|beats (?:a|per) minute)"),
        (("heart_rate",), rf"(?:心率|心跳|脉搏|手环|手表){ZH}{{0,12}}?({_HANS}){_NO_UNIT}"),
        (("respiratory_rate",), rf"\b({_COUNT}) (?:breaths?|times)\b{EN}{{0,15}}\bminute"),
        (("respiratory_rate",), rf"\bbreath\w*{EN}{{0,30}}?\b({_COUNT}) (?:times )?(?:a|per|in (?:a|one)) minute"),
        (("respiratory_rate",), rf"分钟{ZH}{{0,3}}?(?:吸|喘|呼吸){ZH}{{0,3}}?({_HANS}) ?(?:口|次|下)"),
        (("respiratory_rate",), rf"(?:呼吸|喘){ZH}{{0,8}}?分钟{ZH}{{0,4}}?({_HANS}) ?(?:口|次|下)"),
        (
            ("spo2",),
            rf"(?:oxygen|\bsats?\b|spo2|saturation|oximeter|finger (?:clip|probe|gadget|thing)){EN}{{0,40}}?"
            rf"\b(\d{{2}})\b(?! ?(?:years?|mins?|hours?|days?))",
        ),
        (("spo2",), rf"(?:血氧|氧饱和度|指夹){ZH}{{0,10}}?(\d{{2}}|[五六七八九]十[一二三四五六七八九]?)"),
        (
            ("temperature",),
            rf"(?:temp\w*|thermometer|fever\w*|\bhot\b|burning){EN}{{0,25}}?\b((?:3[4-9]"
            rf"|4[0-2])(?:[.,]\d)?)\b{_NO_UNIT}",
        ),
        (("temperature",), r"\b((?:3[4-9]|4[0-2])(?:[.,]\d)?)\b ?(?:°|degrees|c\b|on the thermometer)"),
        (("temperature",), rf"(?:[体肛腋耳额]温|烧|发热|量){ZH}{{0,6}}?((?:3[4-9]|4[0-2])(?:[.．度点]\d)?)"),
        (
            ("temperature",),
            rf"(?:[体肛腋耳额]温|烧|发热|量){ZH}{{0,6}}?([三四]十[一二三四五六七八九]?(?:[度点][一二三四五六七八九])?)",
        ),
    )
)


def with_said(vitals: Vitals | None, complaint: str) -> Vitals | None:
    """Return the vital signs with those that the complaint tells and nobody measured; None where there are none."""
    measured = vitals.model_dump(exclude_none=True) if vitals else {}
    told: dict[str, float] = {}
    for name, value in _said(complaint):
        if name not in measured and name not in told:
            told[name] = value
    return Vitals.model_validate({**measured, **told}) if told else vitals


def _said(complaint: str) -> Iterator[tuple[str, float]]:
    for names, pattern in _TOLD:
        for match in pattern.finditer(complaint):
            values = [_number(group) for group in match.groups()]
            limits = [_POSSIBLE[name] for name in names]
            possible = all(low <= value <= high for value, (low, high) in zip(values, limits, strict=True))
            if possible and sorted(values, reverse=True) == values:
                yield from zip(names, values, strict=True)


def _number(said: str) -> float:
    """The number that digits, English words or Chinese numerals say: 38.6, forty-four, 一百八十五, 二百三, 35度1."""
    text = said.lower()
    if text[0].isdigit():
        return float(re.sub(r"[,．度点]", ".", text))
    if text[0] in _HAN or text[0] == "十":
        whole, _, tenth = re.sub(r"[度点]", "|", text).partition("|")
        return _han(whole) + (_HAN[tenth] / 10 if tenth else 0.0)
    return float(sum(_TENS.get(word, _SMALL.get(word, 0)) for word in re.split(r"[- ]", text)))


def _han(numeral: str) -> float:
    hundreds, mark, rest = numeral.rpartition("百")
    value = 100 * _HAN[hundreds] if mark else 0
    if mark and len(rest) == 1 and rest in _HAN:
        return float(value + 10 * _HAN[rest])  # 二百三 is 230
    rest = rest.lstrip("零〇")
    tens, ten, ones = rest.rpartition("十")
    value += (10 * _HAN.get(tens, 1) if ten else 0) + (_HAN[ones] if ones else 0)
    return float(value)
