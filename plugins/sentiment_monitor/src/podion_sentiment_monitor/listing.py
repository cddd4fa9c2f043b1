"""Many of a tenant's documents: read by their ids, kept in as few writes as there may be."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from podion import NotFound, TenantCaller

KindT = TypeVar("KindT", bound=BaseModel)

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


async def put_parts(caller: TenantCaller, documents: Sequence[BaseModel], size: int = 1_000) -> None:
    """Keep documents in as few writes as there may be."""
    for start in range(0, len(documents), size):
        await caller.store.put_all(documents[start : start + size])
