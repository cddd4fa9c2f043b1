"""What several routes read the same way: a task's name, a file's columns, a moment."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from podion.errors import DataError
from podion.vertical import Task, Vertical

TaskName = Annotated[str, Query(max_length=64, description="name of the vertical's task", examples=["intent"])]
Renamed = Annotated[list[str], Query(description="`field=column`, repeatable", max_length=64)]
Dropped = Annotated[list[str], Query(description="column to leave out, repeatable", max_length=64)]


def task_of(vertical: Vertical, name: str) -> Task:
    """Return the vertical's task of that name; raises `DataError` with the names there are."""
    task = vertical.task(name)
    if task is None:
        raise DataError(
            f"{vertical.name} has no task {name!r}: it has {', '.join(t.name for t in vertical.tasks)}",
            code="unknown_task",
        )
    return task


def in_utc(at: datetime) -> datetime:
    """Return a moment in UTC, which is meant where no zone is said; raises `DataError` beyond the calendar."""
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:
        raise DataError(f"{at.isoformat()} is out of range") from error
