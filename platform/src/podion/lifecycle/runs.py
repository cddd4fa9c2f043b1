"""A run: recipe, dataset version, base and seed in; adapter version and report out."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from sqlalchemy import Connection

from podion.answers import LabelAnswer, LabelsAnswer, SpanAnswer
from podion.catalogue.catalogue import Catalogue
from podion.data.datasets import read_records
from podion.data.labels import names_in, strata
from podion.data.splits import split_rows
from podion.errors import DataError, NotFound
from podion.hosting.adapter_files import write_adapter
from podion.hosting.bases import find_base, find_named_base
from podion.jobs.queue import Lease, enqueue
from podion.lifecycle.intact import intact_dataset, publish_adapter
from podion.settings import Settings
from podion.storage import adapters, audit, datasets, documents
from podion.storage.adapters import AdapterRow
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.jobs import JobRow
from podion.tenancy.usage import Meter, record
from podion.vertical import Method, Task, Vertical

if TYPE_CHECKING:
    from podion.finetuning.fit import FitResult
    from podion.finetuning.progress import Progress

KIND = "run"
TEST_SHARE = 0.1
TEST_SEED = 2026
"""The test part of a dataset is the same for every run on it, whatever the run's seed."""

_FEWEST_FOR_TEST = 100


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a tenant asks to be fine-tuned."""

    tenant: str
    vertical: Vertical
    task: Task
    dataset: str
    method: Method
    base: str
    seed: int
    actor: str

    @property
    def task_name(self) -> str:
        """The task's full name."""
        return f"{self.vertical.name}/{self.task.name}"


def start(c: Connection, request: RunRequest, settings: Settings) -> JobRow:
    """Queue a run; raises `NotFound` or `DataError` for what could never succeed."""
    dataset = datasets.get(c, request.tenant, request.dataset)
    if dataset is None or dataset.task.partition("/")[0] != request.vertical.name:
        raise NotFound("no dataset has this id: GET …/datasets lists those there are")
    if dataset.task != request.task_name:
        raise DataError(
            f"dataset {dataset.id} belongs to {dataset.task}, not to {request.task_name}", code="wrong_task"
        )
    check_method(request.task_name, request.task, request.method)
    _check_rows(request, dataset.rows, list(dataset.labels))
    find_named_base(request.base, settings.base, settings.bases)
    payload = {
        "task": request.task_name,
        "dataset": dataset.id,
        "digest": dataset.digest,
        "method": str(request.method),
        "base": request.base,
        "seed": request.seed,
    }
    job = enqueue(c, request.tenant, KIND, request.task_name, payload)
    audit.add(c, request.tenant, request.actor, "run.create", job.id, payload)
    return job


def check_method(name: str, task: Task, method: str) -> Method:
    """Return the method of that name; raises `DataError` with what the task allows."""
    allowed = [Method.AUTO, *task.methods]
    if method not in allowed:
        raise DataError(
            f"{name} does not take method {method!r}: it takes {', '.join(allowed)}", code="method_not_allowed"
        )
    return Method(method)


def _check_rows(request: RunRequest, rows: int, labels: list[str]) -> None:
    if rows < request.task.minimum_rows:
        raise DataError(
            f"the dataset has {rows} rows: {request.task_name} needs {request.task.minimum_rows}", code="too_few_rows"
        )
    schema = request.task.answer_schema
    fewest = 2 if issubclass(schema, LabelAnswer) else int(issubclass(schema, LabelsAnswer | SpanAnswer))
    if len(labels) < fewest:
        seen = f"only {labels[0]!r}" if labels else "none"
        least = "tells at least two labels apart" if fewest > 1 else "learns at least one label"
        raise DataError(
            f"the dataset's labels: {seen}; {request.task_name} {least}: upload more rows",
            code="too_few_labels",
        )


class RunHandler:
    """Performs runs in a child process; the only part of this room that brings torch in, and only when called."""

    def __init__(self, catalogue: Catalogue, database: Database, files: Files, settings: Settings) -> None:
        self._catalogue = catalogue
        self._database = database
        self._files = files
        self._settings = settings

    def __call__(self, lease: Lease) -> dict[str, Any]:
        """Fine-tune, then publish adapter, bill and result in one transaction under the lease's fence."""
        job = lease.job
        lease.emit({"stage": "loading"})
        result = self._fit(lease)
        with self._files.staging() as staging:
            digest = write_adapter(staging / "adapter", result.parts)
            publish_adapter(self._files, staging / "adapter", self._files.adapter(job.tenant, digest), digest)
        outcome = summary(digest, result)
        row = AdapterRow(
            tenant=job.tenant,
            id=digest,
            task=job.payload["task"],
            run=job.id,
            method=str(result.method),
            base=job.payload["base"],
            fingerprint=result.parts.card["fingerprint"],
            metrics=dict(result.metrics),
        )
        with self._database.writing() as c:
            adapters.insert(c, row)
            record(c, job.tenant, Meter.RUNS, 1, job.id)
            record(c, job.tenant, Meter.TRAINING_SECONDS, result.cpu_seconds, job.id)
            lease.finish(c, outcome)
        shutil.rmtree(self._files.run(job.tenant, job.id), ignore_errors=True)
        return outcome

    def _fit(self, lease: Lease) -> "FitResult":
        from podion.finetuning.fit import FitRequest, fit
        from podion.finetuning.progress import Cancelled as Stopped
        from podion.hosting.encoder import Encoder

        job = lease.job
        _, task = self._catalogue.task(job.payload["task"])
        asked = job.payload
        path = intact_dataset(self._files, job.tenant, asked["dataset"], asked["task"], asked["digest"])
        records = read_records(path, task)
        train, test = records, list[BaseModel]()
        if len(records) >= _FEWEST_FOR_TEST:
            train, test = _hold_out(records, task)
        base = find_base(job.payload["base"], self._settings.bases).computed_by(self._settings.runtime)
        encoder = Encoder.load(base, device=self._settings.device, threads=self._settings.threads)
        request = FitRequest(
            task=task,
            task_name=job.payload["task"],
            method=Method(job.payload["method"]),
            train=train,
            validation=None,
            test=test,
            base=base,
            seed=job.payload["seed"],
            shots=None,
            dataset_digests={"dataset": job.payload["digest"]},
            items=self._items(job, task, records),
        )
        try:
            return fit(
                request,
                encoder,
                progress=partial(_report, lease),
                checkpoints=self._checkpoints(job),
                cancelled=lambda: lease.cancelled or lease.lost,
            )
        except Stopped:
            lease.check()
            raise

    def _items(self, job: JobRow, task: Task, records: Sequence[BaseModel]) -> list[BaseModel]:
        """What the tenant keeps of the things that the labels are ids of."""
        if task.items is None:
            return []
        ids = sorted({name for record in records for name in names_in(task, record)})
        vertical = job.payload["task"].partition("/")[0]
        with self._database.reading() as c:
            kept = documents.bodies(c, job.tenant, vertical, task.items.__name__, ids)
        return [task.items.model_validate(body) for body in kept.values()]

    def _checkpoints(self, job: JobRow) -> Path:
        folder = self._files.run(job.tenant, job.id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def summary(digest: str, result: "FitResult") -> dict[str, Any]:
    """Return the JSON that INTERFACES fixes for one fit."""
    card = result.parts.card
    return {
        "adapter": digest,
        "task": card["task"],
        "method": str(result.method),
        "base": card["base"],
        "fingerprint": card["fingerprint"],
        "seed": card["seed"],
        "rows": dict(result.rows),
        "trainable_parameters": result.trainable_parameters,
        "seconds": round(result.seconds, 3),
        "cpu_seconds": round(result.cpu_seconds, 3),
        "metrics": result.metrics,
    }


def _report(lease: Lease, progress: "Progress") -> None:
    lease.emit({key: value for key, value in asdict(progress).items() if value not in (None, "")})


def _hold_out(records: Sequence[BaseModel], task: Task) -> tuple[list[BaseModel], list[BaseModel]]:
    """Part a test tenth, or the last record of each, from the records by the task's split rule."""
    rule = task.split
    labels = strata(task, records)
    groups = [getattr(record, rule.group) for record in records] if rule.group else None
    times = [getattr(record, rule.time) for record in records] if rule.time else None
    lasts = [getattr(record, rule.last) for record in records] if rule.last else None
    kept, taken = split_rows(labels, groups, times, lasts, share=TEST_SHARE, seed=TEST_SEED, rule=rule)
    return [records[row] for row in kept], [records[row] for row in taken]
