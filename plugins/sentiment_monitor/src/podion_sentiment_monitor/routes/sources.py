"""`/sources`: feeds and files that are polled, and addresses that others push to."""

from typing import Annotated

from fastapi import APIRouter, Body

from podion import Caller, Conflict, Cursor, DocumentId, Gone, Limit, Page, answer_like, newest, requires
from podion_sentiment_monitor.ingest import Outcome, Taken
from podion_sentiment_monitor.routes.articles import Batch
from podion_sentiment_monitor.sources import MOST_SOURCES, Polled, Source, SourceDraft, poll, push

router = APIRouter(dependencies=[requires("data")])

_SOURCE = {"name": "herald.example", "kind": "rss", "url": "https://herald.example/feed.xml", "every_minutes": 10}
_KEPT = {
    **_SOURCE,
    "id": "src_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "enabled": True,
    "polled_at": "2026-07-01T14:00:00Z",
    "next_at": "2026-07-01T14:10:00Z",
    "failures": 0,
    "error": None,
    "articles": 117,
}
_POLLED = {"id": "src_01JZ8Q5T3N6W2K4Y7B9D0F1G2H", "entries": 30, "created": 4}
_PUSHED = {
    "articles": [
        {
            "doc_id": "crm-17",
            "source": "crm",
            "published_at": "2026-07-01T14:05:00Z",
            "body": "My transfer has been pending for two days.",
        }
    ]
}


@router.post("/sources", status_code=201, responses=answer_like(_KEPT, 201))
async def post_source(draft: Annotated[SourceDraft, Body(examples=[_SOURCE])], caller: Caller) -> Source:
    """Keep a source. Feeds are fetched within a minute and then as often as they say; private addresses are refused."""
    if len((await newest(caller, Source, MOST_SOURCES))[0]) == MOST_SOURCES:
        raise Conflict(f"there are {MOST_SOURCES} sources, and no more may be: delete one", code="too_many_sources")
    return await caller.store.put(Source(**draft.model_dump(), id=caller.new_id("src")))


@router.get("/sources", responses=answer_like({"data": [_KEPT], "next": None}))
async def list_sources(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Source]:
    """Return the sources with how they fared, newest first."""
    return await caller.store.list(Source, None, cursor, limit)


@router.get("/sources/{source_id}", responses=answer_like(_KEPT))
async def get_source(source_id: DocumentId, caller: Caller) -> Source:
    """Return one source."""
    return await caller.store.get(Source, source_id)


@router.put("/sources/{source_id}", responses=answer_like({**_KEPT, "every_minutes": 30}))
async def put_source(
    source_id: DocumentId, draft: Annotated[SourceDraft, Body(examples=[_SOURCE])], caller: Caller
) -> Source:
    """Replace a source; it is polled anew within a minute."""
    changes = {**draft.model_dump(), "next_at": None, "failures": 0, "error": None}
    return await caller.store.update(Source, source_id, lambda kept: kept.model_copy(update=changes))


@router.delete("/sources/{source_id}", responses=answer_like({"id": "src_01JZ8Q5T3N6W2K4Y7B9D0F1G2H", "deleted": True}))
async def delete_source(source_id: DocumentId, caller: Caller) -> Gone:
    """Remove a source; its articles stay."""
    await caller.store.delete(Source, source_id)
    return Gone(id=source_id)


@router.post("/sources/{source_id}:poll", responses=answer_like(_POLLED))
async def poll_source(source_id: DocumentId, caller: Caller) -> Polled:
    """Fetch a source now, and say what it brought or why it cannot be read."""
    source = await caller.store.get(Source, source_id)
    taken = await poll(caller, source)
    return Polled(id=source.id, entries=len(taken), created=_created(taken))


@router.post("/sources/{source_id}:push", status_code=202, responses=answer_like({**_POLLED, "entries": 1}, 202))
async def push_source(
    source_id: DocumentId, batch: Annotated[Batch, Body(examples=[_PUSHED])], caller: Caller
) -> Polled:
    """Take in articles that another system's webhook sends, with a key whose scope is `data`."""
    source = await caller.store.get(Source, source_id)
    taken = await push(caller, source, batch.articles)
    return Polled(id=source.id, entries=len(taken), created=_created(taken))


def _created(taken: list[Taken]) -> int:
    return sum(each.outcome is Outcome.CREATED for each in taken)
