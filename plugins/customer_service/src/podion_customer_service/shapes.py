"""What a detail looks like, for tenants without a trained slot model and for what that model leaves out."""

import re
from collections.abc import Iterator
from enum import StrEnum

from podion import Span

LONGEST_TEXT = 80


class Shape(StrEnum):
    """How a slot's value is written."""

    CODE = "code"
    DATE = "date"
    AMOUNT = "amount"
    TEXT = "text"


_DATE = re.compile(
    r"(?<!\d)\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?(?!\d)|\d{1,2}月\d{1,2}[日号]?"
    r"|(?:上|下|这|本)?(?:周|星期|礼拜)[一二三四五六日天]|[今明昨前后]天(?:上午|下午|晚上)?"
    r"|\b\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?: \d{4})?\b"
    r"|\b(?:(?:last|next|this) )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:today|tomorrow|yesterday)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"[€$£¥￥]\s?\d[\d,]*(?:\.\d{1,2})?|\d[\d,]*(?:\.\d{1,2})?\s?(?:元|块钱|块|欧|dollars|euros|pounds|yuan|rmb)"
)
_CODE = re.compile(r"(?<![A-Za-z0-9.-])(?:[A-Za-z]{1,6}-?)?\d[A-Za-z0-9]*(?:-[A-Za-z0-9]+)*(?![A-Za-z0-9]|\.\d)")
_CODE_CUE = re.compile(r"order|number|\bno\b|#|单号|订单|编号|单子|tracking|invoice|发票", re.IGNORECASE)
_SHORTEST_CODE = 4


def found(shape: Shape, text: str, *, asked: bool) -> Span | None:
    """Return the stretch of a text that has a shape; `asked` says that the customer answers a question for it.

    Bare digits are a code only when asked for, alone, or beside a word such as `order` or `单号`.
    """
    if shape is Shape.TEXT:
        bare = text.strip()
        start = text.find(bare)
        return (
            Span(start=start, end=start + len(bare), label=shape) if asked and 0 < len(bare) <= LONGEST_TEXT else None
        )
    stretches = {
        Shape.CODE: _codes(text, asked),
        Shape.DATE: _matches(_DATE, text),
        Shape.AMOUNT: _matches(_AMOUNT, text),
    }
    return next((Span(start=start, end=end, label=shape) for start, end in stretches[shape]), None)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text))


def _codes(text: str, asked: bool) -> Iterator[tuple[int, int]]:
    others = [*_matches(_DATE, text), *_matches(_AMOUNT, text)]
    for start, end in _matches(_CODE, text):
        code = text[start:end]
        elsewhere = any(start < stop and begin < end for begin, stop in others)
        expected = asked or not code.isdigit() or code == text.strip() or bool(_CODE_CUE.search(text))
        if len(code) >= _SHORTEST_CODE and expected and not elsewhere:
            yield start, end
