"""Where a text mentions each entity asked for, and the text as the words around one entity have it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podion_sentiment_monitor.text import is_han, lowered

MOST_MENTIONS = 8
"""Mentions of an entity that are read; a text says how it stands to somebody well before the ninth."""

_NEAR = 4
_WINDOW = 1_200
_WORDS = re.compile(r"[^\W_\u3400-\u9fff]+|[^\s]")
_SELF, _OTHER = "\ue000", "\ue001"
"""Characters of private use, which stand for the entity and for any other."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """An entity as a text has it: its place among the names asked for, its mentions, and the words around them."""

    place: int
    entity: str
    mentions: tuple[Place, ...]
    words: str


def passages_of(text: str, names: Sequence[str]) -> Iterator[Passage]:
    """Yield the entities of `names` that the text mentions, in that order; case does not count."""
    places = mentions_of(text, names)
    for place, name in enumerate(names):
        if places[place]:
            others = [each for other, found in enumerate(places) if names[other] != name for each in found]
            yield Passage(place, name, tuple(places[place][:MOST_MENTIONS]), _around(text, places[place], others))


def mentions_of(text: str, names: Sequence[str]) -> list[list[Place]]:
    """Return the places of each name in the text, in reading order.

    Where names overlap, the place is the longest one's. A name that stands nowhere as a word of its own is taken where
    it is a part of one, or of a longer name.
    """
    small = lowered(text)
    found = [list(_places(small, lowered(name))) for name in names]
    whole = [[each for each in places if _stands_alone(text, *each)] for places in found]
    taken, covered = set[Place](), bytearray(len(text))
    for place in sorted(range(len(names)), key=lambda place: -len(names[place])):
        whole[place] = [each for each in whole[place] if each in taken or not any(covered[slice(*each)])]
        for start, end in whole[place]:
            taken.add((start, end))
            covered[start:end] = b"\1" * (end - start)
    return [own or places for own, places in zip(whole, found, strict=True)]


def _places(text: str, name: str) -> Iterator[Place]:
    start = text.find(name) if name else -1
    while start >= 0:
        yield start, start + len(name)
        start = text.find(name, start + len(name))


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = start > 0 and _joins(text[start - 1]) and _joins(text[start])
    return not before and not (end < len(text) and _joins(text[end]) and _joins(text[end - 1]))


def _joins(character: str) -> bool:
    return character.isalnum() and not is_han(character)


def _around(text: str, mentions: Sequence[Place], others: Sequence[Place]) -> str:
    """What stands near the entity, by side and distance, and the text with it and all others as one character each.

    Of a long text it is the part that the first mention stands in.
    """
    words = _WORDS.findall(plain := _marked(text, mentions, others))
    near: list[str] = []
    for place in [place for place, word in enumerate(words) if word == _SELF][:MOST_MENTIONS]:
        for far in range(1, _NEAR + 1):
            steps = "1" if far == 1 else "2"
            near += [f"<{words[place - far]} <{steps}{words[place - far]}"] if place >= far else []
            near += [f">{words[place + far]} >{steps}{words[place + far]}"] if place + far < len(words) else []
    return " ".join([*near, plain])


def _marked(text: str, mentions: Sequence[Place], others: Sequence[Place]) -> str:
    begin = max(0, mentions[0][0] - _WINDOW // 4) if mentions[0][1] > _WINDOW else 0
    marks = [(start, end, _SELF) for start, end in mentions] + [(start, end, _OTHER) for start, end in others]
    marked: list[str] = []
    reached, last = begin, begin + _WINDOW
    for start, end, mark in sorted(each for each in marks if begin <= each[0] and each[1] <= last):
        if start >= reached:
            marked += [text[reached:start], f" {mark} "]
            reached = end
    return "".join([*marked, text[reached:last]])
