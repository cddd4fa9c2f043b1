"""A recommendation: candidates from every source, none that may not be shown, scored, put in order, kept as a slate."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random

from podion import TenantCaller
from podion_recommender.config import RecommenderSettings
from podion_recommender.pool import Pool
from podion_recommender.ranker import CURRENT, DEFAULT_WEIGHTS, Ranker, features, score
from podion_recommender.rules import Rule, active_rules, boost, pinned
from podion_recommender.schema import Item
from podion_recommender.selection import Bars, Chosen, Order, Scored, arranged, eligible
from podion_recommender.shoppers import Barred, Shopper, page_ids
from podion_recommender.slates import Shown, Slate, keep_slate
from podion_recommender.sources import (
    Spoken,
    fits_in_words,
    model_says,
    near_in_meaning,
    others_took,
    popular_and_fresh,
    words_of,
)

_PART = 100
_IN_CATEGORY = 1_000


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for; `exclude` are items that the page shows already, `adapter` a version beside the live one."""

    count: int = 10
    category: str | None = None
    personalized: bool = True
    context: str | None = None
    exclude: frozenset[str] = frozenset()
    user_id: str | None = None
    ranked: int = 120
    experiment: str | None = None
    variant: str | None = None
    adapter: str | None = None


@dataclass(kw_only=True)
class Desk:
    """What one recommendation works with."""

    wish: Wish
    settings: RecommenderSettings
    visitor: Shopper | None
    bars: Bars
    rules: Sequence[Rule]
    weights: dict[str, float]
    spoken: Spoken
    pool: Pool = field(default_factory=Pool)
    told: dict[str, dict[str, float]] = field(default_factory=dict)

    def scored(self, item: Item) -> Scored:
        """Return an item with its worth; its features are kept to be told."""
        signals = self.pool.signals.get(item.id, {})
        found = features(item, signals, self.visitor, now=self.bars.now, fresh_days=self.settings.fresh_days)
        self.told[item.id] = found
        worth = score(found, self.weights) + boost(item, self.rules)
        return Scored(item=item, score=worth, source=self.pool.source_of(item.id))


async def recommend(caller: TenantCaller, visitor: Shopper | None, wish: Wish, settings: RecommenderSettings) -> Slate:
    """Return a slate for a visitor (None: nobody known), kept under its id.

    Without personalisation, what is known of the visitor only takes items out: what is left stands in the same order
    for everybody.
    """
    desk = await laid_out(caller, visitor, wish, settings)
    items = await _for_visitor(caller, desk)
    id = caller.new_id("slt")
    order = Order(
        count=wish.count,
        diversity=settings.diversity,
        category_cap=1.0 if wish.category is not None else settings.category_cap,
        exploration=settings.exploration,
        pins=pinned(desk.rules),
    )
    chosen = arranged([desk.scored(item) for item in items], order, Random(id))
    slate = _slate(id, desk, chosen)
    await keep_slate(caller, slate)
    return slate


async def laid_out(caller: TenantCaller, visitor: Shopper | None, wish: Wish, settings: RecommenderSettings) -> Desk:
    """Return what a recommendation works with: every source asked at once."""
    now = datetime.now(UTC)
    known = visitor if wish.personalized and visitor is not None and visitor.consent_personalized else None
    pool = Pool()
    barred, rules, weights, spoken, *_ = await asyncio.gather(
        _barred(caller, visitor),
        active_rules(caller, now),
        _weights(caller),
        _lists_and_model(caller, pool, known, visitor, wish, now),
        _of_visitor(caller, pool, known, wish),
    )
    pool.add_ranked("next_item", spoken.ranking)
    bars = Bars(now=now, barred=barred | wish.exclude, category=wish.category, rules=rules)
    desk = Desk(
        wish=wish, settings=settings, visitor=known, bars=bars, rules=rules, weights=weights, spoken=spoken, pool=pool
    )
    if wish.context or (spoken.silent is not None and _knows_little(pool, wish)):
        await fits_in_words(caller, pool, words_of(known, wish.context), wish.category)
    return desk


def _knows_little(pool: Pool, wish: Wish) -> bool:
    """Return whether too few candidates rest on what anybody took after the visitor's items."""
    return sum("together" in told for told in pool.signals.values()) < wish.count


async def _lists_and_model(
    caller: TenantCaller, pool: Pool, known: Shopper | None, visitor: Shopper | None, wish: Wish, now: datetime
) -> Spoken:
    """Add what is popular and new, and return what the model says, which is told of the nearest of the new."""
    await popular_and_fresh(caller, pool, known, wish.category)
    if known is None:
        if not wish.personalized:
            return Spoken(silent="not_personalized")
        return Spoken(silent="unknown_user" if visitor is None else "no_consent")
    fresh = await near_in_meaning(caller, pool, known)
    count = wish.ranked if wish.category is None else _IN_CATEGORY
    return await model_says(caller, known, now, barred=known.barred, count=count, fresh=fresh, adapter=wish.adapter)


async def _of_visitor(caller: TenantCaller, pool: Pool, known: Shopper | None, wish: Wish) -> None:
    if known is not None and known.recent:
        await others_took(caller, pool, known)


async def _barred(caller: TenantCaller, visitor: Shopper | None) -> frozenset[str]:
    """Return everything that may never return to a visitor, however long ago it was."""
    if visitor is None:
        return frozenset()
    if not visitor.barred_pages:
        return frozenset(visitor.barred)
    pages = await caller.store.get_all(Barred, page_ids(visitor.id, visitor.barred_pages))
    return frozenset(visitor.barred).union(*(page.items for page in pages.values()))


async def _weights(caller: TenantCaller) -> dict[str, float]:
    learned = (await caller.store.get_all(Ranker, [CURRENT])).get(CURRENT)
    return dict(DEFAULT_WEIGHTS) if learned is None else learned.weights


async def _for_visitor(caller: TenantCaller, desk: Desk) -> list[Item]:
    """Return what may be shown to a visitor; what they looked at lately only where there is nothing else."""
    count, names = desk.wish.count, [*pinned(desk.rules), *desk.pool.by_prior()]
    looked_at = {touch.item_id for touch in desk.visitor.recent} if desk.visitor is not None else set()
    items = await admitted(caller, names, replace(desk.bars, barred=desk.bars.barred | looked_at), count)
    if len(items) < count and looked_at:
        items += eligible((await caller.store.get_all(Item, looked_at)).values(), desk.bars)
    return items


async def admitted(caller: TenantCaller, names: Sequence[str], bars: Bars, count: int) -> list[Item]:
    """Return items that may be shown: of the candidates, and where these are too few, of the whole catalogue.

    More are looked at than are asked for, so that there is something to choose from; the catalogue is only walked
    through until the list is full.
    """
    wanted = list(dict.fromkeys(name for name in names if name not in bars.barred))
    enough = max(3 * count, 60)
    found: list[Item] = []
    for start in range(0, len(wanted), _PART):
        items = await caller.store.get_all(Item, wanted[start : start + _PART])
        found += eligible(items.values(), bars)
        if len(found) >= enough:
            return found
    return await _walked(caller, found, bars, count)


async def _walked(caller: TenantCaller, found: list[Item], bars: Bars, count: int) -> list[Item]:
    """Return what was found and, until there is enough, what the catalogue has beside it, the newest first."""
    where = {"hidden": False} | ({} if bars.category is None else {"category": bars.category})
    cursor: str | None = None
    while len(found) < count:
        page = await caller.store.list(Item, where, cursor, _PART)
        found = eligible([*found, *page.data], bars)
        cursor = page.next
        if cursor is None:
            break
    return found


def _slate(id: str, desk: Desk, chosen: Sequence[Chosen]) -> Slate:
    return Slate(
        id=id,
        user_id=desk.wish.user_id,
        at=desk.bars.now,
        items=[_shown(desk, one, place) for place, one in enumerate(chosen)],
        personalized=desk.visitor is not None,
        fallback=desk.spoken.silent,
        adapter=desk.spoken.adapter,
        prediction_id=desk.spoken.prediction_id,
        category=desk.wish.category,
        experiment=desk.wish.experiment,
        variant=desk.wish.variant,
        exploration=desk.settings.exploration,
    )


def _shown(desk: Desk, one: Chosen, place: int) -> Shown:
    source = "explored" if one.explored else one.source
    return Shown(
        item_id=one.item.id,
        title=one.item.title,
        score=round(one.score, 6),
        source=source,
        position=place,
        propensity=one.propensity,
        features={name: round(value, 4) for name, value in desk.told[one.item.id].items()},
        reasons=desk.pool.reasons(one.item, desk.visitor, source),
    )
