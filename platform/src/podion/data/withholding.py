"""Records without what must not be learned from: sensitive fields and, where a head looks as it serves, the answer."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from podion.vertical import Task


def without_sensitive(task: Task, records: Sequence[BaseModel]) -> tuple[BaseModel, ...]:
    """Return copies of the records in which nothing that `task.sensitive` names is left, in order.

    A declared field has its default again (None where it has none), any other is gone. Of a task that reads no text,
    `text` is gone too: the engine takes that name for what the base reads. Where nothing is to be withheld, the records
    are those given.
    """
    return _without(records, _withheld(task))


def as_served(task: Task, records: Sequence[BaseModel]) -> tuple[BaseModel, ...]:
    """Return copies as a head sees records when it serves: also without label and mark of being out of scope."""
    answers = (task.label, task.out_of_scope) if task.out_of_scope else (task.label,)
    return _without(records, (*_withheld(task), *answers))


def with_sensitive_of(
    task: Task, records: Sequence[BaseModel], originals: Sequence[BaseModel]
) -> tuple[BaseModel, ...]:
    """Return copies of the records with what `without_sensitive` took from the original of each."""
    names = _withheld(task)
    if not names:
        return tuple(records)
    return tuple(_given_back(record, original, names) for record, original in zip(records, originals, strict=True))


def _given_back(record: BaseModel, original: BaseModel, names: Collection[str]) -> BaseModel:
    copied = record.model_copy()
    extra, had = copied.__pydantic_extra__, original.__pydantic_extra__ or {}
    for name in names:
        if name in original.__dict__:
            copied.__dict__[name] = original.__dict__[name]
        if name in original.__pydantic_fields_set__:
            copied.__pydantic_fields_set__.add(name)
        if extra is not None and name in had:
            extra[name] = had[name]
    return copied


def _withheld(task: Task) -> tuple[str, ...]:
    return task.sensitive if task.texts else (*task.sensitive, "text")


def _without(records: Sequence[BaseModel], names: Collection[str]) -> tuple[BaseModel, ...]:
    if not names:
        return tuple(records)
    declared = {
        kind: {name: field for name, field in kind.model_fields.items() if name in names}
        for kind in {type(record) for record in records}
    }
    return tuple(_copy(record, names, declared[type(record)]) for record in records)


def _copy(record: BaseModel, names: Collection[str], declared: Mapping[str, FieldInfo]) -> BaseModel:
    copied = record.model_copy()
    for name, field in declared.items():
        copied.__dict__[name] = _unset(field)
        copied.__pydantic_fields_set__.discard(name)
    if copied.__pydantic_extra__:
        for name in names:
            copied.__pydantic_extra__.pop(name, None)
    return copied


def _unset(field: FieldInfo) -> object:
    return None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
