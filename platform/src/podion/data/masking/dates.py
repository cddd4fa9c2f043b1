"""Dates that tell a day, or a month of a year: English and Chinese, digits, words and Chinese numerals."""

import re
from collections.abc import Iterator
from datetime import date

from podion.data.masking.found import Found

_MONTHS = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?"
)
_SHORT_MONTHS = "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
_MONTH = rf"(?:(?i:{_SHORT_MONTHS})\.|(?i:{_MONTHS}))"
_ORDINAL = r"(?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?(?![0-9])"
_YEAR = r"(?:1[89]|20)[0-9]{2}(?![0-9])"
_SHORT_YEAR = rf"(?:{_YEAR}|'[0-9]{{2}}(?![0-9])|[0-9]{{2}}(?![0-9%]|[.,:/][0-9]))"
_BEFORE = r"(?<![A-Za-z0-9])"
_WORDS = re.compile(
    rf"{_BEFORE}(?:"
    rf"(?i:{_MONTHS})(?:\.? ?|-|/){_ORDINAL}(?:(?:,? ?|-|/){_YEAR}|,? '[0-9]{{2}}(?![0-9])|-[0-9]{{2}}(?![0-9]))?"
    rf"|(?:the )?{_ORDINAL}(?: (?:day )?of |[ -./]?){_MONTH}(?:(?:,? ?|[-./]){_YEAR}"
    rf"|[-/ ]'?[0-9]{{2}}(?![0-9%]|[.,:/][0-9]))?"
    rf"|{_MONTH}(?:,? (?:of )?|-){_YEAR}"
    rf"|{_YEAR}[ -]{_MONTH}[ -]{_ORDINAL}"
    rf")(?![A-Za-z])",
    re.ASCII,
)
_TO_COME = re.compile(
    r"(?:mg|ml|mcg|g|kg|mmol|tablets?|weeks?|days?|hours?|hrs?|months?|years?|%|x|times)\b", re.IGNORECASE
)
_SMALL = re.compile(r"(?<![A-Za-z])(?:may|mar|march|dec|jan|sep)(?![a-z])")
_WITH_YEAR = re.compile(r"(?:1[89]|20)[0-9]{2}\Z|\bof ")
_DIGITS = re.compile(
    r"(?<![A-Za-z0-9])(?<![0-9][.,/:-])(?:"
    r"(?P<y>(?:1[89]|20)[0-9]{2}) ?(?P<a>[-./]) ?(?P<m>[0-9]{1,2}) ?(?P=a) ?(?P<d>[0-9]{1,2})"
    r"|(?P<p>[0-9]{1,2}) ?(?P<b>[-./]) ?(?P<q>[0-9]{1,2}) ?(?P=b) ?(?P<z>(?:1[89]|20)[0-9]{2}|[0-9]{2})"
    r"|(?P<w>(?:19|20)[0-9]{2})[-/](?P<n>0[1-9]|1[0-2])"
    r")(?![0-9]|[-./:][0-9])(?!%|[A-SU-Za-su-z])"
)
_ANNOUNCED = re.compile(
    r"(?:(?<![A-Za-z])(?:DOB|D\.O\.B\.?|date of birth|birth ?date|born(?: on)?|date(?: of [a-z]+)?|admitted(?: on)?"
    r"|discharged(?: on)?|seen on|dated|on|since|from|until|till|to|by|DOD|DOA|adm|disch|visit|appointment|review)"
    r"|(?:日期|时间|出生|生日|生于|于|自|至))[ :=]{0,3}",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?P<y>(?:19|20)[0-9]{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-2][0-9]|3[01])(?![0-9A-Za-z.-])")
_DAY_AND_MONTH = re.compile(
    r"(?P<p>[0-9]{1,2})/(?P<q>[0-9]{1,2})(?![0-9/.%A-Za-z]| ?(?:mmHg|pain|strength"
    r"|power|HPF))"
)
_TODAY_WORDS = re.compile(
    r"(?:DOB|date|born|admitted|discharged|seen on|dated|on|DOD|DOA|adm|disch"
    r"|visit|appointment|review)",
    re.IGNORECASE,
)
_HAN = "〇零○Ｏ一二两三四五六七八九十廿卅"
_CHINESE = re.compile(
    rf"(?<![0-9.{_HAN}])(?:"
    rf"(?:(?:[0-9]{{4}}|[0-9]{{2}}|[{_HAN}]{{4}}|[{_HAN}]{{2}}) ?年 ?)"
    rf"(?:(?:[0-9]{{1,2}}|[{_HAN}元正腊冬]{{1,3}}) ?月(?:份|(?: ?(?:初|[0-9]{{1,2}}"
    rf"|[{_HAN}]{{1,3}})[{_HAN}]? ?[日号](?!线|楼|房|床|码))?)?)"
    rf"|(?:[0-9]{{1,2}}|[{_HAN}]{{1,3}}) ?月 ?(?:[0-9]{{1,2}}|[{_HAN}]{{1,3}}) ?[日号](?!线|楼|房|床|码)"
    rf"|(?:农历|阴历)[{_HAN}正腊冬]{{1,3}}月(?:初)?[{_HAN}]{{1,3}}"
    r")"
)
_HINT = re.compile(rf"[0-9]|[{_HAN}]月|[{_HAN}]年")


def dates(plain: str) -> Iterator[Found]:
    """Yield the dates of a text in its plain form; a year alone, a time of day and a length of time are none."""
    if _HINT.search(plain) is None:
        return
    for match in _DIGITS.finditer(plain):
        if _is_date(match):
            yield Found("date", match.start(), match.end())
    for match in _WORDS.finditer(plain):
        if not _is_modal(plain, match):
            yield Found("date", match.start(), match.end())
    for cue in _ANNOUNCED.finditer(plain):
        for form in (
            (_BARE, _DAY_AND_MONTH) if _TODAY_WORDS.match(cue.group()) or not cue.group().isascii() else (_BARE,)
        ):
            told = form.match(plain, cue.end())
            if told and _is_date(told):
                yield Found("date", told.start(), told.end())
    if not plain.isascii():
        for match in _CHINESE.finditer(plain):
            if _is_chinese_date(match.group()):
                yield Found("date", match.start(), match.end())


def _is_date(match: re.Match[str]) -> bool:
    told = match.groupdict()
    if told.get("y"):
        return _exists(int(told["y"]), int(told["m"]), int(told["d"]))
    if told.get("w"):
        return True
    first, second, year = int(told["p"]), int(told["q"]), told.get("z") or "2000"
    if told.get("b") in (".", "-") and len(year) == 2 and not (len(told["p"]) == len(told["q"]) == 2):
        return False  # 1.5.10 and 5-1-20 are sizes and versions more often than days
    whole = int(year) if len(year) == 4 else 2000 + int(year)
    return _exists(whole, second, first) or _exists(whole, first, second)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _is_modal(plain: str, match: re.Match[str]) -> bool:
    """Return whether `may 2`, `type 1 may` are words and a number, as a small letter or what follows tells."""
    after = _TO_COME.match(plain, match.end() + (plain[match.end() : match.end() + 1] == " "))
    return after is not None or (_SMALL.search(match.group()) is not None and _WITH_YEAR.search(match.group()) is None)


def _is_chinese_date(text: str) -> bool:
    year, _, rest = text.rpartition("年")
    if year.strip().isdigit() and len(year.strip()) == 2 and "月" not in rest:
        return False
    digits = [int(part) for part in re.findall("[0-9]+", rest)]
    if "月" in rest and digits and rest.strip()[0].isdigit():
        return 1 <= digits[0] <= 12 and all(1 <= day <= 31 for day in digits[1:2])
    return True
