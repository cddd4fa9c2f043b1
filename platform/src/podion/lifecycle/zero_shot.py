"""Answers on day one: an adapter made of label names, calibrated on the tenant's own rows, with no training."""

import asyncio
import hashlib
import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sqlalchemy import Connection

from podion.errors import Conflict, NotFound
from podion.finetuning.abstention import Promise, calibrate
from podion.finetuning.judging import judge_logits
from podion.finetuning.prototypes import head_file, label_prototypes, phrasings, zero_shot
from podion.head_kinds import LabelHead
from podion.hosting.adapter_files import AdapterParts, Array, Calibration, write_adapter
from podion.hosting.bases import InstalledBase
from podion.hosting.client import EngineClient
from podion.lifecycle.intact import intact_dataset, publish_adapter
from podion.storage import adapters, datasets, tenants
from podion.storage.adapters import AdapterRow
from podion.storage.database import Database
from podion.storage.datasets import DatasetRow
from podion.storage.files import Files
from podion.vertical import LabelSpace, Method, Task

CALIBRATION_ROWS = 200
"""Rows that calibrate a zero-shot adapter: enough for one temperature and one threshold."""


class ZeroShot:
    """Makes and remembers the zero-shot adapters of an installation."""

    def __init__(
        self, *, database: Database, files: Files, engine: EngineClient, base: Callable[[], InstalledBase]
    ) -> None:
        self._database = database
        self._files = files
        self._engine = engine
        self._find_base = base
        self._made: dict[tuple[str, str, str], AdapterRow] = {}
        self._locks: dict[tuple[str, str, str], asyncio.Lock] = {}

    async def adapter(self, tenant: str, name: str, task: Task) -> AdapterRow:
        """Return the zero-shot adapter of the tenant's newest data; raises `Conflict` (code `untrained`)."""
        row = await self._database.read(lambda c: datasets.latest(c, tenant, name))
        labels = tuple(task.labels or (sorted(row.labels) if row else ()))
        if not isinstance(task.head, LabelHead) or Method.ZERO_SHOT not in task.methods or len(labels) < 2:
            raise Conflict(
                f"{name} has nothing to answer with yet: upload labelled records, start a run and deploy its adapter",
                code="untrained",
            )
        key = (tenant, name, row.id if row else "")
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            if key not in self._made:
                self._made[key] = await self._make(tenant, name, task, labels, row)
        self._locks.pop(key, None)
        return self._made[key]

    async def _make(
        self, tenant: str, name: str, task: Task, labels: Sequence[str], dataset: DatasetRow | None
    ) -> AdapterRow:
        base = self._find_base()
        space = task.label_space(labels)
        forms = phrasings(space)
        flat = await self._engine.embed(base.name, [form for several in forms for form in several], owner=tenant)
        ends = np.cumsum([len(several) for several in forms])[:-1]
        tensors = zero_shot(label_prototypes(np.split(flat, ends)))
        sample = await asyncio.to_thread(self._sample, tenant, task, dataset) if dataset else []
        calibration, metrics = Calibration(keep=task.keep), dict[str, Any]()
        if sample:
            texts = [task.reads(record) for record in sample]
            vectors = await self._engine.embed(base.name, texts, owner=tenant)
            calibration, metrics = await asyncio.to_thread(_calibrated, task, space, tensors, sample, vectors)
        parts = AdapterParts(
            card={
                "task": name,
                "method": str(Method.ZERO_SHOT),
                "base": base.name,
                "runtime": base.runtime,
                "fingerprint": base.fingerprint,
                "dataset": dataset.digest if dataset else None,
                "metrics": {"validation": metrics},
            },
            head=head_file(task, space, flat.shape[1]),
            head_tensors=tensors,
            calibration=calibration,
        )
        with self._files.staging() as staging:
            digest = write_adapter(staging / "adapter", parts)
            publish_adapter(self._files, staging / "adapter", self._files.adapter(tenant, digest), digest)
        row = AdapterRow(
            tenant=tenant,
            id=digest,
            task=name,
            run=None,
            method=Method.ZERO_SHOT,
            base=base.name,
            fingerprint=base.fingerprint,
            metrics=parts.card["metrics"],
        )
        await self._database.write(lambda c: _keep(c, row))
        return row

    def _sample(self, tenant: str, task: Task, dataset: DatasetRow) -> list[BaseModel]:
        """Up to 200 records, the same ones each time: those whose content hashes lowest."""
        with intact_dataset(self._files, tenant, dataset.id, dataset.task, dataset.digest).open("rb") as lines:
            chosen = heapq.nsmallest(CALIBRATION_ROWS, lines, key=lambda line: hashlib.sha256(line).digest())
        return [task.record.model_validate_json(line) for line in chosen]


def _keep(c: Connection, row: AdapterRow) -> None:
    if tenants.get(c, row.tenant) is None:
        raise NotFound("The tenant was deleted meanwhile: nothing of this was kept.")
    adapters.insert(c, row)


def _calibrated(
    task: Task,
    space: LabelSpace,
    tensors: Mapping[str, Array],
    sample: Sequence[BaseModel],
    vectors: NDArray[np.float32],
) -> tuple[Calibration, dict[str, Any]]:
    """Calibrate on the tenant's own rows: what a zero-shot adapter says was not learned from them."""
    logits = (vectors @ tensors["linear.weight"].T + tensors["linear.bias"]).astype(np.float64)
    targets = np.array(space.targets(sample))
    outside = np.array([bool(task.out_of_scope and getattr(record, task.out_of_scope)) for record in sample])
    refuses = task.out_of_scope is not None
    calibration, why = calibrate(
        logits, targets, outside, task.keep, refuses=refuses, shifts=False, promised=Promise.of(task)
    )
    metrics = judge_logits(task, sample, logits, space.labels, calibration)
    return calibration, {**metrics, "abstention": why}
