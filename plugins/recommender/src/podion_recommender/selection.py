"""From candidates to a list: what may be shown at all, then in which order. Pure: no clock, no chance of its own.

What may not be shown is taken out before anything is cut, so a list is only short when nothing else remains.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from random import Random

from podion_recommender.rules import Rule, blocked
from podion_recommender.schema import Item


@dataclass(frozen=True, kw_only=True)
class Bars:
    """What keeps items out of a list, at one moment."""

    now: datetime
    barred: frozenset[str] = frozenset()
    category: str | None = None
    rules: Sequence[Rule] = ()

    def admit(self, item: Item) -> bool:
        """Return whether an item may be shown."""
        return (
            item.id not in self.barred
            and item.may_be_shown(self.now)
            and (self.category is None or item.category == self.category)
            and not blocked(item, self.rules)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A candidate that may be shown, and what it is worth."""

    item: Item
    score: float
    source: str = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An item at its place: by merit, by a rule or by chance, and how probable that was."""

    item: Item
    score: float
    source: str
    propensity: float
    explored: bool = False


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a list is put together."""

    count: int
    diversity: float = 0.0
    category_cap: float = 1.0
    exploration: float = 0.0
    pins: Mapping[str, int] | None = None


def eligible(items: Iterable[Item], bars: Bars) -> list[Item]:
    """Return the items that may be shown, each once, in their order."""
    seen: set[str] = set()
    found = []
    for item in items:
        if item.id not in seen and bars.admit(item):
            seen.add(item.id)
            found.append(item)
    return found


def arranged(candidates: Collection[Scored], order: Order, chance: Random) -> list[Chosen]:
    """Return the list: the best, unlike each other, no category beyond its cap while others remain, and some chance.

    With probability `exploration` a place goes to one of all that are left, each as probable as the other; the
    propensity told of a place is that of what stands there, given the places before it. Pinned items stand at their
    places with propensity 1.
    """
    left = {each.item.id: each for each in sorted(candidates, key=lambda each: (-each.score, each.item.id))}
    places = _pinned_places(left, order)
    variety = _Variety(left, order)
    chosen: list[Chosen] = []
    while left and len(chosen) < order.count:
        pin = places.get(len(chosen))
        if pin is not None:
            one = left.pop(pin)
            chosen.append(Chosen(item=one.item, score=one.score, source="pinned", propensity=1.0))
        else:
            chosen.append(_drawn(left, places, variety, order.exploration, chance))
        variety.took(chosen[-1].item)
    return chosen


def _pinned_places(left: Mapping[str, Scored], order: Order) -> dict[int, str]:
    """Return place → item of those pins that may be shown; who comes to a taken place stands behind."""
    most = min(order.count, len(left))
    places: dict[int, str] = {}
    for item, wanted in sorted((order.pins or {}).items(), key=lambda pair: pair[1]):
        free = [place for place in range(wanted, most) if place not in places]
        if item in left and free:
            places[free[0]] = item
    return places


def _drawn(
    left: dict[str, Scored], places: Mapping[int, str], variety: "_Variety", exploration: float, chance: Random
) -> Chosen:
    waiting = set(places.values())
    free = [id for id in left if id not in waiting]
    if not free:  # everything that is left is pinned to a later place
        one = left.pop(next(iter(left)))
        return Chosen(item=one.item, score=one.score, source="pinned", propensity=1.0)
    best = variety.best(free)
    by_chance = exploration / len(free)
    explored = chance.random() < exploration
    taken = chance.choice(free) if explored else best
    one = left.pop(taken)
    propensity = by_chance + (1 - exploration if taken == best else 0.0)
    return Chosen(
        item=one.item, score=one.score, source=one.source, propensity=propensity, explored=explored and taken != best
    )


class _Variety:
    """Which candidate comes next by merit: marginal relevance (Carbonell and Goldstein 1998) under a cap a category."""

    def __init__(self, left: Mapping[str, Scored], order: Order) -> None:
        scores = [each.score for each in left.values()]
        low, high = (min(scores), max(scores)) if scores else (0.0, 0.0)
        span = high - low or 1.0
        self._merit = {id: (each.score - low) / span for id, each in left.items()}
        self._kinds = {id: _kinds(each.item) for id, each in left.items()}
        self._categories = {id: each.item.category for id, each in left.items()}
        self._nearest: dict[str, float] = {}
        self._held: dict[str | None, int] = {}
        self._diversity = order.diversity
        self._most = max(1, ceil(order.category_cap * order.count))
        self._look = max(60, 3 * order.count)

    def best(self, free: Sequence[str]) -> str:
        """Return the best of those that are left, which are in order of merit."""
        open_ones = [id for id in free[: self._look] if self._may(id)] or [id for id in free if self._may(id)]
        among = open_ones or free[: self._look]
        return max(among, key=self._worth)

    def took(self, item: Item) -> None:
        """Note an item that has its place."""
        self._held[item.category] = self._held.get(item.category, 0) + 1
        if self._diversity:
            own = _kinds(item)
            for id in list(self._merit)[: self._look]:
                self._nearest[id] = max(self._nearest.get(id, 0.0), likeness(own, self._kinds[id]))

    def _may(self, id: str) -> bool:
        category = self._categories[id]
        return category is None or self._held.get(category, 0) < self._most

    def _worth(self, id: str) -> float:
        return (1 - self._diversity) * self._merit[id] - self._diversity * self._nearest.get(id, 0.0)


def _kinds(item: Item) -> frozenset[str]:
    tags = {f"t:{tag}" for tag in item.tags}
    return frozenset(tags | {f"c:{item.category}"} if item.category is not None else tags)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of tags and category that two items have in common, 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0
