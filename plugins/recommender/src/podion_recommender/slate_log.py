"""The slates of a while, and what each of their places earned."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime

from podion import TenantCaller
from podion_recommender.slates import Shown, Slate

MOST_SLATES = 50_000
_PAGE = 100
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


async def slate_pages(
    caller: TenantCaller, *, since: datetime | None = None, until: datetime | None = None, most: int = MOST_SLATES
) -> AsyncIterator[list[Slate]]:
    """Yield at most `most` slates of a while, newest first, some at a time: who counts need not hold them all."""
    cursor: str | None = None
    left = most
    while left > 0:
        page = await caller.store.list(Slate, None, cursor, min(_PAGE, left))
        told = [slate for slate in page.data if since is None or slate.at >= since]
        wanted = [slate for slate in told if until is None or slate.at <= until]
        yield wanted
        left -= len(wanted)
        cursor = page.next
        if cursor is None or len(told) < len(page.data):
            return


async def newest_slates(caller: TenantCaller, *, most: int) -> list[Slate]:
    """Return the newest slates, at most `most`."""
    return [slate async for page in slate_pages(caller, most=most) for slate in page]


def places(slate: Slate) -> Iterator[Place]:
    """Return the places of a slate that were seen: of one with impressions those alone, else all of them."""
    impressions = any("impression" in shown.outcomes for shown in slate.items)
    for shown in slate.items:
        if shown.outcomes or not impressions:
            done = set(shown.outcomes)
            yield Place(
                shown=shown, clicked=not done.isdisjoint(CLICKS), bought="purchase" in done, hidden="hide" in done
            )
