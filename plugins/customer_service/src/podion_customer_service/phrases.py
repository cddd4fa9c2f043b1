"""Phrases of customers that need no model: asking for a person, courtesies, yes and no, choosing, correcting."""

import re
from collections.abc import Sequence

from podion_customer_service.folding import folded
from podion_customer_service.lexicon import (
    AFTER_A_PERSON,
    ASK,
    ASKS_ZH,
    BEFORE_A_PERSON,
    CORRECTS,
    COURTESIES,
    FIRST,
    MISSPELT,
    PERSON,
    REFUSAL,
    REFUSES_ZH,
    SECOND,
    SURELY_A_PERSON,
    YES,
    Courtesy,
)

_GAP = "*"
_WORD = re.compile(r"[a-z']+")
_LOOKS_BACK = 7
_A_FEW_WORDS = 4
_LONG_ENOUGH_TO_SLIP = 5


def asks_for_a_person(text: str) -> bool:
    """Return whether a customer wants a human, in English or Chinese, colloquial and misspelt forms included."""
    plain = folded(text)
    for wrong, right in MISSPELT:
        plain = plain.replace(wrong, right)
    if REFUSES_ZH.search(plain):
        return False
    return bool(ASKS_ZH.search(plain)) or _asks_in_english(plain)


def _asks_in_english(plain: str) -> bool:
    words = _WORD.findall(plain)
    for place, word in enumerate(words):
        before = words[max(0, place - _LOOKS_BACK) : place]
        if not _is_one_of(word, PERSON) or not _is_a_person(before, words[place + 1 :]) or REFUSAL & set(before):
            continue
        if len(words) <= _A_FEW_WORDS and _is_one_of(word, SURELY_A_PERSON):
            return True
        if any(_is_one_of(each, ASK) for each in before):
            return True
    return False


def _is_a_person(before: Sequence[str], after: Sequence[str]) -> bool:
    """Return whether the words around `human`, `agent` and the like leave it a person."""
    led = not before or before[-1] in BEFORE_A_PERSON or _is_one_of(before[-1], ASK)
    return led and (not after or after[0] in AFTER_A_PERSON)


def _is_one_of(word: str, known: frozenset[str]) -> bool:
    """Return whether a word is known, or one slip of the finger from a known one; short words only by a swap."""
    if word in known:
        return True
    if len(word) < _LONG_ENOUGH_TO_SLIP:
        return any(sorted(word) == sorted(each) for each in known)
    return any(one_slip_apart(word, each) for each in known if len(each) >= _LONG_ENOUGH_TO_SLIP)


def one_slip_apart(word: str, other: str) -> bool:
    """Return whether one letter was left out, added, mistaken, or two neighbours changed places."""
    if abs(len(word) - len(other)) > 1 or word == other:
        return word == other
    start = next((place for place, pair in enumerate(zip(word, other, strict=False)) if pair[0] != pair[1]), len(other))
    rest, others = word[start:], other[start:]
    swapped = rest[:2] == others[:2][::-1] and rest[2:] == others[2:]
    return swapped or rest[1:] == others[1:] or rest[1:] == others or rest == others[1:]


def courtesy_of(text: str) -> Courtesy | None:
    """Return which courtesy a message consists of, if it holds nothing else."""
    plain = re.sub(r"[^\w' ]+", " ", folded(text))
    plain = " ".join(plain.split())
    return next((name for name, forms in COURTESIES.items() if plain in forms), None)


def says_yes(text: str) -> bool:
    """Return whether a message is a plain yes."""
    return folded(text) in YES


def picks(text: str) -> int | None:
    """Return which of two things that were offered a message picks: 0, 1, or None."""
    plain = folded(text)
    return 0 if plain in FIRST else 1 if plain in SECOND else None


def corrects(text: str) -> bool:
    """Return whether a message takes something back: `no, I meant …`, `说错了，是…`."""
    return bool(CORRECTS.search(folded(text)))


def holds(pattern: str, text: str) -> bool:
    """Return whether a text holds a tenant's phrase; `*` stands for anything in between.

    Latin words match as whole words. It is no regular expression: whatever a tenant writes, its time grows with the
    text alone.
    """
    plain, place = folded(text), 0
    for piece in filter(None, (folded(part) for part in pattern.split(_GAP))):
        place = _find_whole(plain, piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


def _find_whole(plain: str, piece: str, start: int) -> int:
    place = plain.find(piece, start)
    while place >= 0 and (_joined(plain, place) or _joined(plain, place + len(piece))):
        place = plain.find(piece, place + 1)
    return place


def _joined(plain: str, place: int) -> bool:
    """Return whether the characters on both sides of a place belong to one Latin word."""
    around = plain[max(0, place - 1) : place + 1]
    return 0 < place < len(plain) and around.isascii() and around.isalnum()
