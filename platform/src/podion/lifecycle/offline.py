"""Fine-tuning, measuring and answering on files, in one process and without a server."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from podion.catalogue.catalogue import Catalogue, load_plugins
from podion.data.reading import LOCAL, Refusal, read_rows
from podion.data.records import validate
from podion.errors import Conflict, DataError, NotFound
from podion.hosting.adapter_files import AdapterParts, adapter_digest, read_adapter, write_adapter
from podion.hosting.base_card import InstalledBase
from podion.hosting.bases import find_base
from podion.lifecycle.predictor import shown_record
from podion.lifecycle.runs import check_method, summary
from podion.settings import Settings
from podion.vertical import Task

if TYPE_CHECKING:
    from podion.finetuning.progress import Progress

Say = Callable[[str], None]
_SHOWN = 5
_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class OfflineFit:
    """What `podion fit` was asked for. `items` is a file of what labels are ids of, `rename_items` for its columns."""

    task: str
    train: Path
    validation: Path | None
    test: Path | None
    method: str
    shots: int | None
    base: str | None
    seed: int
    rename: Mapping[str, str]
    drop: Sequence[str]
    out: Path
    challengers: bool = True
    items: Path | None = None
    rename_items: Mapping[str, str] = field(default_factory=dict)


def fit_files(
    wanted: OfflineFit, settings: Settings, *, progress: "Callable[[Progress], None]", say: Say
) -> dict[str, Any]:
    """Fine-tune on files, write the adapter folder, and return the JSON that INTERFACES fixes for it."""
    _, task = _catalogue_for(wanted.task).task(wanted.task)
    method = check_method(wanted.task, task, wanted.method)
    _check_free(wanted.out)
    base = find_base(wanted.base or settings.base, settings.bases).computed_by(settings.runtime)
    parts = {"train": wanted.train, "validation": wanted.validation, "test": wanted.test}
    read = {
        name: _records(path, task, wanted.rename, wanted.drop, say) if path else None for name, path in parts.items()
    }
    items = _items(wanted, task, say)
    # Torch takes seconds to import: what is wrong with the call or its files is told before.
    from podion.finetuning.fit import FitRequest, fit
    from podion.hosting.encoder import Encoder

    request = FitRequest(
        task=task,
        task_name=wanted.task,
        method=method,
        train=read["train"] or [],
        validation=read["validation"],
        test=read["test"] or [],
        base=base,
        seed=wanted.seed,
        shots=wanted.shots,
        dataset_digests={name: _digest(path) for name, path in (parts | {"items": wanted.items}).items() if path},
        challengers=wanted.challengers,
        items=items,
    )
    encoder = Encoder.load(base, device=settings.device, threads=settings.threads)
    result = fit(request, encoder, progress=progress, checkpoints=None, cancelled=lambda: False)
    staged = wanted.out.with_name(wanted.out.name + ".partial")
    shutil.rmtree(staged, ignore_errors=True)
    staged.parent.mkdir(parents=True, exist_ok=True)
    digest = write_adapter(staged, result.parts)
    if wanted.out.is_dir():
        wanted.out.rmdir()
    staged.rename(wanted.out)
    return summary(digest, result)


def evaluate_file(
    folder: Path, data: Path, rename: Mapping[str, str], drop: Sequence[str], settings: Settings, *, say: Say
) -> dict[str, Any]:
    """Return adapter, rows and metrics of an adapter folder on a labelled file."""
    parts = read_adapter(folder)
    _, task = _catalogue_for(parts.card["task"]).task(parts.card["task"])
    records = _records(data, task, rename, drop, say)
    base = _base_of(parts, settings)
    from podion.finetuning.evaluate import evaluate_parts
    from podion.hosting.encoder import Encoder

    encoder = Encoder.load(base, device=settings.device, threads=settings.threads)
    metrics = evaluate_parts(parts, encoder, task, records)
    return {"adapter": adapter_digest(folder), "rows": len(records), "metrics": metrics}


def predict_file(
    folder: Path, data: Path, out: Path, rename: Mapping[str, str], drop: Sequence[str], settings: Settings, *, say: Say
) -> int:
    """Write one answer a record as JSON Lines, in input order, by the engine that also serves; return how many.

    Where the task has a history, it goes on from the state that the adapter holds.
    """
    parts = read_adapter(folder)
    _, task = _catalogue_for(parts.card["task"]).task(parts.card["task"])
    records = _records(data, task, rename, drop, say, strict=True)
    base = _base_of(parts, settings)
    from podion.finetuning.histories import followed
    from podion.hosting.engine import Engine

    records, _ = followed(task, records, parts.history)
    engine = Engine(settings.bases, device=settings.device, threads=settings.threads, runtime=base.runtime)
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = out.with_name(out.name + ".partial")
    with staged.open("w", encoding="utf-8") as lines:
        for answer in _answers(engine, folder, base.name, task, records):
            lines.write(json.dumps(answer, ensure_ascii=False) + "\n")
    staged.rename(out)
    return len(records)


def _catalogue_for(task: str) -> Catalogue:
    """Return the catalogue, of one plugin where it is installed: no other is imported for its task."""
    return load_plugins(only=task.partition("/")[0])


def _answers(
    engine: Any, folder: Path, base: str, task: Task, records: Sequence[BaseModel]
) -> Iterator[dict[str, Any]]:
    from podion.hosting.protocol import Call, Failed

    digest = adapter_digest(folder)
    waiting = iter(records)
    while batch := list(islice(waiting, _BATCH)):
        shown = tuple(shown_record(task, record) for record in batch)
        (answered,) = engine.answer([Call(owner="local", base=base, folder=str(folder), digest=digest, records=shown)])
        if isinstance(answered, Failed):
            raise answered.error()
        yield from answered.answers


def _records(
    path: Path, task: Task, rename: Mapping[str, str], drop: Sequence[str], say: Say, *, strict: bool = False
) -> list[BaseModel]:
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    ignored: set[str] = set()
    records: list[BaseModel] = []
    refusals: list[Refusal] = []
    with path.open("rb") as source:
        rows = read_rows(source, limits=LOCAL, rename=rename, drop=drop)
        for item in validate(task, rows, unknown="ignore", ignored=ignored):
            if isinstance(item, Refusal):
                refusals.append(item)
            else:
                records.append(item.record)
    _tell(path, ignored, refusals, say)
    if not records or (strict and refusals):
        first = refusals[0]
        raise DataError(f"{path}: line {first.line}, {first.field or 'row'}: {first.reason}", code="no_rows")
    return records


def _items(wanted: OfflineFit, task: Task, say: Say) -> list[BaseModel]:
    """Return the things that labels are ids of, as the file of them has them; none without a file."""
    if wanted.items is None:
        return []
    if task.items is None:
        raise DataError(f"{wanted.task} knows no items: leave out --items", code="no_items")
    as_records = replace(task, record=task.items, label="id", labels=None, out_of_scope=None)
    return _records(wanted.items, as_records, wanted.rename_items, (), say)


def _tell(path: Path, ignored: set[str], refusals: Sequence[Refusal], say: Say) -> None:
    if ignored:
        say(f"  {path.name}: columns left out, no field has their names: {', '.join(sorted(ignored))}")
    if refusals:
        say(f"  {path.name}: {len({r.line for r in refusals}):,} rows refused")
    for refusal in refusals[:_SHOWN]:
        say(f"    line {refusal.line:,}, {refusal.field or 'row'}: {refusal.reason}")


def _check_free(out: Path) -> None:
    if (out / "manifest.json").exists():
        raise Conflict(f"{out} holds an adapter already: name another folder")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise Conflict(f"{out} is there and is not an empty folder: name another one")


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _base_of(parts: AdapterParts, settings: Settings) -> InstalledBase:
    """The base that an adapter was made on, as it was computed then, whatever this installation serves by."""
    return find_base(parts.card["base"], settings.bases).computed_by(parts.card.get("runtime", "fp32"))
