"""Texts taken apart: which script a character is of, words and characters as they are compared, and the facts told."""

import re
import unicodedata
from html.parser import HTMLParser

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]|[^\W_]+(?:['’][^\W_]+)*|\d+(?:[.,]\d+)*")
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_HAN_NUMBER = re.compile(r"[〇零一二三四五六七八九十百千万亿两]{1,12}(?=[年月日天个家人元起次名倍成点吨亿万块])")
_LINK = re.compile(r"https?://\S+|www\.\S+")
_HAN_DIGITS = str.maketrans("〇零一二三四五六七八九两", "0012345678" + "92")

MARKERS = re.compile(
    r"^\s*(?:[\[【(（]?\s*(?:转载|转发|转|原创|快讯|via|rt|repost(?:ed)?|reblog(?:ged)?|fwd?)\s*[\]】)）]?\s*[:：|]?\s*"
    r"(?:@\w+\s*[:：]?\s*)?)+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*(?:[\[【(（|—-]\s*)?(?:(?:文章来源|来源|转自|原标题)\s*[:：]\s*\S{0,40}|阅读全文"
    r"|(?<!\w)via\s+@?\S{1,40}|(?<!\w)source\s*[:：]\s*\S{0,40}|(?<!\w)read more)\s*[\]】)）.…]*\s*$",
    re.IGNORECASE,
)


def is_han(character: str) -> bool:
    """Return whether a character is a Chinese one."""
    return _HAN.match(character) is not None


def lowered(text: str) -> str:
    """Return a text in small letters, character by character: places in it are places in the text."""
    return "".join(small if len(small := each.lower()) == 1 else each for each in text)


def bare(text: str) -> str:
    """Return what was said, without what a repost puts around it: `RT @x:`, `转载：`, `via …`, links."""
    plain = unicodedata.normalize("NFKC", text)
    return _TAIL.sub("", MARKERS.sub("", _LINK.sub(" ", plain)))


def tokens(text: str) -> list[str]:
    """Return words and numbers in small letters, and Chinese characters one by one."""
    return [each.lower() for each in _TOKEN.findall(text)]


def numbers(text: str) -> frozenset[str]:
    """Return the numbers that a text states, as digits: `三家` and `3家` are one."""
    told = {each.replace(",", "") for each in _NUMBER.findall(text)}
    told |= {_digits(each) for each in _HAN_NUMBER.findall(text)}
    return frozenset(told)


def _digits(word: str) -> str:
    if all(each in "〇零一二三四五六七八九两" for each in word):
        return word.translate(_HAN_DIGITS)
    return word


class _Stripper(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in ("script", "style")))
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def without_markup(html: str) -> str:
    """Return the words of a piece of HTML, white space made single; scripts and styles are left out."""
    stripper = _Stripper()
    stripper.feed(html)
    stripper.close()
    return " ".join("".join(stripper.parts).split())
