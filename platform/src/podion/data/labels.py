"""The labels of a record, whatever shape its label field has."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from podion.vertical import Task


def label_names(value: Any) -> list[str]:
    """Return the labels that a label field's value holds: one, several, or those of its spans; none for None."""
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [name for part in value for name in label_names(part)]
    if isinstance(value, Mapping):
        return label_names(value.get("label"))
    if isinstance(value, BaseModel):
        return label_names(getattr(value, "label", None))
    return [str(value)]


def is_out_of_scope(task: Task, record: BaseModel) -> bool:
    """Return whether a record is marked as outside every label of its task."""
    return bool(task.out_of_scope and getattr(record, task.out_of_scope, False))
