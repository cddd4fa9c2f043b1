"""What is like an item: taken after it by others, near it in meaning, then popular in its category, then the rest."""

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from podion import TenantCaller
from podion_recommender.covisits import Neighbours
from podion_recommender.pool import Pool
from podion_recommender.reasons import Reason, like_of, reason_of
from podion_recommender.rules import active_rules
from podion_recommender.schema import Item
from podion_recommender.selection import Bars
from podion_recommender.serving import admitted
from podion_recommender.sources import fits_in_words, popular_and_fresh

_LIKE = ("together", "text")
_WORTH = {"together": 1.0, "text": 0.9, "popular_in_category": 0.2, "fresh": 0.1}


class SimilarItem(BaseModel):
    """An item that is like another one."""

    item_id: str
    title: str
    score: float = Field(description="comparable within one list")
    source: str
    reasons: list[Reason]


class SimilarItems(BaseModel):
    """What is like an item, the likest first."""

    id: str
    data: list[SimilarItem]


async def similar(caller: TenantCaller, item_id: str, count: int) -> SimilarItems:
    """Return what is like an item; raises `NotFound` where it is not in the catalogue."""
    item = await caller.store.get(Item, item_id)
    now = datetime.now(UTC)
    pool = Pool()
    kept = (await caller.store.get_all(Neighbours, [item_id])).get(item_id)
    pool.add_scored("together", kept.after.items() if kept else ())
    await fits_in_words(caller, pool, item.words, None)
    await popular_and_fresh(caller, pool, None, item.category)
    bars = Bars(now=now, barred=frozenset({item_id}), rules=await active_rules(caller, now))
    worth = {
        name: max(_WORTH.get(source, 0.0) * word for source, word in told.items())
        for name, told in pool.signals.items()
    }
    found = await admitted(caller, pool.by_prior(), bars, count)
    found.sort(key=lambda each: (-worth.get(each.id, 0.0), each.id))
    return SimilarItems(id=item_id, data=[_told(each, item, pool, worth) for each in found[:count]])


def _told(found: Item, item: Item, pool: Pool, worth: dict[str, float]) -> SimilarItem:
    source = pool.source_of(found.id)
    reason = like_of(item.id, item.title) if source in _LIKE else reason_of(source, found.category)
    return SimilarItem(
        item_id=found.id, title=found.title, score=worth.get(found.id, 0.0), source=source, reasons=[reason]
    )
