"""What several routes read the same way: a task's name, a moment."""

from datetime import UTC, datetime

from podion.errors import DataError
from podion.vertical import Task, Vertical


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
