"""The labels of a record, whatever shape its label field has."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from podion.answers import NumberAnswer, SpanAnswer
from podion.vertical import Task

_BANDS = 10


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


def learns_numbers(task: Task) -> bool:
    """Return whether a task's label field holds a number, which is no label."""
    return issubclass(task.answer_schema, NumberAnswer)


def names_in(task: Task, record: BaseModel) -> list[str]:
    """Return the labels that a record of a task holds; none where it has not been judged, or where it is a number."""
    return [] if learns_numbers(task) else label_names(getattr(record, task.label, None))


def strata(task: Task, records: Sequence[BaseModel]) -> list[Hashable]:
    """Return what to stratify a split by, a record each, so that both sides hold about the same of everything.

    It is the label; of several the one that fewest records have, of spans the set of their labels, of numbers their
    tenth.
    """
    if learns_numbers(task):
        return _bands([getattr(record, task.label, None) for record in records])
    names = [frozenset(names_in(task, record)) for record in records]
    if issubclass(task.answer_schema, SpanAnswer):
        return [tuple(sorted(held)) for held in names]
    counts = Counter(name for held in names for name in held)
    return [min(held, key=lambda name: (counts[name], name)) if held else None for held in names]


def _bands(numbers: Sequence[float | None]) -> list[Hashable]:
    """The tenth that each number lies in, None for none."""
    told = sorted(number for number in numbers if number is not None)
    bounds = [told[len(told) * band // _BANDS] for band in range(1, _BANDS)] if told else []
    return [None if number is None else bisect_right(bounds, number) for number in numbers]


def is_out_of_scope(task: Task, record: BaseModel) -> bool:
    """Return whether a record is marked as outside every label of its task."""
    return bool(task.out_of_scope and getattr(record, task.out_of_scope, False))
