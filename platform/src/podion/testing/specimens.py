"""Records, labels and label spaces that are made up from what a task declares."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

from pydantic import BaseModel, ValidationError

from podion.answers import LabelsAnswer, RankingAnswer, Span
from podion.catalogue.task_checks import measures_itself
from podion.data.labels import learns_numbers, names_in
from podion.vertical import LabelSpace, Task

SIZES = (2, 50)
WORDS = 12
TEXT = " ".join(["word"] * WORDS)
"""The text of every made-up record: each word is a token, four characters long, with a blank after it."""

LabelKind = Literal["text", "number", "texts", "spans", "value", "own"]
_Maker = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
_FORMATS = {
    "date": "2024-05-01",
    "date-time": "2024-05-01T12:00:00Z",
    "time": "12:00:00",
    "duration": "P1D",
    "email": "ada@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "binary": "",
}


def example_rows(task: Task, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows given for a task, else one that is made up from its record's JSON schema."""
    if given:
        return [dict(row) for row in given]
    schema = task.record.model_json_schema()
    return [cast(dict[str, Any], _value(schema, schema))]


def made_up(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """Return a value that a JSON schema allows; `root` holds the `$defs` it refers to, itself by default."""
    return _value(schema, schema if root is None else root)


def takes_text(record: type[BaseModel]) -> list[str]:
    """Return the fields of a record whose schema takes text."""
    schema = record.model_json_schema()
    found = {name: _not_null(value, schema) for name, value in schema.get("properties", {}).items()}
    return [name for name, value in found.items() if value.get("type") == "string"]


def labelled_records(
    task: Task, space: LabelSpace, given: Sequence[Mapping[str, Any]], labels: Sequence[str | None]
) -> list[BaseModel]:
    """Return one record a label, all with the text `TEXT`; raises `AssertionError` when no record can be made.

    Where only the task's own head knows what an answer is, records and their labels are those given, in turn.
    """
    rows = example_rows(task, given)
    kind = label_kind(task)
    if kind == "own":
        return _own_records(task, rows, labels)
    record = _record(task, rows[0])
    text = {name: TEXT for name in task.texts if name in task.record.model_fields}
    return [
        record.model_copy(update={**text, task.label: None if label is None else _label(kind, label)})
        for label in labels
    ]


def _record(task: Task, row: Mapping[str, Any]) -> BaseModel:
    try:
        return task.record.model_validate(row)
    except ValidationError as error:
        raise AssertionError(
            f"no valid {task.record.__name__} could be made up for the task {task.name!r}: give rows in"
            f" `examples = {{{task.name!r}: [{{…}}]}}` of the test class. Seen: {error}"
        ) from error


def _own_records(task: Task, rows: Sequence[Mapping[str, Any]], labels: Sequence[str | None]) -> list[BaseModel]:
    records = [_record(task, row) for row in rows]
    labelled = [record for record in records if getattr(record, task.label) is not None]
    assert labelled, (
        f"the answers of {task.name!r} are of a kind of its own, so no label can be made up: give labelled rows in"
        f" `examples = {{{task.name!r}: [{{…}}]}}` of the test class"
    )
    turns = [labelled[place % len(labelled)] for place in range(len(labels))]
    return [
        record.model_copy(update={task.label: None}) if label is None else record
        for record, label in zip(turns, labels, strict=True)
    ]


def label_names_of(task: Task, space: LabelSpace, rows: int) -> list[str]:
    """Return what `rows` made-up records are labelled with: the labels in turn, or numbers from 0 to 1."""
    if label_kind(task) == "value":
        return [f"{place / max(1, rows - 1):.3f}" for place in range(rows)]
    names = space.labels or ("",)
    return [names[place % len(names)] for place in range(rows)]


def label_spaces(task: Task, given: Sequence[Mapping[str, Any]] = ()) -> list[LabelSpace]:
    """Return a small and a large label space; those of a task that declares its labels, or learns none, hold these.

    Where only the task's own head knows what an answer is, the labels are those of the rows given.
    """
    if label_kind(task) == "own":
        return [task.label_space([name for row in given for name in names_in(task, _record(task, row))])]
    if task.labels or label_kind(task) == "value":
        return [task.label_space(())]
    numeric = label_kind(task) == "number"
    names = [[str(number) if numeric else f"label_{number:02}" for number in range(size)] for size in SIZES]
    return [task.label_space(labels) for labels in names]


def label_kind(task: Task) -> LabelKind:
    """Return what the label field holds.

    That is one label by name (`text`) or number, several labels (`texts`), marked spans, a number to be learned
    (`value`), or what only the task's own head knows (`own`): of a ranking task, the ids that records name elsewhere.
    """
    if measures_itself(task) or issubclass(task.answer_schema, RankingAnswer):
        return "own"
    if learns_numbers(task):
        return "value"
    if issubclass(task.answer_schema, LabelsAnswer):
        return "texts"
    schema = task.record.model_json_schema(by_alias=False)
    label = _not_null(schema["properties"][task.label], schema)
    if label.get("type") == "array":
        return "spans" if _not_null(label.get("items", {}), schema).get("type") == "object" else "texts"
    return "number" if label.get("type") in ("integer", "number") else "text"


def _label(kind: LabelKind, label: str) -> Any:
    match kind:
        case "spans":
            return [Span(start=0, end=4, label=label)]
        case "texts":
            return [label]
        case "number":
            return int(label)
        case "value":
            return float(label)
        case "text" | "own":
            return label


def _not_null(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return _not_null(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    for choices in (schema.get("anyOf"), schema.get("oneOf"), schema.get("allOf")):
        if choices:
            return next(
                (found for found in (_not_null(choice, root) for choice in choices) if found.get("type") != "null"), {}
            )
    return schema


def _value(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    schema = _not_null(schema, root)
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    make: _Maker = _MAKERS.get(str(schema.get("type")), _text)
    return schema["const"] if "const" in schema else make(schema, root)


def _object(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(schema["properties"][name], root) for name in schema.get("required", ())}


def _array(schema: Mapping[str, Any], root: Mapping[str, Any]) -> list[Any]:
    return [_value(schema.get("items", {}), root)] * int(schema.get("minItems", 0))


def _number(schema: Mapping[str, Any], _: Mapping[str, Any]) -> float:
    step = 1 if schema.get("type") == "integer" else 0
    low = schema.get("minimum", schema.get("exclusiveMinimum", -math.inf) + step)
    high = schema.get("maximum", schema.get("exclusiveMaximum", math.inf) - step)
    if math.isinf(low) or math.isinf(high):
        return float(min(max(1, low + 1), high - 1))
    return float(low if step else (low + high) / 2)


def _text(schema: Mapping[str, Any], _: Mapping[str, Any]) -> str:
    if "format" in schema:
        return _FORMATS.get(schema["format"], "word")
    length = max(4, int(schema.get("minLength", 0)))
    return (TEXT * (length // len(TEXT) + 1))[: min(length, int(schema.get("maxLength", length)))]


_MAKERS: Mapping[str, _Maker] = {
    "object": _object,
    "array": _array,
    "integer": _number,
    "number": _number,
    "boolean": lambda _schema, _root: False,
}
