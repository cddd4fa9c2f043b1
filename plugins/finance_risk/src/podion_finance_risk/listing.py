"""Reading more than one page of a tenant's documents, up to a limit."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from podion import TenantCaller

KindT = TypeVar("KindT", bound=BaseModel)

_PAGE = 200


async def newest(
    caller: TenantCaller,
    kind: type[KindT],
    most: int,
    where: Mapping[str, Any] | None = None,
    *,
    since: datetime | None = None,
    moment: Callable[[KindT], datetime] | None = None,
) -> tuple[list[KindT], bool]:
    """Return at most `most` documents, newest first, and whether these are all; with `since`, none that is older."""
    found: list[KindT] = []
    cursor: str | None = None
    while True:
        page = await caller.store.list(kind, where, cursor, _PAGE)
        for document in page.data:
            if since is not None and moment is not None and moment(document) < since:
                return found, True
            if len(found) == most:
                return found, False
            found.append(document)
        cursor = page.next
        if cursor is None:
            return found, True
