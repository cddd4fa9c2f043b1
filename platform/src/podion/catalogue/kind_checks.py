"""What is checked of the documents that a vertical keeps: their kinds, and the collections over them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from podion.catalogue.plugin_record import Problem
from podion.catalogue.suggestions import did_you_mean, listed
from podion.vertical import CollectionSpec, Personal, Vertical


def kind_problems(vertical: Vertical) -> Iterator[Problem]:
    """Yield what is wrong with a vertical's kinds and collections, and with what is marked as personal anywhere."""
    for model in (*vertical.kinds, *(getattr(task, "record", None) for task in vertical.tasks)):
        yield from _personal_problems(model)
    for kind in (*vertical.kinds, *(spec.kind for spec in vertical.collections)):
        yield from _kind_problems(kind)
    yield from _repeated("kind", [getattr(kind, "__name__", repr(kind)) for kind in vertical.kinds])
    yield from _repeated("collection", [spec.name for spec in vertical.collections])
    yield from _repeated("kind of a collection", [spec.kind.__name__ for spec in vertical.collections])
    for spec in vertical.collections:
        yield from _collection_problems(spec)


def _kind_problems(kind: object) -> Iterator[Problem]:
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        yield Problem(f"the kind {kind!r} is no pydantic model", "declare kinds as classes derived from BaseModel")
        return
    field = kind.model_fields.get("id")
    if field is None or field.annotation is not str or field.default != "":
        yield Problem(
            f'the kind {kind.__name__} has no field `id: str = ""`, by which the store knows a document',
            'add `id: str = ""`: the store fills in an empty one',
        )


def _personal_problems(model: object) -> Iterator[Problem]:
    for name, info in getattr(model, "model_fields", {}).items():
        if any(isinstance(mark, Personal) for mark in info.metadata) and str not in _parts(info.annotation):
            yield Problem(
                f"the field {name!r} of {getattr(model, '__name__', model)} is marked Personal and holds no text",
                "mark fields of type str, or lists of them: only text can be masked",
            )


def _parts(annotation: Any) -> set[Any]:
    """Return the types that an annotation is made of."""
    inner = get_args(annotation)
    return {annotation}.union(*(_parts(part) for part in inner)) if inner else {annotation}


def _repeated(what: str, names: list[str]) -> Iterator[Problem]:
    for name, times in Counter(names).items():
        if times > 1:
            yield Problem(f"the {what} {name!r} is declared {times} times", f"declare each {what} once")


def _collection_problems(spec: CollectionSpec) -> Iterator[Problem]:
    named = [*(("texts", name) for name in spec.texts), *(("filters", name) for name in spec.filters)]
    if not spec.texts:
        yield Problem(f"collection {spec.name!r}: `texts` names no field", "name at least one field that is searched")
    fields = getattr(spec.kind, "model_fields", {})
    for role, name in named:
        if name not in fields:
            yield Problem(
                f"collection {spec.name!r}: `{role}` names the field {name!r}, which {spec.kind.__name__} does not "
                f"have.{did_you_mean(name, fields)} It has: {listed(fields)}",
                f"name a field that {spec.kind.__name__} has",
            )
