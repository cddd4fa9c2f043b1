"""What is popular now: the same list for everybody, whole while items remain."""

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from podion import TenantCaller
from podion_recommender.popularity import EVERYTHING, Popular, category_id
from podion_recommender.rules import active_rules
from podion_recommender.selection import Bars
from podion_recommender.serving import admitted

_LOOKED_AT = 500


class PopularItem(BaseModel):
    """An item and how popular it is."""

    item_id: str
    title: str
    score: float = Field(ge=0, le=1, description="share of the most popular one's; 0: nobody took it lately")


class PopularItems(BaseModel):
    """What is popular, the most popular first."""

    category: str | None
    data: list[PopularItem]


async def popular(caller: TenantCaller, count: int, category: str | None) -> PopularItems:
    """Return what is popular in all or in a category; what nobody took comes last, the newest first."""
    now = datetime.now(UTC)
    id = EVERYTHING if category is None else category_id(category)
    kept = (await caller.store.get_all(Popular, [id])).get(id)
    best = dict(kept.best(_LOOKED_AT)) if kept else {}
    bars = Bars(now=now, category=category, rules=await active_rules(caller, now))
    found = await admitted(caller, list(best), bars, count)
    found.sort(key=lambda item: -best.get(item.id, 0.0))
    told = [PopularItem(item_id=item.id, title=item.title, score=best.get(item.id, 0.0)) for item in found[:count]]
    return PopularItems(category=category, data=told)
