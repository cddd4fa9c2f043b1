"""Number plates in a text: Chinese ones by their form, American and British ones after words that announce them."""

import re
from collections.abc import Iterator

from podion.data.masking.found import Found

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CHINESE = re.compile(
    rf"[{_PROVINCES}] ?[A-HJ-Z][ ·•・.-]?"
    r"(?:[DF][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[DF]|[A-HJ-NP-Z0-9]{5}|[A-HJ-NP-Z0-9]{4}[学警挂港澳])(?![A-Z0-9])",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"(?:licen[cs]e|number|registration|car|vehicle) plate(?: (?:number|no\.?))?(?: is)?[ :#]{0,3}"
    r"|\b(?:registration|reg|plate)(?: (?:number|no\.?))?(?: is|:)[ :#]{0,3}",
    re.IGNORECASE | re.ASCII,
)
_HINT = re.compile("plate|reg", re.IGNORECASE)
_WESTERN = re.compile(r"[A-Z0-9]{2,8}(?:[ -][A-Z0-9]{2,4})?(?![A-Za-z0-9])")
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")


def plates(plain: str) -> Iterator[Found]:
    """Yield the number plates of a text in its plain form."""
    if not plain.isascii():
        for match in _CHINESE.finditer(plain):
            if _DIGIT.search(match.group()):
                yield Found("plate", match.start(), match.end())
    if _HINT.search(plain) is None:
        return
    for cue in _CUE.finditer(plain):
        plate = _WESTERN.match(plain, cue.end())
        if plate and 5 <= len(plate.group().replace(" ", "").replace("-", "")) <= 8 and _mixed(plate.group()):
            yield Found("plate", plate.start(), plate.end())


def _mixed(plate: str) -> bool:
    return bool(_DIGIT.search(plate) and _LETTER.search(plate))
