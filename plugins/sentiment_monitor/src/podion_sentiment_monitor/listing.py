"""Reading many of a tenant's documents: by their ids, or page after page."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from podion import NotFound, TenantCaller

KindT = TypeVar("KindT", bound=BaseModel)

_PAGE = 200
_AT_ONCE = 32


async def found(caller: TenantCaller, kind: type[KindT], ids: Iterable[str]) -> dict[str, KindT]:
    """Return those of the documents that are there, by id."""
    wanted = list(dict.fromkeys(ids))
    kept: dict[str, KindT] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        documents = await asyncio.gather(*(_one(caller, kind, id) for id in part))
        kept |= {id: document for id, document in zip(part, documents, strict=True) if document is not None}
    return kept


async def _one(caller: TenantCaller, kind: type[KindT], id: str) -> KindT | None:
    try:
        return await caller.store.get(kind, id)
    except NotFound:
        return None


async def newest(
    caller: TenantCaller, kind: type[KindT], most: int, where: Mapping[str, Any] | None = None
) -> list[KindT]:
    """Return at most `most` documents whose fields equal `where`, newest first."""
    documents: list[KindT] = []
    cursor: str | None = None
    while len(documents) < most:
        page = await caller.store.list(kind, where, cursor, min(_PAGE, most - len(documents)))
        documents += page.data
        cursor = page.next
        if cursor is None:
            break
    return documents


async def put_parts(caller: TenantCaller, documents: Sequence[BaseModel], size: int = 1_000) -> None:
    """Keep documents in as few writes as there may be."""
    for start in range(0, len(documents), size):
        await caller.store.put_all(documents[start : start + size])
