"""Dataset versions: records written down once, named by their digest, with a report of what came in."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from podion.answers import RankingAnswer
from podion.data.canonical import CanonicalForm, iterate_records, read_records
from podion.data.duplicates import Duplicate, LabelConflict, Sightings, identity, label_digest
from podion.data.label_warnings import label_warnings
from podion.data.labels import is_out_of_scope, names_in
from podion.data.records import Accepted, validate_values
from podion.data.rows import Refusal
from podion.head_kinds import TableHead
from podion.vertical import Task

__all__ = ["DatasetSummary", "build", "extend", "iterate_records", "read_records"]

_KEPT_REFUSALS = 1_000
_OUT_OF_SCOPE = "(out of scope)"


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """What went into a dataset version and what did not. `read` = kept + refused + duplicate_count + replaced.

    `digest` is the sha256 of the file. `labels` counts the kept rows of each label (for spans, the spans); rows out of
    scope are no part of it, and neither are numbers. `refusals` holds the first thousand, `refusal_count` how many
    there were.
    """

    digest: str
    read: int
    kept: int
    refused: int
    replaced: int
    unlabelled: int
    out_of_scope: int
    duplicate_count: int
    conflict_count: int
    refusal_count: int
    labels: Mapping[str, int]
    warnings: tuple[str, ...]
    duplicates: tuple[Duplicate, ...]
    conflicts: tuple[LabelConflict, ...]
    refusals: tuple[Refusal, ...]

    def report(self) -> dict[str, Any]:
        """Return everything but digest, labels and refusals, as values that JSON knows."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {name: value for name, value in values.items() if name not in ("digest", "labels", "refusals")}


def build(task: Task, items: Iterable[Accepted | Refusal], out: BinaryIO) -> DatasetSummary:
    """Write the records among `items` to `out` as a dataset version and return what there was.

    A record that says what an earlier one says (its text the same but for case, width and white space; its other
    required fields and its label the same) is left out. The same text under another label is kept and reported. Of a
    row of a table (a record without a text, one that takes any field, one for a head that reads columns) all fields
    count; if it has neither a text nor an id (a declared `id` or `…_id`) it is never left out: equal rows are several
    observations.
    """
    writer = _Writer(task, out)
    for item in items:
        writer.take(item)
    return writer.summary()


def extend(
    task: Task,
    parent: Path,
    out: BinaryIO,
    *,
    corrections: Iterable[tuple[Mapping[str, Any], Any]] = (),
    items: Iterable[Accepted | Refusal] = (),
) -> DatasetSummary:
    """Write the records of the dataset version `parent`, then those among `items`, then the corrected ones.

    A correction is a record's values and the label it should have, None for "none of them"; it replaces what has the
    same text, and of several for one text the last holds. Its line goes on after the parent's rows.
    """
    writer = _Writer(task, out)
    corrected: dict[int, Accepted] = {}
    faulty: list[Refusal] = []
    for values, label in corrections:
        outcome = validate_values(task, {**values, **_judged(task, label)})
        if isinstance(outcome, list):
            faulty.extend(outcome)
        else:
            corrected[writer.identity(outcome, writer.form.values(outcome))] = Accepted(0, outcome)
    rows = 0
    for rows, record in enumerate(iterate_records(parent, task), start=1):
        writer.take(Accepted(rows, record), corrected)
    for item in items:
        writer.take(item, corrected)
    for line, item in enumerate(corrected.values(), start=rows + 1):
        writer.take(Accepted(line, item.record))
    for line, fault in enumerate(faulty, start=rows + len(corrected) + 1):
        writer.take(Refusal(line, fault.field, f"a correction: {fault.reason}"))
    return writer.summary()


def _judged(task: Task, label: Any) -> dict[str, Any]:
    """Return the fields that say what a record should have been answered with."""
    if label is None and task.out_of_scope:
        return {task.out_of_scope: True}
    return {task.label: label}


class _Writer:
    def __init__(self, task: Task, out: BinaryIO) -> None:
        self.form = CanonicalForm(task.record)
        self._task = task
        self._out = out
        self._hash = sha256()
        self._sightings = Sightings()
        self._labels: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._refusals: list[Refusal] = []
        self._refused_line: int | None = None
        is_open = task.record.model_config.get("extra") == "allow"
        self._is_table = is_open or isinstance(task.head_declaration, TableHead)
        self._ranks = issubclass(task.answer_schema, RankingAnswer)
        self._ids = [name for name in task.record.model_fields if name == "id" or name.endswith("_id")]
        required = {name for name, info in task.record.model_fields.items() if info.is_required()}
        self._required = sorted(required - {*task.texts, task.label})

    def identity(self, record: Any, values: Mapping[str, Any]) -> int:
        """Return the digest of what makes a record the same as another, its label apart.

        What came next is part of it: two things taken in one moment are no judgements that contradict each other.
        """
        text = self._task.reads(record)
        if self._ranks:
            return identity(text, values)
        if not text or self._is_table:
            return identity(text, {name: value for name, value in values.items() if name != self._task.label})
        return identity(text, {name: values.get(name) for name in self._required})

    def _may_repeat(self, record: Any, values: Mapping[str, Any]) -> bool:
        """Whether a record that is equal to another is a copy of it, and not another observation."""
        return bool(self._task.reads(record)) or any(values.get(name) for name in self._ids)

    def take(self, item: Accepted | Refusal, corrected: Mapping[int, Accepted] | None = None) -> None:
        """Write a record unless it is a duplicate or corrected, or take note of a refusal."""
        if isinstance(item, Refusal):
            self._refuse(item)
            return
        record = item.record
        values = self.form.values(record)
        try:
            data = self.form.line(values)
        except ValueError:
            self._refuse(Refusal(item.line, None, "holds NaN, infinity or half a surrogate pair"))
            return
        self._counts["read"] += 1
        identity = self.identity(record, values)
        outside = is_out_of_scope(self._task, record)
        if corrected and identity in corrected:
            self._counts["replaced"] += 1
        elif not (
            self._may_repeat(record, values)
            and self._sightings.repeats(item.line, identity, *self._label(values, outside))
        ):
            self._out.write(data)
            self._hash.update(data)
            self._count(record, outside)

    def _label(self, values: Mapping[str, Any], outside: bool) -> tuple[int, str | None]:
        """Return the digest of a record's label and what a report calls it."""
        value = values.get(self._task.label)
        if outside:
            return label_digest("\0" + _OUT_OF_SCOPE), _OUT_OF_SCOPE
        if value is None:
            return 0, None
        if isinstance(value, list):
            parts = sorted(json.dumps(part, sort_keys=True) for part in value)
            return label_digest("\0".join(parts)), ", ".join(parts) if all(isinstance(p, str) for p in value) else ""
        return label_digest(str(value)), str(value)

    def _count(self, record: Any, outside: bool) -> None:
        self._counts["kept"] += 1
        label = getattr(record, self._task.label, None)
        if outside:
            self._counts["out_of_scope"] += 1
        elif label is None:
            self._counts["unlabelled"] += 1
        else:
            self._counts["judged"] += 1
            self._labels.update(names_in(self._task, record))

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.line != self._refused_line:
            self._counts["read"] += 1
            self._counts["refused"] += 1
        self._refused_line = refusal.line
        self._counts["refusals"] += 1
        if len(self._refusals) < _KEPT_REFUSALS:
            self._refusals.append(refusal)

    def summary(self) -> DatasetSummary:
        """Return what has been taken so far."""
        counts, sightings = self._counts, self._sightings
        return DatasetSummary(
            digest=self._hash.hexdigest(),
            read=counts["read"],
            kept=counts["kept"],
            refused=counts["refused"],
            replaced=counts["replaced"],
            unlabelled=counts["unlabelled"],
            out_of_scope=counts["out_of_scope"],
            duplicate_count=sightings.duplicate_count,
            conflict_count=sightings.conflict_count,
            refusal_count=counts["refusals"],
            labels=dict(sorted(self._labels.items())),
            warnings=label_warnings(self._task, self._labels, counts["judged"], counts["unlabelled"]),
            duplicates=tuple(sightings.duplicates),
            conflicts=sightings.conflicts(),
            refusals=tuple(self._refusals),
        )
