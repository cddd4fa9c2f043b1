"""A text as the recognisers read it: full-width forms plain, each kind of space and dash one, nothing invisible."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_SPACES = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DIGIT_BLOCKS = ((0x0660, 10), (0x06F0, 10), (0x0966, 10), (0x1D7CE, 50))

_PLAIN = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(dash): "-" for dash in _DASHES},
    **{ord(space): " " for space in _SPACES},
    **{
        code: str(unicodedata.decimal(chr(code)))
        for first, count in _DIGIT_BLOCKS
        for code in range(first, first + count)
    },
    ord("￥"): "¥",
    ord("￡"): "£",
    ord("﹫"): "@",
    ord("’"): "'",
}


@dataclass(frozen=True, slots=True)
class View:
    """The plain form of a text, and where each of its characters stands in the text as sent.

    Every character becomes one character, so that most places are the same; `places` is there where invisible
    characters were left out, with one place more for the end.
    """

    plain: str
    places: Sequence[int] | None = None

    def sent(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the text as sent for a stretch of the plain form."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def view_of(text: str) -> View:
    """Return the plain form of a text."""
    if text.isascii():
        return View(text)
    if _HIDDEN.search(text) is None:
        return View(text.translate(_PLAIN))
    places = [place for place, character in enumerate(text) if character not in _INVISIBLE]
    return View("".join(text[place] for place in places).translate(_PLAIN), places)
