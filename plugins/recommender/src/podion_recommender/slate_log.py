"""The slates of a while, and what each of their places earned."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from podion import TenantCaller
from podion_recommender.slates import Shown, Slate

MOST_SLATES = 50_000
_PAGE = 200
"""Slates that are read in one go: more would keep everybody else waiting while they are parsed."""

CLICKS = frozenset({"click", "like", "cart", "purchase"})
"""Each of these says that a place was clicked, whether or not the click itself was sent."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place that was shown and what came of it."""

    shown: Shown
    clicked: bool
    bought: bool
    hidden: bool

    @property
    def by_chance(self) -> bool:
        """Whether chance put the item there, and not its score."""
        return self.shown.source == "explored"

    @property
    def pinned(self) -> bool:
        """Whether a rule put the item there."""
        return self.shown.source == "pinned"


async def newest_slates(
    caller: TenantCaller, *, since: datetime | None = None, until: datetime | None = None, most: int = MOST_SLATES
) -> tuple[list[Slate], bool]:
    """Return at most `most` slates of a while, newest first, and whether these are all."""
    found: list[Slate] = []
    cursor: str | None = None
    while True:
        page = await caller.store.list(Slate, None, cursor, _PAGE)
        for slate in page.data:
            if since is not None and slate.at < since:
                return found, True
            if until is not None and slate.at > until:
                continue
            if len(found) == most:
                return found, False
            found.append(slate)
        cursor = page.next
        if cursor is None:
            return found, True


def places(slate: Slate) -> Iterator[Place]:
    """Return the places of a slate that were seen: of one with impressions those alone, else all of them."""
    impressions = any("impression" in shown.outcomes for shown in slate.items)
    for shown in slate.items:
        if shown.outcomes or not impressions:
            done = set(shown.outcomes)
            yield Place(
                shown=shown, clicked=not done.isdisjoint(CLICKS), bought="purchase" in done, hidden="hide" in done
            )
