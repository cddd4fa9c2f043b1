"""Records and answers as tensors of the Open Inference Protocol (KServe v2), in its JSON form."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field, JsonValue

from podion.answers import Answer
from podion.data.records import validate_values
from podion.errors import DataError, Fault
from podion.vertical import Task

RECORD = "record"
"""The input that takes whole records, each as a text of JSON."""

MOST_ROWS = 1_000

Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"
]  # fmt: skip
_BY_TYPE = {"boolean": "BOOL", "integer": "INT64", "number": "FP64", "string": "BYTES"}


class TensorOut(BaseModel):
    """An output tensor: one value a row."""

    name: str
    shape: list[int]
    datatype: Datatype
    data: list[bool | float | str]


class TensorIn(BaseModel):
    """An input tensor: one value a row, of shape [rows] or [rows, 1]."""

    name: str = Field(min_length=1, max_length=200, examples=["text"])
    shape: list[int] = Field(min_length=1, max_length=2, examples=[[1]])
    datatype: Datatype = Field(examples=["BYTES"])
    parameters: dict[str, JsonValue] | None = None
    data: list[JsonValue] = Field(max_length=MOST_ROWS, examples=[["where is my parcel"]])


class TensorMetadata(BaseModel):
    """What a tensor of a model is like; -1 stands for the number of rows."""

    name: str
    datatype: Datatype
    shape: list[int]


def inputs_of(task: Task) -> list[TensorMetadata]:
    """Return the input tensors of a task: a field each, or only `record` where a field is no single value."""
    kinds = {name: _datatype(schema) for name, schema in _fields(task).items()}
    if any(kind is None for kind in kinds.values()):
        return [TensorMetadata(name=RECORD, datatype="BYTES", shape=[-1])]
    return [TensorMetadata.model_validate({"name": n, "datatype": k, "shape": [-1]}) for n, k in kinds.items()]


def outputs_of(task: Task) -> list[TensorMetadata]:
    """Return the output tensors of a task."""
    kinds: dict[str, Datatype] = {"label": "BYTES", "confidence": "FP32", "abstained": "BOOL"}
    if "label" not in task.answer_schema.model_fields:
        del kinds["label"]
    kinds |= {"answer": "BYTES", "prediction_id": "BYTES"}
    return [TensorMetadata(name=name, datatype=kind, shape=[-1]) for name, kind in kinds.items()]


def records_of(task: Task, tensors: Sequence[TensorIn]) -> list[BaseModel]:
    """Return the records that input tensors hold, one a row; raises `DataError` that names tensor, row and reason."""
    columns = {tensor.name: _column(tensor, place) for place, tensor in enumerate(tensors)}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(columns) < len(tensors) or (RECORD in columns and len(columns) > 1):
        raise _refused("/inputs", f"name each field once, or {RECORD!r} alone")
    if len(set(lengths.values())) != 1:
        raise _refused("/inputs", f"every tensor has as many rows: {lengths or 'there is none'}")
    rows = _rows(columns)
    faults: list[Fault] = []
    records = []
    for place, values in enumerate(rows):
        checked = _record(task, values)
        if isinstance(checked, BaseModel):
            records.append(checked)
        else:
            faults += [Fault(f"/inputs/{field or RECORD}/{place}", reason) for field, reason in checked]
    if faults:
        raise DataError(f"row {faults[0].pointer}: {faults[0].detail}", code="bad_request", faults=faults)
    return records


def tensors_of(task: Task, answers: Sequence[Answer], wanted: Sequence[str]) -> list[TensorOut]:
    """Return the output tensors of these names (all, where none is named); raises `DataError` for one there is not."""
    made = {each.name: each.datatype for each in outputs_of(task)}
    if unknown := [name for name in wanted if name not in made]:
        raise _refused("/outputs", f"there is no output {unknown[0]!r}: there are {', '.join(made)}")
    return [
        TensorOut(name=name, shape=[len(answers)], datatype=made[name], data=[_value(each, name) for each in answers])
        for name in dict.fromkeys(wanted or made)
    ]


def _value(answer: Answer, name: str) -> bool | float | str:
    if name == "answer":
        return answer.model_dump_json()
    value = getattr(answer, name)
    return value if isinstance(value, bool | float | str) else str(value)


def _column(tensor: TensorIn, place: int) -> list[Any]:
    """Return a tensor's values, one a row; raises `DataError` where they are not what shape and datatype say."""
    at = f"/inputs/{place}"
    values = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in tensor.data]
    if tensor.shape[1:] not in ([], [1]) or tensor.shape[0] != len(values):
        raise _refused(
            f"{at}/shape", f"is {tensor.shape} and there are {len(values)} values: [{len(values)}] is allowed"
        )
    for row, value in enumerate(values):
        if not _fits(value, tensor.datatype):
            raise _refused(f"{at}/data/{row}", f"is no {tensor.datatype}")
    return values


def _fits(value: Any, datatype: Datatype) -> bool:
    if datatype == "BYTES":
        return isinstance(value, str)
    if datatype == "BOOL" or isinstance(value, bool):
        return datatype == "BOOL" and isinstance(value, bool)
    return isinstance(value, int) or (isinstance(value, float) and datatype.startswith("FP"))


def _rows(columns: Mapping[str, list[Any]]) -> list[Mapping[str, Any]]:
    if RECORD not in columns:
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    rows: list[Mapping[str, Any]] = []
    for place, text in enumerate(columns[RECORD]):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise _refused(f"/inputs/{RECORD}/{place}", "is no JSON object")
        rows.append(row)
    return rows


def _record(task: Task, values: Mapping[str, Any]) -> BaseModel | list[tuple[str | None, str]]:
    unknown = [name for name in values if name not in task.record.model_fields]
    if unknown and task.record.model_config.get("extra") != "allow":
        return [(unknown[0][:200], f"there is no such field: {', '.join(sorted(task.record.model_fields))}")]
    made = validate_values(task, values)
    return made if isinstance(made, BaseModel) else [(each.field, each.reason) for each in made]


def _fields(task: Task) -> dict[str, Any]:
    """Return the schemas of the fields that a client may send to be answered: not what is learned, nor what hides."""
    hidden = {task.label, task.out_of_scope}
    schema = task.record.model_json_schema()
    return {name: each for name, each in schema.get("properties", {}).items() if name not in hidden}


def _datatype(schema: Mapping[str, Any]) -> str | None:
    several = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    kinds = {_BY_TYPE.get(str(each.get("type"))) for each in several}
    return kinds.pop() if len(kinds) == 1 else None


def _refused(pointer: str, detail: str) -> DataError:
    return DataError(f"{pointer} {detail}", code="bad_request", faults=[Fault(pointer, detail)])
