"""Everything personal in a text."""

import re
from collections.abc import Callable, Iterable, Mapping

from podion.data.masking.accounts import accounts
from podion.data.masking.ages import ages
from podion.data.masking.announced_numbers import announced_numbers
from podion.data.masking.chinese_addresses import chinese_addresses
from podion.data.masking.chinese_names import chinese_names
from podion.data.masking.dates import dates
from podion.data.masking.emails import emails
from podion.data.masking.english_addresses import english_addresses
from podion.data.masking.english_names import english_names
from podion.data.masking.found import KINDS, Found
from podion.data.masking.numbers import numbers
from podion.data.masking.plates import plates
from podion.data.masking.view import view_of
from podion.vertical import PersonalKinds

_ANYTHING = re.compile(r"[0-9@]|[一二三四五六七八九十百][号栋幢座]")
_TAG = re.compile(rf"\[(?:{'|'.join(kind.upper() for kind in KINDS)})(?::(?=[0-9a-f]*[a-f])[0-9a-f]{{12}})?\]")

_LOOKS = 3
"""Times a text is looked at: what is found may have hidden something beside it, as digits an address they touch."""

_Recogniser = Callable[[str], Iterable[Found]]
_USUAL: tuple[_Recogniser, ...] = (emails, accounts, numbers, plates, english_addresses, chinese_addresses)
_RECOGNISERS: Mapping[PersonalKinds, tuple[_Recogniser, ...]] = {
    "usual": _USUAL,
    "clinical": (emails, announced_numbers, *_USUAL[1:], dates, ages, english_names, chinese_names),
}
"""In the order in which they are believed where two claim the same characters."""


def find(text: str, kinds: PersonalKinds = "usual") -> list[Found]:
    """Return everything personal of some kinds in a text, in reading order, none overlapping, offsets as sent.

    Tags that `redact` wrote are passed over. The time grows with the length of the text and nothing else.
    """
    view = view_of(text)
    plain = view.plain
    if kinds == "usual" and _ANYTHING.search(plain) is None:
        return []
    taken = bytearray(len(plain))
    if "[" in plain:
        for tag in _TAG.finditer(plain):
            taken[tag.start() : tag.end()] = b"\1" * len(tag.group())
    chosen: list[Found] = []
    for _ in range(_LOOKS):
        found = _look(plain, kinds, taken)
        if not found:
            break
        chosen += found
        plain = _without(plain, found)
    return sorted((Found(f.kind, *view.sent(f.start, f.end)) for f in chosen), key=lambda found: found.start)


def _look(plain: str, kinds: PersonalKinds, taken: bytearray) -> list[Found]:
    """What is found where nothing is `taken` yet, which it is afterwards."""
    chosen = []
    for recogniser in _RECOGNISERS[kinds]:
        for found in recogniser(plain):
            if taken.find(1, found.start, found.end) < 0:
                taken[found.start : found.end] = b"\1" * (found.end - found.start)
                chosen.append(found)
    return chosen


def _without(plain: str, found: Iterable[Found]) -> str:
    """The text with brackets over what was found, as long as it was."""
    characters = list(plain)
    for each in found:
        characters[each.start : each.end] = "[" + "]" * (each.end - each.start - 1)
    return "".join(characters)
