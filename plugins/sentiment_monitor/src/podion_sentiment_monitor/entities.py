"""Whom a tenant watches, and where a text names them: whole words in English, the longest name in Chinese."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from podion_sentiment_monitor.text import is_han, lowered

MOST_WATCHED = 2_000

EntityName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]


class Entity(BaseModel):
    """Somebody whom the tenant watches, under every name that texts use."""

    model_config = ConfigDict(extra="forbid")

    name: EntityName = Field(description="as it stands in trends and alerts")
    aliases: list[EntityName] = Field(default=[], max_length=50, description="other names, in any language")
    exact_case: bool = Field(default=False, description="true: `US` is not `us`")


class KeptWatchList(BaseModel):
    """The watch-list as it is kept: one document a tenant."""

    id: str = ""
    entities: list[Entity] = []


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text names an entity; end exclusive."""

    entity: str
    start: int
    end: int


@dataclass(slots=True)
class _Node:
    following: dict[str, int] = field(default_factory=dict)
    fallback: int = 0
    names: tuple[int, ...] = ()


class Spotter:
    """Finds watched names in one walk over a text, however many there are (Aho and Corasick 1975)."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._names: list[tuple[str, str, bool]] = []
        self._nodes = [_Node()]
        for entity in entities:
            for name in dict.fromkeys((entity.name, *entity.aliases)):
                self._add(name, entity)
        self._link()

    def mentions(self, text: str) -> list[Mention]:
        """Return the mentions in reading order: of those that overlap the first, and of these the longest."""
        found = sorted(self._matches(text), key=lambda each: (each.start, -each.end))
        kept: list[Mention] = []
        for mention in found:
            if not kept or mention.start >= kept[-1].end:
                kept.append(mention)
        return kept

    def _add(self, name: str, entity: Entity) -> None:
        place = 0
        for character in lowered(name):
            following = self._nodes[place].following
            if character not in following:
                following[character] = len(self._nodes)
                self._nodes.append(_Node())
            place = following[character]
        self._nodes[place].names += (len(self._names),)
        self._names.append((name, entity.name, entity.exact_case))

    def _link(self) -> None:
        waiting = deque(self._nodes[0].following.values())
        while waiting:
            node = self._nodes[waiting.popleft()]
            for character, place in node.following.items():
                waiting.append(place)
                fallback = node.fallback
                while fallback and character not in self._nodes[fallback].following:
                    fallback = self._nodes[fallback].fallback
                target = self._nodes[fallback].following.get(character, 0)
                self._nodes[place].fallback = 0 if target == place else target
                self._nodes[place].names += self._nodes[self._nodes[place].fallback].names

    def _matches(self, text: str) -> Iterator[Mention]:
        place = 0
        for end, character in enumerate(lowered(text), start=1):
            while place and character not in self._nodes[place].following:
                place = self._nodes[place].fallback
            place = self._nodes[place].following.get(character, 0)
            for number in self._nodes[place].names:
                name, entity, exact = self._names[number]
                start = end - len(name)
                if _stands_alone(text, start, end) and (not exact or text[start:end] == name):
                    yield Mention(entity, start, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether a stretch is no part of a longer word; Chinese characters border on anything."""
    before = start > 0 and _joins(text[start - 1]) and _joins(text[start])
    after = end < len(text) and _joins(text[end]) and _joins(text[end - 1])
    return not before and not after


def _joins(character: str) -> bool:
    return (character.isalnum() or character == "_") and not is_han(character)


def by_entity(mentions: Iterable[Mention]) -> Mapping[str, list[Mention]]:
    """Return the mentions of each entity, in order of its first."""
    found: dict[str, list[Mention]] = {}
    for mention in mentions:
        found.setdefault(mention.entity, []).append(mention)
    return found
