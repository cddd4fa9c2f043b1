"""What clients say of predictions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy import insert as insert_into

from podion.storage.clock import now
from podion.storage.rows import newest_by_id, starts_with, values
from podion.storage.tables import feedback, predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRow:
    """A label that would have been right, or a value, for one prediction of the tenant."""

    tenant: str
    id: str
    prediction: str
    task: str
    label: str | None = None
    value: float | None = None
    comment: str | None = None
    at: datetime = field(default_factory=now)


def insert(connection: Connection, row: FeedbackRow) -> None:
    """Keep feedback; raises SQLAlchemy's `IntegrityError` when the tenant has no such prediction."""
    connection.execute(insert_into(feedback).values(values(row)))


def page(
    connection: Connection, tenant: str, task_prefix: str = "", after: str | None = None, limit: int = 100
) -> list[FeedbackRow]:
    """Return the tenant's feedback on tasks that start with `task_prefix`, newest first."""
    mine = [feedback.c.tenant == tenant, starts_with(feedback.c.task, task_prefix)]
    return newest_by_id(FeedbackRow, connection, feedback, mine, after, limit)


def corrections(connection: Connection, tenant: str, task: str) -> list[tuple[dict[str, Any], str]]:
    """Return (record, label) of each prediction that was given a label, oldest first; its latest label wins."""
    labelled = (feedback.c.tenant == tenant, feedback.c.task == task, feedback.c.label.is_not(None))
    latest = select(func.max(feedback.c.id)).where(*labelled).group_by(feedback.c.prediction)
    same = (predictions.c.tenant == feedback.c.tenant) & (predictions.c.id == feedback.c.prediction)
    query = (
        select(predictions.c.record, feedback.c.label)
        .join(predictions, same)
        .where(feedback.c.tenant == tenant, feedback.c.id.in_(latest))
        .order_by(feedback.c.id)
    )
    return [(record, label) for record, label in connection.execute(query)]
