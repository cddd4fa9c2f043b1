"""What a task's record schema asks of a file: which fields there are, and which values they list."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True, kw_only=True)
class RecordSchema:
    """A record's fields by the names that a file may use, the values they list, and where numbers with a point stand.

    `open` is true of a schema that takes any other field too. `literals` turns a cell's text into the listed value
    that is not text.
    """

    names: Mapping[str, str]
    open: bool
    choices: Mapping[str, tuple[str, ...]]
    literals: Mapping[str, Mapping[str, Any]]
    floats: tuple[str, ...]


def record_schema(record: type[BaseModel]) -> RecordSchema:
    """Return what a record schema asks of a file."""
    names: dict[str, str] = {}
    choices: dict[str, tuple[str, ...]] = {}
    literals: dict[str, dict[str, Any]] = {}
    config = record.model_config
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
    for field, info in record.model_fields.items():
        listed = _listed(info.annotation)
        odd = {str(value): value for value in listed if not isinstance(value, str | Enum)}
        odd |= {str(value).lower(): value for value in listed if isinstance(value, bool)}
        for name in _names(field, info, by_name):
            names[name] = field
            if listed:
                choices[name] = tuple(str(value.value if isinstance(value, Enum) else value) for value in listed)
            if odd:
                literals[name] = odd
    floats = tuple(field for field, info in record.model_fields.items() if _holds_float(info.annotation))
    return RecordSchema(
        names=names, open=config.get("extra") == "allow", choices=choices, literals=literals, floats=floats
    )


def _names(field: str, info: FieldInfo, by_name: bool) -> set[str]:
    alias = info.validation_alias
    if alias is None:
        return {field}
    parts = alias.choices if isinstance(alias, AliasChoices) else [alias]
    names = {str(part.path[0]) if isinstance(part, AliasPath) else part for part in parts}
    return names | {field} if by_name else names


def _listed(annotation: Any) -> list[Any]:
    """Return the values that an annotation lists: of a `Literal`, of an enum, of a union of these and None."""
    origin = get_origin(annotation)
    if origin is Literal:
        return list(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return list(annotation)
    if origin is Union or type(annotation).__name__ == "UnionType":
        members = [part for part in get_args(annotation) if part is not type(None)]
        lists = [_listed(part) for part in members]
        return [value for values in lists for value in values] if all(lists) else []
    return _listed(get_args(annotation)[0]) if hasattr(annotation, "__metadata__") else []


def _holds_float(annotation: Any) -> bool:
    return annotation in (float, Any) or any(_holds_float(part) for part in get_args(annotation))
