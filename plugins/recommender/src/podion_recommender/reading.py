"""Many documents of a kind, read in small pages so that nobody else waits."""

from typing import TypeVar

from pydantic import BaseModel

from podion import TenantCaller

KindT = TypeVar("KindT", bound=BaseModel)

_PAGE = 200


async def read_all(caller: TenantCaller, kind: type[KindT], most: int) -> tuple[list[KindT], bool]:
    """Return at most `most` of a tenant's documents, newest first, and whether these are all."""
    found: list[KindT] = []
    cursor: str | None = None
    while len(found) < most:
        page = await caller.store.list(kind, None, cursor, min(_PAGE, most - len(found)))
        found += page.data
        cursor = page.next
        if cursor is None:
            return found, True
    return found, False
