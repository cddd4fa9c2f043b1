"""What several routes read and answer in the same way."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel

ItemT = TypeVar("ItemT", bound=BaseModel)

DocumentId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="most items of one page")]


class Kept(BaseModel, Generic[ItemT]):
    """What was kept, in the order sent."""

    data: list[ItemT]


class Gone(BaseModel):
    """What is not there any more."""

    id: str
    deleted: bool = True


def answers(example: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route whose answer looks like `example`."""
    return {status: {"content": {"application/json": {"example": example}}}}
