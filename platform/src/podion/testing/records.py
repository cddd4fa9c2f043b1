"""Checks of a task's records: examples, schemas and what is refused."""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from importlib.metadata import EntryPoint
from typing import Any

from pydantic import BaseModel

from podion.catalogue.plugin_record import origin_of
from podion.data.records import validate
from podion.data.rows import Refusal, Row
from podion.testing.specimens import example_rows
from podion.vertical import Task, Vertical

STRANGE = "a_field_nobody_has"


def check_sample(entries: Iterable[EntryPoint], vertical: Vertical) -> None:
    """Raise `AssertionError` that names a line of the sample file that is a record of no task."""
    if vertical.sample is None:
        return
    package = next(origin_of(entry).package for entry in entries)
    text = resources.files(package).joinpath(*vertical.sample.split("/")).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    assert lines, f"{vertical.sample} is empty"
    for number, line in enumerate(lines, start=1):
        row = json.loads(line)
        reasons = {task.name: _why_not(task, row) for task in vertical.tasks}
        assert not all(reasons.values()), f"{vertical.sample}, line {number} is a record of no task: {reasons}"


def check_examples(task: Task, given: Sequence[Mapping[str, Any]]) -> None:
    """Raise `AssertionError` that says which example is no record of the task."""
    for row in example_rows(task, given):
        reason = _why_not(task, row)
        assert reason is None, (
            f"{row} is no {task.record.__name__}: {reason}. If no row can be made up from the schema, give one in"
            f" `examples = {{{task.name!r}: [{{…}}]}}` of the test class"
        )


def check_schemas(task: Task) -> None:
    """Raise `AssertionError` when a JSON schema cannot be built or differs from one time to the next."""
    schemas: tuple[type[BaseModel], ...] = (task.record, task.answer_schema)
    for model in schemas:
        first, second = (json.dumps(model.model_json_schema(mode="serialization")) for _ in range(2))
        assert first == second, f"the JSON schema of {model.__name__} changes from one time to the next"


def check_unknown_field(task: Task, given: Sequence[Mapping[str, Any]]) -> None:
    """Raise `AssertionError` unless a row with a field too many is refused by that field's name."""
    row = example_rows(task, given)[0] | {STRANGE: 1}
    found = list(validate(task, [Row(line=1, values=row)], unknown="refuse"))
    assert len(found) == 1, f"one row gave {len(found)} outcomes"
    outcome = found[0]
    assert isinstance(outcome, Refusal), f"{task.record.__name__} accepts the field {STRANGE!r}, which it does not have"
    assert STRANGE in f"{outcome.field} {outcome.reason}", f"the refusal does not name the field: {outcome.reason}"


def _why_not(task: Task, row: Mapping[str, Any]) -> str | None:
    """Return why a row is no record of the task, None when it is one."""
    faults = [found for found in validate(task, [Row(1, row)], unknown="refuse") if isinstance(found, Refusal)]
    return "; ".join(f"{fault.field}: {fault.reason}" for fault in faults) or None
