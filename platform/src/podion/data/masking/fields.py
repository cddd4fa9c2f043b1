"""Which fields of a model are marked as personal, with which policy, also in models inside models and lists."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel

from podion.vertical import MaskPolicy, Personal, PersonalKinds


@lru_cache(maxsize=512)
def personal_fields(model: type[BaseModel]) -> Mapping[str, MaskPolicy]:
    """Return the default policy of each field that is marked `Personal`, by its path: `text`, `turns.text`.

    A list or a dictionary adds nothing to the path. Of two marks on one field the inner one counts. A model that
    holds itself is looked into once.
    """
    return MappingProxyType({path: mark.policy for path, mark in _marked(model, "", ())})


@lru_cache(maxsize=512)
def personal_kinds(model: type[BaseModel]) -> Mapping[str, PersonalKinds]:
    """Return which kinds are looked for in each field that is marked `Personal`, by its path."""
    return MappingProxyType({path: mark.kinds for path, mark in _marked(model, "", ())})


def _marked(model: type[BaseModel], path: str, above: tuple[type, ...]) -> Iterator[tuple[str, Personal]]:
    for name, info in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        marks = [mark for mark in info.metadata if isinstance(mark, Personal)]
        marks += _marks(info.annotation)
        if marks:
            yield here, marks[-1]
            continue
        for inner in _models(info.annotation):
            if inner not in above and inner is not model:
                yield from _marked(inner, here, (*above, model))


def _marks(annotation: Any) -> list[Personal]:
    """Return the marks inside an annotation such as `list[Annotated[str, Personal()]] | None`."""
    found = [mark for mark in getattr(annotation, "__metadata__", ()) if isinstance(mark, Personal)]
    for part in get_args(annotation):
        found += _marks(part)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
