"""Records as a run sees them: in scope with a label, or outside every label; and how they part. No torch."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel

from podion.answers import LabelAnswer
from podion.data.duplicates import normalise
from podion.data.labels import is_out_of_scope, learns_numbers, names_in, strata
from podion.data.splits import split_rows
from podion.errors import DataError
from podion.finetuning.calibration import Integers
from podion.vertical import LabelSpace, Split, Task

_SHOWN = 5


@dataclass(frozen=True)
class Examples:
    """Records that can teach or test: `inside` have a label, `outside` belong to none. Others were left out."""

    inside: tuple[BaseModel, ...]
    outside: tuple[BaseModel, ...] = ()

    def __len__(self) -> int:
        return len(self.inside) + len(self.outside)


def gather(task: Task, records: Sequence[BaseModel]) -> Examples:
    """Return the records that are labelled or out of scope, in their order; unlabelled ones are left out."""
    outside = tuple(record for record in records if is_out_of_scope(task, record))
    inside = tuple(
        record
        for record in records
        if not is_out_of_scope(task, record) and getattr(record, task.label, None) is not None
    )
    return Examples(inside, outside)


def texts_of(task: Task, records: Sequence[BaseModel]) -> list[str]:
    """Return what the base model reads of each record."""
    return [task.reads(record) for record in records]


def space_of(task: Task, examples: Examples) -> LabelSpace:
    """Return the label space of training examples; raises `DataError` when they cannot teach `task`."""
    _check_rows(task, examples)
    counts = Counter(name for record in examples.inside for name in names_in(task, record))
    if issubclass(task.answer_schema, LabelAnswer):
        _check_labels(task, counts)
    elif not counts and task.labels is None and not learns_numbers(task):
        raise DataError(f"task {task.name}: no training record marks anything in its field {task.label!r}")
    return task.label_space(list(counts))


def hold_out(task: Task, records: Sequence[BaseModel], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return positions to learn from and to validate on, by the task's split rule.

    Records whose texts are equal but for case, width and white space stand on one side. Every label keeps a record to
    learn from. Where the rule goes by time and no record has one, it goes by group or label.
    """
    rule, labels = task.split, _labels(task, records)
    if rule.last is not None:
        return _last_ones(task, records, labels, share, seed)
    keys = _keys(task, records)
    if rule.time is not None and goes_by_time(task, records):
        times = [getattr(record, rule.time) for record in records]
        _, taken = split_rows(labels, keys, times, share=share, seed=seed, rule=rule)
    elif rule.group is not None and any(getattr(record, rule.group) is not None for record in records):
        _, taken = split_rows(labels, keys, share=share, seed=seed, rule=Split(group=rule.group))
    else:
        leaders = _leaders(keys)
        _, drawn = split_rows([labels[place] for place in leaders], share=share, seed=seed)
        chosen = {keys[leaders[place]] for place in drawn}
        taken = [place for place, key in enumerate(keys) if key in chosen]
    return _keep_every_label(keys, labels, taken)


def _last_ones(
    task: Task, records: Sequence[BaseModel], labels: Sequence[Hashable], share: float, seed: int
) -> tuple[list[int], list[int]]:
    """Part the last record of each from the others; a label may then be left without a record to learn from."""
    rule = task.split
    times = [getattr(record, rule.time) for record in records] if rule.time is not None else None
    lasts = [getattr(record, rule.last) for record in records] if rule.last is not None else None
    return split_rows(labels, None, times, lasts, share=share, seed=seed, rule=rule)


def goes_by_time(task: Task, records: Sequence[BaseModel]) -> bool:
    """Return whether records part by time: where the task's split rule says so and any of them has one."""
    field = task.split.time
    return field is not None and any(getattr(record, field) is not None for record in records)


def folds_of(task: Task, records: Sequence[BaseModel], count: int, seed: int) -> Integers:
    """Return the fold of each record, stratified by label; copies of a text, or a group, share one.

    -1 marks records that every fold learns from: those whose label has no second text.
    """
    keys, labels = _keys(task, records), _labels(task, records)
    folds: dict[Hashable, int] = {}
    drawn: Counter[Hashable] = Counter()
    for place in np.random.default_rng(seed).permutation(len(records)).tolist():
        if keys[place] not in folds:
            folds[keys[place]] = drawn[labels[place]] % count
            drawn[labels[place]] += 1
    found = np.array([folds[key] for key in keys], dtype=np.int64)
    sides: dict[Hashable, set[int]] = {}
    for fold, label in zip(found.tolist(), labels, strict=True):
        sides.setdefault(label, set()).add(fold)
    found[np.array([len(sides[label]) < 2 for label in labels], dtype=bool)] = -1
    return found


def _check_rows(task: Task, examples: Examples) -> None:
    if not len(examples):
        raise DataError(
            f"task {task.name}: there is no training record with a value in its field {task.label!r}; "
            f"send at least {task.minimum_rows}",
            code="no_rows",
        )
    if not examples.inside:
        raise DataError(
            f"task {task.name}: all {len(examples.outside)} training records are out of scope "
            f"({task.out_of_scope} is true); records with a label are needed to learn from",
            code="all_out_of_scope",
        )
    if len(examples.inside) < task.minimum_rows:
        raise DataError(
            f"task {task.name}: {len(examples.inside)} labelled training records; it needs {task.minimum_rows} or more",
            code="too_few_rows",
        )


def _check_labels(task: Task, counts: Counter[str]) -> None:
    if len(counts) < 2:
        only = next(iter(counts))
        raise DataError(
            f"task {task.name}: every training record has the label {only!r}; at least 2 labels are needed",
            code="too_few_labels",
        )
    unknown = sorted(set(counts) - set(task.labels)) if task.labels is not None else []
    if unknown:
        raise DataError(
            f"task {task.name}: labels {', '.join(map(repr, unknown[:_SHOWN]))} are not its own; allowed are "
            + ", ".join(task.labels or ()),
            code="unknown_label",
        )


def _labels(task: Task, records: Sequence[BaseModel]) -> list[Hashable]:
    """What to stratify by, and of what something must be left to learn from."""
    return strata(task, records)


def _keys(task: Task, records: Sequence[BaseModel]) -> list[Hashable]:
    """What must stay on one side, by a name each: a group, and the copies of a text wherever they are.

    A text that stands in two groups makes one of them. A record without a text has no copies: equal rows of a table
    are several observations.
    """
    field = task.split.group
    parent: dict[Hashable, Hashable] = {}

    def find(key: Hashable) -> Hashable:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    said = [normalise(text) for text in texts_of(task, records)]
    texts = [("text", text) if text else ("row", place) for place, text in enumerate(said)]
    for text, record in zip(texts, records, strict=True):
        group = getattr(record, field) if field is not None else None
        if group is not None:
            parent[find(text)] = find(("group", group))
    return [find(text) for text in texts]


def _leaders(keys: Sequence[Hashable]) -> list[int]:
    """The position of the first record of each key."""
    return list({key: place for place, key in reversed(list(enumerate(keys)))}.values())[::-1]


def _keep_every_label(
    keys: Sequence[Hashable], labels: Sequence[Hashable], taken: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Put back whole keys whose labels would otherwise have nothing to learn from, or that lie on both sides."""
    out = set(taken)
    kept = [place for place in range(len(keys)) if place not in out]
    learned = {labels[place] for place in kept}
    back = {keys[place] for place in kept} | {keys[place] for place in taken if labels[place] not in learned}
    final = [place for place in taken if keys[place] not in back]
    chosen = set(final)
    return [place for place in range(len(keys)) if place not in chosen], final
