"""What clients say of predictions, and the dataset that grows by it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection

from podion.data.masking.policies import Masking
from podion.errors import DataError, NotFound
from podion.storage import datasets, enablements, feedback, predictions
from podion.storage.feedback import FeedbackRow
from podion.storage.ids import new_id
from podion.tenancy.usage import Meter, record
from podion.vertical import Vertical


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a client says of one answer; under an `id` that was given before it counts once."""

    prediction: str
    label: str | None = None
    value: float | None = None
    out_of_scope: bool = False
    comment: str | None = None
    id: str = field(default_factory=lambda: new_id("fbk"))


def give(c: Connection, tenant: str, vertical: Vertical, judgement: Judgement, masking: Masking) -> FeedbackRow:
    """Store feedback under its prediction, its comment masked as the tenant has set it.

    Raises `NotFound`, or `DataError` for a label outside the label space and for a comment that a policy rejects.
    """
    label = judgement.label
    served = predictions.get(c, tenant, judgement.prediction)
    if served is None or served.task.partition("/")[0] != vertical.name:
        raise NotFound(f"no prediction of {vertical.name} has this id: each answer carries its prediction_id")
    task = vertical.task(served.task.partition("/")[2])
    if label is not None and task is not None and task.labels is not None and label not in task.labels:
        raise DataError(f"label {label!r} is not one of {', '.join(task.labels)}", code="unknown_label")
    if judgement.out_of_scope and (label is not None or task is None or task.out_of_scope is None):
        raise DataError(
            f"{served.task} cannot be told `out_of_scope`"
            + (" with a label: give one of the two" if label is not None else ": its records have no such field"),
            code="unknown_label",
        )
    enabled = enablements.get(c, tenant, vertical.name)
    row = FeedbackRow(
        tenant=tenant,
        id=judgement.id,
        prediction=served.id,
        task=served.task,
        label=label,
        value=judgement.value,
        out_of_scope=judgement.out_of_scope,
        comment=masking.comment(tenant, judgement.comment, enabled.personal if enabled else None),
        at=datetime.now(UTC),
    )
    if feedback.insert(c, row):
        record(c, tenant, Meter.FEEDBACK, 1, row.id)
    return row


def known_labels(c: Connection, tenant: str, task: str) -> frozenset[str]:
    """Return the labels of the tenant's newest dataset of a task."""
    newest = datasets.latest(c, tenant, task)
    return frozenset(newest.labels) if newest else frozenset()
