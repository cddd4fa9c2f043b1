"""What clients say of predictions, and the dataset that grows by it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from podion.answers import LabelsAnswer
from podion.data.labels import learns_numbers
from podion.data.masking.policies import Masking, comment_kinds
from podion.errors import DataError, NotFound
from podion.storage import datasets, enablements, feedback, predictions
from podion.storage.feedback import FeedbackRow
from podion.storage.ids import new_id
from podion.tenancy.usage import Meter, record
from podion.vertical import Task, Vertical


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a client says of one answer; under an `id` that was given before it counts once.

    `label` is a list for a task with several labels, and `value` what a number should have been.
    """

    prediction: str
    label: str | Sequence[str] | None = None
    value: float | None = None
    out_of_scope: bool = False
    comment: str | None = None
    id: str = field(default_factory=lambda: new_id("fbk"))


def give(c: Connection, tenant: str, vertical: Vertical, judgement: Judgement, masking: Masking) -> FeedbackRow:
    """Store feedback under its prediction, its comment masked as the tenant has set it.

    Raises `NotFound`, or `DataError` for a label outside the label space, for one where a number is learned, for
    several where one is, and for a comment that a policy rejects.
    """
    served = predictions.get(c, tenant, judgement.prediction)
    if served is None or served.task.partition("/")[0] != vertical.name:
        raise NotFound(f"no prediction of {vertical.name} has this id: each answer carries its prediction_id")
    task = vertical.task(served.task.partition("/")[2])
    label = None if judgement.label is None else _checked(served.task, task, judgement.label)
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
        comment=masking.comment(
            tenant, judgement.comment, enabled.personal if enabled else None, comment_kinds(vertical)
        ),
        at=datetime.now(UTC),
    )
    if feedback.insert(c, row):
        record(c, tenant, Meter.FEEDBACK, 1, row.id)
    return row


def told_label(task: Task | None, label: str | None) -> str | list[str] | None:
    """Return the label of stored feedback as it was told: a list where the task has several."""
    if label is None or task is None or not issubclass(task.answer_schema, LabelsAnswer):
        return label
    several: list[str] = json.loads(label)
    return several


def corrections(c: Connection, tenant: str, name: str, task: Task) -> list[tuple[dict[str, Any], Any]]:
    """Return each judged prediction's record and what its label field should hold, oldest first; None: out of scope."""
    found = feedback.corrections(c, tenant, name, by_value=learns_numbers(task))
    return found if learns_numbers(task) else [(record, told_label(task, label)) for record, label in found]


def _checked(name: str, task: Task | None, label: str | Sequence[str]) -> str:
    """The label as it is stored."""
    several = task is not None and issubclass(task.answer_schema, LabelsAnswer)
    names = [label] if isinstance(label, str) else list(dict.fromkeys(label))
    if task is not None and learns_numbers(task):
        raise DataError(f"{name} learns a number: tell it as `value`, not as `label`", code="unknown_label")
    if not several and not isinstance(label, str):
        raise DataError(f"{name} has one label a record; {len(names)} were told as a list", code="unknown_label")
    strange = [each for each in names if task is not None and task.labels is not None and each not in task.labels]
    if strange and task is not None:
        raise DataError(f"label {strange[0]!r} is not one of {', '.join(task.labels or ())}", code="unknown_label")
    return json.dumps(names, ensure_ascii=False) if several else names[0]


def known_labels(c: Connection, tenant: str, task: str) -> frozenset[str]:
    """Return the labels of the tenant's newest dataset of a task."""
    newest = datasets.latest(c, tenant, task)
    return frozenset(newest.labels) if newest else frozenset()
