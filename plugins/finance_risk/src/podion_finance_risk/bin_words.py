"""What a bin of the scorecard says, without its feature's name and in either language. Pure."""

import re

from podion import Language

_CHINESE = (
    (re.compile(r"is missing"), "未提供"),
    (re.compile(r"is something else"), "其他"),
    (re.compile(r"is a number"), "有数值"),
    (re.compile(r"between (\S+) and (\S+)"), r"\1 至 \2"),
    (re.compile(r"below (\S+)"), r"低于 \1"),
    (re.compile(r"(\S+) or more"), r"\1 或以上"),
    (re.compile(r"is (.+)", re.DOTALL), r"\1"),
)
_ENGLISH = (
    (re.compile(r"is missing"), "not known"),
    (re.compile(r"is something else"), "something else"),
    (re.compile(r"is a number"), "given"),
    (re.compile(r"is (.+)", re.DOTALL), r"\1"),
)


def spoken(bin: str, feature: str) -> dict[Language, str]:
    """Return a bin such as `amount between 900 and 1,200` as `between 900 and 1,200`, and in Chinese."""
    bare = bin.removeprefix(f"{feature} ")
    return {"en": _said(bare, _ENGLISH), "zh": _said(bare, _CHINESE)}


def _said(bare: str, forms: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for form, words in forms:
        if found := form.fullmatch(bare):
            return found.expand(words)
    return bare
