"""`/entities`: the watch-list."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, DataError, answer_like, requires
from podion_sentiment_monitor.entities import MOST_WATCHED, Entity, KeptWatchList
from podion_sentiment_monitor.listing import found
from podion_sentiment_monitor.reading import WATCH_LIST

router = APIRouter(prefix="/entities", dependencies=[requires("data")])

_LIST = {
    "entities": [
        {"name": "Harbour Bank", "aliases": ["海港银行", "HRB"], "exact_case": False},
        {"name": "Northern Trust Savings", "aliases": [], "exact_case": False},
    ]
}


class WatchList(BaseModel):
    """Everybody whom the tenant watches."""

    model_config = ConfigDict(extra="forbid")

    entities: list[Entity] = Field(default=[], max_length=MOST_WATCHED)


@router.get("", responses=answer_like(_LIST))
async def get_entities(caller: Caller) -> WatchList:
    """Return the watch-list."""
    kept = await found(caller, KeptWatchList, [WATCH_LIST])
    return WatchList(entities=kept[WATCH_LIST].entities if kept else [])


@router.put("", responses=answer_like(_LIST))
async def put_entities(watched: Annotated[WatchList, Body(examples=[_LIST])], caller: Caller) -> WatchList:
    """Replace the watch-list; texts that come from now on are searched for it."""
    owners: dict[str, str] = {}
    for entity in watched.entities:
        for name in dict.fromkeys(each.lower() for each in (entity.name, *entity.aliases)):
            if name in owners:
                raise DataError(
                    f"{name!r} names both {owners[name]!r} and {entity.name!r}: give it to one", code="ambiguous_name"
                )
            owners[name] = entity.name
    await caller.store.put(KeptWatchList(id=WATCH_LIST, entities=watched.entities))
    return watched
