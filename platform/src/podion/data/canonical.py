"""The one way a record is written down: JSON Lines with sorted keys, so that equal records are equal bytes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from podion.errors import DataError
from podion.vertical import Task


class CanonicalForm:
    """Writes records of one schema. A field that is None is left out, unless without it another value would be read."""

    def __init__(self, record: type[BaseModel]) -> None:
        self._explicit = tuple(
            name
            for name, info in record.model_fields.items()
            if info.is_required() or info.get_default(call_default_factory=False) is not None
        )

    def values(self, record: BaseModel) -> dict[str, Any]:
        """Return the record's values as JSON knows them."""
        values: dict[str, Any] = record.__pydantic_serializer__.to_python(record, mode="json", exclude_none=True)
        for name in self._explicit:
            if name not in values and getattr(record, name) is None:
                values[name] = None
        return values

    def line(self, values: dict[str, Any]) -> bytes:
        """Return the line, with its end; raises `ValueError` for a number or text that JSON in UTF-8 cannot hold."""
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"


def iterate_records(path: Path, task: Task) -> Iterator[BaseModel]:
    """Yield the records of a dataset version in order; raises `DataError` where the schema no longer reads one."""
    validator = task.record.__pydantic_validator__
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record: BaseModel = validator.validate_json(line, by_alias=True, by_name=True)
            except ValidationError as error:
                fault = error.errors(include_url=False)[0]
                place = ".".join(map(str, fault["loc"])) or "the record"
                raise DataError(
                    f"row {number} of the dataset does not fit the records of {task.name} ({place}: {fault['msg']}): "
                    "its schema has changed since, or the file is damaged. Upload the records again",
                    code="stale_dataset",
                ) from error
            yield record


def read_records(path: Path, task: Task) -> list[BaseModel]:
    """Return the records of a dataset version in order; raises as `iterate_records` does."""
    return list(iterate_records(path, task))
