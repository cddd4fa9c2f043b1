"""Candidates of a list: what each source found, with its word for them from 0 to 1."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from podion_recommender.reasons import Reason, because_of, reason_of
from podion_recommender.schema import Item
from podion_recommender.shoppers import Shopper

_PRIOR = {"next_item": 4.0, "together": 2.0, "text": 2.0, "popular_in_category": 0.8, "popular": 0.6, "fresh": 0.3}

_NOBODYS_MERIT = ("pinned", "explored")
"""Sources that put an item there whatever the user did."""


@dataclass
class Pool:
    """What the sources found: item → source → word. `because` names the item that a word rests on."""

    signals: dict[str, dict[str, float]] = field(default_factory=dict)
    because: dict[str, str] = field(default_factory=dict)

    def add(self, source: str, found: Iterable[tuple[str, float]]) -> None:
        """Take in what a source found."""
        for item, word in found:
            self.signals.setdefault(item, {})[source] = word

    def add_ranked(self, source: str, found: Sequence[str]) -> None:
        """Take in what a source found in an order, the best first."""
        self.add(source, ((item, 1 - place / len(found)) for place, item in enumerate(found)))

    def add_scored(self, source: str, found: Iterable[tuple[str, float]]) -> None:
        """Take in what a source found with scores of its own, as shares of the highest."""
        pairs = [(item, score) for item, score in found if score > 0]
        top = max((score for _, score in pairs), default=1.0)
        self.add(source, ((item, score / top) for item, score in pairs))

    def by_prior(self) -> list[str]:
        """Return the items, the likeliest first: in which order they are looked at."""
        worth = {
            item: sum(_PRIOR.get(source, 0.0) * word for source, word in told.items())
            for item, told in self.signals.items()
        }
        return sorted(worth, key=lambda item: (-worth[item], item))

    def source_of(self, item: str) -> str:
        """Return the source that spoke for an item most."""
        told = self.signals.get(item)
        if not told:
            return "catalogue"
        return max(told, key=lambda source: (_PRIOR.get(source, 0.0) * told[source], source))

    def reasons(self, item: Item, visitor: Shopper | None, source: str) -> list[Reason]:
        """Return why an item is there: what it rests on first, where it rests on something of the user's."""
        anchor = None if source in _NOBODYS_MERIT else self.because.get(item.id)
        if anchor is not None and visitor is not None:
            touch = next((each for each in reversed(visitor.recent) if each.item_id == anchor), None)
            if touch is not None:
                return [because_of(source, anchor, touch.kind, touch.title)]
        return [reason_of(source, item.category)]
