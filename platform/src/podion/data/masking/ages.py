"""Ages over 89, which few enough reach to tell a person by (45 CFR 164.514)."""

import re
from collections.abc import Iterator

from podion.data.masking.found import Found

_OLD = r"(?:9[0-9]|1[01][0-9]|12[0-5])"
_TENS = (
    "ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:a|one) hundred(?: and (?:one"
    "|two|three|four|five|six|seven|eight|nine|ten))?"
)
_ENGLISH = re.compile(
    rf"(?<![A-Za-z0-9.,/-])(?P<age>{_OLD}|{_TENS})"
    r"(?:[ -]?(?:years?|yrs?)[ -]?(?:old\b|of age\b)|[ -]?(?:y\.? ?/? ?o\.?|yo|y/o|yrs?\.?/?o)(?![A-Za-z])"
    r"|[ -]?(?:year|yr)s?[ -]old|[ -]?y(?:rs?|ears?)?\.? ?/? ?(?:old )?(?:[MF]\b"
    r"|male|female|man|woman|gentleman|lady))",
    re.IGNORECASE,
)
_AGED = re.compile(
    rf"\b(?:aged?|age at [a-z]+)(?: (?:is|was|of))?[ :=]{{0,3}}(?P<age>{_OLD}|{_TENS})"
    r"(?:[ -]?(?:years?|yrs?|y)\b(?:[ -]old\b)?)?(?![0-9]|[.-][0-9])",
    re.IGNORECASE,
)
_HAN = "(?:九十[一二三四五六七八九]?|一百(?:[零〇]?[一二三四五六七八九]|一?十[一二三四五六七八九]?)?)"
_CHINESE = re.compile(rf"(?:(?<![0-9.])(?P<age>{_OLD})|(?<![一二三四五六七八九百])(?P<han>{_HAN})) ?(?:周?岁|高龄)")
_CHINESE_AGED = re.compile(rf"(?:年龄|享年|现年)[ :为是=]{{0,3}}(?P<age>{_OLD})(?![0-9]|\.[0-9]|[%月天日])(?: ?周?岁)?")


def ages(plain: str) -> Iterator[Found]:
    """Yield the ages over 89 of a text in its plain form, with the unit that stands behind."""
    for form in (_ENGLISH, _AGED):
        for match in form.finditer(plain):
            yield Found("age", match.start("age"), match.end())
    if plain.isascii():
        return
    for match in _CHINESE.finditer(plain):
        yield Found("age", match.start(), match.end())
    for match in _CHINESE_AGED.finditer(plain):
        yield Found("age", match.start("age"), match.end())
