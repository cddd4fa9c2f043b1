"""Where candidates come from: the sequence model, what others took next, what fits in words, what is popular or new."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from podion import Conflict, DataError, NotFound, Prediction, TenantCaller, Unavailable
from podion_recommender.catalogue import ITEMS
from podion_recommender.covisits import Neighbours, voted
from podion_recommender.pool import Pool
from podion_recommender.popularity import EVERYTHING, Fresh, Popular, category_id
from podion_recommender.schema import FreshItem, Step, Visit
from podion_recommender.shoppers import Shopper, anchors
from podion_recommender.tasks import next_item
from podion_recommender.vectors import vector_text

ANCHORS = 8
_TOP_TASTES = 3
_POPULAR = 100
_FRESH = 50
_FOUND = 40
_QUERY = 400
_PATIENCE_SECONDS = 2.0
_NEAR_ANCHORS = 3
_NEAR_FRESH = 60
_FRESH_ASKED = 10
"""New items whose vectors go to the model: each is a kilobyte of the record that the ledger keeps."""
_EXCLUDED = 2_000


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What the sequence model said, or why it said nothing."""

    ranking: Sequence[str] = ()
    adapter: str | None = None
    prediction_id: str | None = None
    silent: str | None = None


async def model_says(
    caller: TenantCaller,
    visitor: Shopper,
    now: datetime,
    *,
    count: int,
    barred: Sequence[str],
    fresh: tuple[FreshItem, ...] = (),
    adapter: str | None = None,
) -> Spoken:
    """Return the model's ranking of the whole catalogue for a visitor; who is untrained or away says nothing.

    `fresh` are new items by the vectors of their texts; a model on another base goes without.
    """
    if not visitor.recent:
        return Spoken(silent="no_history")
    past = tuple(Step(item_id=touch.item_id, at=touch.at.timestamp()) for touch in visitor.recent)
    visit = Visit(
        user_id=visitor.alias or "visitor",
        timestamp=now.timestamp(),
        past=past,
        exclude=tuple(barred[-_EXCLUDED:]),
        fresh=fresh,
        count=count,
    )
    try:
        prediction = await _asked(caller, visit, adapter)
    except Conflict as refusal:
        return Spoken(silent=refusal.code)
    except NotFound:
        return Spoken(silent="adapter_gone")
    except Unavailable:
        return Spoken(silent="unavailable")
    [answer] = prediction.answers
    return Spoken(
        ranking=[ranked.item_id for ranked in answer.items],
        adapter=prediction.adapter,
        prediction_id=answer.prediction_id,
    )


async def _asked(caller: TenantCaller, visit: Visit, adapter: str | None) -> Prediction[Any]:
    try:
        return await caller.predict(next_item, [visit], adapter=adapter)
    except DataError:
        if not visit.fresh:
            raise
        return await caller.predict(next_item, [visit.model_copy(update={"fresh": ()})], adapter=adapter)


async def others_took(caller: TenantCaller, pool: Pool, visitor: Shopper) -> None:
    """Add what others took after what this visitor took lately."""
    lately = anchors(visitor, ANCHORS)
    kept = await caller.store.get_all(Neighbours, lately)
    votes = voted(lately, kept)
    pool.add_scored("together", ((item, score) for item, (score, _) in votes.items()))
    pool.because |= {item: anchor for item, (_, anchor) in votes.items()}


async def popular_and_fresh(caller: TenantCaller, pool: Pool, visitor: Shopper | None, category: str | None) -> None:
    """Add what is popular and what is new: of the category that is asked for, else of all and of the visitor's own."""
    tastes = [] if visitor is None else list(visitor.tastes)[:_TOP_TASTES]
    names = [category] if category is not None else tastes
    places = {category_id(name) for name in names} | ({EVERYTHING} if category is None else set())
    popular, fresh = await asyncio.gather(caller.store.get_all(Popular, places), caller.store.get_all(Fresh, places))
    for id, counts in popular.items():
        source = "popular" if id == EVERYTHING else "popular_in_category"
        pool.add(source, counts.best(_POPULAR))
    for newest in fresh.values():
        pool.add_ranked("fresh", newest.newest(_FRESH))


async def near_in_meaning(caller: TenantCaller, pool: Pool, visitor: Shopper) -> tuple[FreshItem, ...]:
    """Add how near the new items are, by the vectors of their texts, to what the visitor took lately.

    So an item is recommended to the right people from the moment it is there, before anybody has taken it. Returns the
    nearest with their vectors: the model ranks those that it has never seen among the others.
    """
    lately = anchors(visitor, _NEAR_ANCHORS)
    new = [item for item, told in pool.signals.items() if "fresh" in told][:_NEAR_FRESH]
    if not lately or not new:
        return ()
    vectors = await caller.vectors(ITEMS, [*lately, *new])
    known = [vectors[item] for item in lately if item in vectors]
    there = [item for item in new if item in vectors]
    if not known or not there:
        return ()
    places = np.asarray([vectors[item] for item in there])
    nearness = (places @ np.asarray(known).T).max(axis=1).clip(0, 1)
    pool.add("text", zip(there, nearness.tolist(), strict=True))
    nearest = np.argsort(-nearness, kind="stable")[:_FRESH_ASKED]
    return tuple(FreshItem(item_id=there[place], vector=vector_text(places[place])) for place in nearest)


async def fits_in_words(caller: TenantCaller, pool: Pool, words: str, category: str | None) -> None:
    """Add what is found by words; nothing while the engine is away, or a large index is not ready yet."""
    if not words.strip():
        return
    search = caller.search(ITEMS, words[:_QUERY], _FOUND, {"category": category} if category else None)
    try:
        hits = await asyncio.wait_for(search, _PATIENCE_SECONDS)
    except (Unavailable, TimeoutError):
        return
    pool.add_scored("text", ((hit.document, hit.score) for hit in hits))


def words_of(visitor: Shopper | None, context: str | None) -> str:
    """Return the words that tell what a visitor wants: of the page, else of the latest items, else of attributes."""
    if context:
        return context
    if visitor is None:
        return ""
    titles = list(dict.fromkeys(touch.title for touch in reversed(visitor.recent) if touch.title))[:3]
    return ". ".join(titles) or ". ".join(str(value) for value in visitor.attributes.values() if isinstance(value, str))
