"""Records of a task out of rows: validated by its schema, with a reason in plain words for each faulty field."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from podion.data.masking.redaction import shown
from podion.data.reasons import reason, unlisted
from podion.data.record_schema import RecordSchema, record_schema
from podion.data.rows import Refusal, Row
from podion.data.suggestions import Suggestions
from podion.errors import DataError
from podion.vertical import Task

Unknown = Literal["refuse", "ignore"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that fits its task's schema, and the line where it stands."""

    line: int
    record: BaseModel


def validate(
    task: Task, rows: Iterable[Row | Refusal], *, unknown: Unknown = "refuse", ignored: set[str] | None = None
) -> Iterator[Accepted | Refusal]:
    """Yield the record of each row, or one refusal a faulty field; refusals among `rows` pass through.

    A field that the schema does not have is refused with its row, and as a column of a table raises `DataError`; with
    `ignore` it is left out, and its name is added to the set `ignored`.
    """
    validator = _Validator(task, unknown, ignored)
    for row in rows:
        if isinstance(row, Refusal):
            yield row
            continue
        outcome = validator.outcome(row)
        if isinstance(outcome, list):
            yield from outcome
        else:
            yield Accepted(row.line, outcome)


def validate_values(task: Task, values: Mapping[str, Any], line: int = 1) -> BaseModel | list[Refusal]:
    """Return the record that `values` make, or why they make none."""
    return _Validator(task, "ignore", None).outcome(Row(line, values))


class _Validator:
    def __init__(self, task: Task, unknown: Unknown, ignored: set[str] | None) -> None:
        self._task = task
        self._schema: RecordSchema = record_schema(task.record)
        self._validator = task.record.__pydantic_validator__
        self._unknown = unknown
        self._ignored = ignored if ignored is not None else set()
        self._suggestions = Suggestions()
        self._columns: Sequence[str] | None = None
        self._known = self._schema.names.keys()

    def outcome(self, row: Row) -> BaseModel | list[Refusal]:
        """Return the record of a row, or the reasons why it is none."""
        if row.columns is None:
            values: Mapping[str, Any] = row.values
        else:
            if row.columns is not self._columns:
                self._columns = row.columns
                self._check_columns(row.columns)
            values = self._cells(row.values)
        strange: list[Refusal] = []
        if not self._schema.open and not values.keys() <= self._known:
            strange = self._strange(row.line, values)
            values = {name: value for name, value in values.items() if name in self._known}
        try:
            record: BaseModel = self._validator.validate_python(values)
        except ValidationError as error:
            return strange + self._faults(row.line, error)
        return strange or self._misfits(row.line, record) or record

    def _cells(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Return the cells that are not empty, each as what its field lists where that is not text."""
        cells: dict[str, Any] = {name: cell for name, cell in values.items() if cell and not cell.isspace()}
        for name, literal in self._schema.literals.items():
            if name in cells:
                cells[name] = literal.get(cells[name], cells[name])
        return cells

    def _check_columns(self, columns: Sequence[str]) -> None:
        strangers = [name for name in columns if name not in self._known]
        if not strangers or self._schema.open:
            return
        if self._unknown == "ignore":
            self._ignored.update(strangers)
            return
        name, quoted = strangers[0], shown(strangers[0])
        listed = ", ".join(repr(shown(each)) for each in strangers[:20])
        raise DataError(
            f"unknown column{'s' if len(strangers) > 1 else ''} {listed}"
            f"{self._suggestions.question(name, self._known) or '.'} {self._allowed()}. Leave a column out with "
            f"?drop={quoted} (on the command line --drop {quoted}), or read a field from it with --map FIELD={quoted}",
            code="unknown_column",
        )

    def _allowed(self) -> str:
        return f"A record of {self._task.name} has {', '.join(sorted(self._known))}"

    def _strange(self, line: int, values: Mapping[str, Any]) -> list[Refusal]:
        names = [name for name in values if name not in self._known]
        if self._unknown == "ignore":
            if len(self._ignored) < 1_000:
                self._ignored.update(names)
            return []
        return [
            Refusal(
                line,
                shown(name[:400])[:200],
                f"unknown field{self._suggestions.question(name, self._known) or '.'} {self._allowed()}",
            )
            for name in names[:5]
        ]

    def _faults(self, line: int, error: ValidationError) -> list[Refusal]:
        """Return one refusal a faulty field: of a union's several complaints the first."""
        faults: dict[str | None, Refusal] = {}
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0]) if detail["loc"] else None
            if name not in faults:
                choices = self._schema.choices.get(name or "", ())
                faults[name] = Refusal(line, name, reason(detail, choices, self._suggestions))
        return list(faults.values())

    def _misfits(self, line: int, record: BaseModel) -> list[Refusal]:
        """Return what the schema lets through and the task cannot use."""
        held = record.__dict__
        for name in self._schema.floats:
            if isinstance(value := held[name], float) and not math.isfinite(value):
                return [Refusal(line, name, f"must be a finite number (it is {value})")]
        task = self._task
        label = held.get(task.label)
        if task.labels is None or label is None or (task.out_of_scope and held.get(task.out_of_scope)):
            return []
        told = [part for part in label if isinstance(part, str)] if isinstance(label, list | tuple) else [str(label)]
        strange = [name for name in told if name not in task.labels]
        return [Refusal(line, task.label, unlisted(name, task.labels, self._suggestions)) for name in strange[:1]]
