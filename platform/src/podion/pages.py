"""What the routes of any vertical read and answer in the same way: ids, pages, what was kept and what is gone."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel

from podion.caller import TenantCaller

ItemT = TypeVar("ItemT", bound=BaseModel)
KindT = TypeVar("KindT", bound=BaseModel)

_PAGE = 1_000

DocumentId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""The id of a kept document in a route's path."""

Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
"""Where a page of a list begins."""

Limit = Annotated[int, Query(ge=1, le=200, description="most items of one page")]
"""How long a page of a list may be."""


class Kept(BaseModel, Generic[ItemT]):
    """What was kept, in the order sent."""

    data: list[ItemT]


class Gone(BaseModel):
    """What is not there any more."""

    id: str
    deleted: bool = True


def answer_like(example: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route whose answer looks like `example`."""
    return {status: {"content": {"application/json": {"example": example}}}}


async def newest(
    caller: TenantCaller,
    kind: type[KindT],
    most: int,
    where: Mapping[str, Any] | None = None,
    *,
    since: datetime | None = None,
    moment: Callable[[KindT], datetime] | None = None,
) -> tuple[list[KindT], bool]:
    """Return at most `most` of a tenant's documents, newest first, and whether these are all.

    With `since`, what follows the first whose `moment` is earlier is not read.
    """
    found: list[KindT] = []
    cursor: str | None = None
    while True:
        page = await caller.store.list(kind, where, cursor, min(_PAGE, most - len(found) + 1))
        for document in page.data:
            if since is not None and moment is not None and moment(document) < since:
                return found, True
            if len(found) == most:
                return found, False
            found.append(document)
        cursor = page.next
        if cursor is None:
            return found, True
