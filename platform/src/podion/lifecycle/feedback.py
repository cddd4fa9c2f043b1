"""What clients say of predictions, and the dataset that grows by it."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from podion.errors import DataError, NotFound
from podion.storage import datasets, feedback, predictions
from podion.storage.feedback import FeedbackRow
from podion.storage.ids import new_id
from podion.tenancy.usage import Meter, record
from podion.vertical import Vertical


def give(
    c: Connection,
    tenant: str,
    vertical: Vertical,
    prediction: str,
    *,
    label: str | None,
    value: float | None,
    comment: str | None,
) -> FeedbackRow:
    """Store feedback under its prediction; raises `NotFound`, or `DataError` for a label outside the label space."""
    served = predictions.get(c, tenant, prediction)
    if served is None or served.task.partition("/")[0] != vertical.name:
        raise NotFound(f"no prediction of {vertical.name} has this id: each answer carries its prediction_id")
    task = vertical.task(served.task.partition("/")[2])
    if label is not None and task is not None and task.labels is not None and label not in task.labels:
        raise DataError(f"label {label!r} is not one of {', '.join(task.labels)}", code="unknown_label")
    row = FeedbackRow(
        tenant=tenant,
        id=new_id("fbk"),
        prediction=prediction,
        task=served.task,
        label=label,
        value=value,
        comment=comment,
        at=datetime.now(UTC),
    )
    feedback.insert(c, row)
    record(c, tenant, Meter.FEEDBACK, 1, row.id)
    return row


def known_labels(c: Connection, tenant: str, task: str) -> frozenset[str]:
    """Return the labels of the tenant's newest dataset of a task."""
    newest = datasets.latest(c, tenant, task)
    return frozenset(newest.labels) if newest else frozenset()
