"""What clients say of predictions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from podion.storage.clock import now
from podion.storage.rows import insert_once, newest_by_id, starts_with
from podion.storage.tables import feedback, predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRow:
    """What would have been right for one prediction of the tenant: a label, none of them, or a value.

    Of a task with several labels, `label` holds a JSON list of them.
    """

    tenant: str
    id: str
    prediction: str
    task: str
    label: str | None = None
    value: float | None = None
    out_of_scope: bool = False
    comment: str | None = None
    at: datetime = field(default_factory=now)


def insert(connection: Connection, row: FeedbackRow) -> bool:
    """Keep feedback, once under its id; return whether it is new.

    Raises SQLAlchemy's `IntegrityError` when the tenant has no such prediction.
    """
    return insert_once(connection, feedback, row)


def page(
    connection: Connection, tenant: str, task_prefix: str = "", after: str | None = None, limit: int = 100
) -> list[FeedbackRow]:
    """Return the tenant's feedback on tasks that start with `task_prefix`, newest first."""
    mine = [feedback.c.tenant == tenant, starts_with(feedback.c.task, task_prefix)]
    return newest_by_id(FeedbackRow, connection, feedback, mine, after, limit)


def corrections(
    connection: Connection, tenant: str, task: str, *, by_value: bool = False
) -> list[tuple[dict[str, Any], Any]]:
    """Return (record, label) of each prediction that was judged, oldest first; label None is "out of scope".

    With `by_value` it is the value that was told. The latest judgement of a prediction wins.
    """
    told = feedback.c.value if by_value else feedback.c.label
    judged = told.is_not(None) | feedback.c.out_of_scope
    labelled = (feedback.c.tenant == tenant, feedback.c.task == task, judged)
    latest = select(func.max(feedback.c.id)).where(*labelled).group_by(feedback.c.prediction)
    same = (predictions.c.tenant == feedback.c.tenant) & (predictions.c.id == feedback.c.prediction)
    query = (
        select(predictions.c.record, told)
        .join(predictions, same)
        .where(feedback.c.tenant == tenant, feedback.c.id.in_(latest))
        .order_by(feedback.c.id)
    )
    return [(record, label) for record, label in connection.execute(query)]
