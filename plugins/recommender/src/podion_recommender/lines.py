"""JSON lines read as models: all of them, or none with each fault named."""

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from podion import DataError, Fault, TooLarge

ModelT = TypeVar("ModelT", bound=BaseModel)

_SHOWN = 5


def parsed(lines: bytes, kind: type[ModelT], most: int) -> list[ModelT]:
    """Return the models of JSON lines; raises `DataError` that names faulty lines, `TooLarge` above `most` lines."""
    rows = [(number, line) for number, line in enumerate(lines.splitlines(), start=1) if line.strip()]
    if len(rows) > most:
        raise TooLarge(f"{len(rows):,} lines: at most {most:,} are taken at once, send them in parts")
    found: list[ModelT] = []
    faults: list[Fault] = []
    for number, line in rows:
        try:
            found.append(kind.model_validate(json.loads(line)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = "/".join(str(part) for part in first["loc"])
            faults.append(Fault(f"/{number - 1}/{place}", f"line {number}: {first['msg']}"))
        except (ValueError, RecursionError):
            faults.append(Fault(f"/{number - 1}", f"line {number} is no JSON"))
    if faults:
        raise DataError(
            f"{len(faults)} of {len(rows)} lines cannot be taken: {faults[0].detail}", faults=faults[:_SHOWN]
        )
    if not found:
        raise DataError("there is nothing: send one JSON object a line", code="empty")
    return found
