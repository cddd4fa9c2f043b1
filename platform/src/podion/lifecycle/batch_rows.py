"""The rows of a bulk job's file, in its order: each a record to be answered, or why it is none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from pydantic import BaseModel

from podion.data.reading import Limits, Refusal, Row, read_rows
from podion.data.records import Accepted, validate
from podion.vertical import Task


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row of a file: its number and the line where it begins, both from 1, and its record, or what is wrong."""

    number: int
    line: int
    record: BaseModel | None
    refusals: tuple[Refusal, ...] = ()


def batch_rows(
    path: Path, task: Task, limits: Limits, rename: Mapping[str, str], drop: frozenset[str]
) -> Iterator[BatchRow]:
    """Yield the rows of a file; raises `DataError` and `TooLarge` as `read_rows` and `validate` do."""
    with path.open("rb") as source:
        counted = _Counted(read_rows(source, limits=limits, rename=rename, drop=drop))
        # `validate` yields nothing of a row before it has taken it, and all of it before it takes the next one.
        numbered = ((counted.number, item) for item in validate(task, counted))
        for number, items in groupby(numbered, key=lambda pair: pair[0]):
            found = [item for _, item in items]
            accepted = found[0] if isinstance(found[0], Accepted) else None
            refusals = tuple(item for item in found if isinstance(item, Refusal))
            yield BatchRow(number, found[0].line, accepted.record if accepted else None, refusals)


def pieces(rows: Iterator[BatchRow], size: int) -> Iterator[Sequence[BatchRow]]:
    """Yield the rows that are left, `size` at a time."""
    while piece := list(islice(rows, size)):
        yield piece


class _Counted:
    """Rows, and how many of them were taken."""

    def __init__(self, rows: Iterator[Row | Refusal]) -> None:
        self._rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[Row | Refusal]:
        for row in self._rows:
            self.number += 1
            yield row
