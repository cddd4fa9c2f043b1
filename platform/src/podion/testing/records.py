"""Checks of a task's records: examples, schemas and what is refused."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from importlib.metadata import EntryPoint
from typing import Any

from pydantic import BaseModel

from podion.catalogue.plugin_record import origin_of
from podion.data.records import Accepted, validate
from podion.data.rows import Refusal, Row
from podion.head_kinds import LabelHead, OwnHead, TableHead
from podion.testing.specimens import example_rows, label_kind, label_spaces
from podion.vertical import Method, Task, Vertical

STRANGE = "a_field_nobody_has"
_NOBODY_TAKES = {"a value": ["that", "no field", "takes"]}


def check_sample(entries: Iterable[EntryPoint], vertical: Vertical) -> None:
    """Raise `AssertionError` that names a line of the sample file that is a record of no task."""
    if vertical.sample is None:
        return
    rows = _sample_rows(entries, vertical)
    assert rows, f"{vertical.sample} is empty"
    for number, row in enumerate(rows, start=1):
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
    """Raise `AssertionError` unless a row with a field too many is refused by that field's name.

    A record may take any field where the head reads them: a `TableHead` or one of the plugin's own.
    """
    row = example_rows(task, given)[0] | {STRANGE: 1}
    found = list(validate(task, [Row(line=1, values=row)], unknown="refuse"))
    assert len(found) == 1, f"one row gave {len(found)} outcomes"
    outcome = found[0]
    if isinstance(outcome, Accepted) and _reads_any_field(task):
        return
    assert isinstance(outcome, Refusal), f"{task.record.__name__} accepts the field {STRANGE!r}, which it does not have"
    assert STRANGE in f"{outcome.field} {outcome.reason}", f"the refusal does not name the field: {outcome.reason}"


def check_round_trip(task: Task, given: Sequence[Mapping[str, Any]]) -> None:
    """Raise `AssertionError` unless a record that is written as JSON and read again is the same record."""
    for row in example_rows(task, given):
        record = task.record.model_validate(row)
        for shape in (record.model_dump_json(), record.model_dump_json(by_alias=True)):
            try:
                again = task.record.model_validate_json(shape)
            except ValueError as error:
                raise AssertionError(f"{task.record.__name__} does not read what it wrote, {shape}: {error}") from error
            assert again == record, f"{task.record.__name__} reads {again!r} out of {shape}, which was {record!r}"


def check_refusals_name_fields(task: Task, given: Sequence[Mapping[str, Any]]) -> None:
    """Raise `AssertionError` unless a record with a value of a wrong type, or none, is refused by that field's name."""
    row = example_rows(task, given)[0]
    for name in task.record.model_fields:
        known = task.record.model_fields[name].alias or name
        faults = [{**row, known: _NOBODY_TAKES}]
        if task.record.model_fields[name].is_required():
            faults.append({other: value for other, value in row.items() if other not in (name, known)})
        for fault in faults:
            found = list(validate(task, [Row(1, fault)], unknown="refuse"))
            refusals = [one for one in found if isinstance(one, Refusal)]
            assert refusals, f"{task.record.__name__} takes {fault.get(known)!r} for {name!r}: give the field a type"
            assert any(one.field in (known, name) for one in refusals), (
                f"a fault in {name!r} is refused as one of {[one.field for one in refusals]}: raise it in a validator"
                " of the field, so that whoever wrote the file finds it"
            )


def check_sample_is_enough(entries: Iterable[EntryPoint], vertical: Vertical) -> None:
    """Raise `AssertionError` unless some task can learn from the sample: enough rows, two labels or more."""
    if vertical.sample is None:
        return
    rows = _sample_rows(entries, vertical)
    told = {}
    for task in vertical.tasks:
        found = [one.record for one in validate(task, [Row(1, row) for row in rows]) if isinstance(one, Accepted)]
        labels = [value for record in found if (value := getattr(record, task.label)) is not None]
        kinds = len({json.dumps(label, default=str) for label in labels})
        told[task.name] = f"{len(labels)} labelled rows of {task.minimum_rows}, {kinds} labels of 2"
        if len(labels) >= task.minimum_rows and kinds >= 2:
            return
    raise AssertionError(f"{vertical.sample} teaches no task anything: {told}; put labelled rows into it")


def check_labels_fit(task: Task, given: Sequence[Mapping[str, Any]]) -> None:
    """Raise `AssertionError` that names a declared label which a record of the task cannot carry."""
    row = example_rows(task, given)[0]
    made: Mapping[str, Callable[[str], Any]] = {"text": str, "number": int, "texts": lambda label: [label]}
    if label_kind(task) not in made:
        return
    for label in task.labels or ():
        values = {**row, task.label: made[label_kind(task)](label)}
        reason = _why_not(task, values)
        assert reason is None, f"the task declares the label {label!r}, and {task.record.__name__} refuses it: {reason}"


def check_words(task: Task) -> None:
    """Raise `AssertionError` when zero-shot would read the same words for two labels, or none for one."""
    if Method.ZERO_SHOT not in task.methods or not isinstance(task.head, LabelHead):
        return
    for space in label_spaces(task):
        words = {label: space.describe(label).strip().lower() for label in space.labels}
        empty = [label for label, told in words.items() if not any(letter.isalnum() for letter in told)]
        assert not empty, f"the label {empty[0]!r} has no words that zero-shot could read: describe it"
        for label, told in words.items():
            same = [other for other in words if words[other] == told]
            assert same == [label], f"zero-shot reads {told!r} for {' and '.join(same)}: describe them differently"


def _reads_any_field(task: Task) -> bool:
    is_open = task.record.model_config.get("extra") == "allow"
    return is_open and isinstance(task.head_declaration, TableHead | OwnHead)


def _sample_rows(entries: Iterable[EntryPoint], vertical: Vertical) -> list[Any]:
    package = next(origin_of(entry).package for entry in entries)
    text = resources.files(package).joinpath(*str(vertical.sample).split("/")).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _why_not(task: Task, row: Mapping[str, Any]) -> str | None:
    """Return why a row is no record of the task, None when it is one."""
    faults = [found for found in validate(task, [Row(1, row)], unknown="refuse") if isinstance(found, Refusal)]
    return "; ".join(f"{fault.field}: {fault.reason}" for fault in faults) or None
