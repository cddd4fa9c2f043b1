"""Answers for a tenant: which version serves, one pass of the engine, an id for each answer, and the bill."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from podion.answers import Answer, Prediction, SpanAnswer
from podion.data.masking.policies import Masking
from podion.data.masking.records import Masked, moved_spans
from podion.errors import Conflict, PodionError, TooLarge
from podion.hookspecs import Served
from podion.hosting.client import EngineClient
from podion.hosting.protocol import Call
from podion.lifecycle.watchers import Watchers
from podion.lifecycle.zero_shot import ZeroShot
from podion.storage import adapters, deployments, enablements, predictions
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.ids import new_id
from podion.storage.predictions import PredictionRow
from podion.tenancy.usage import Meter, record
from podion.vertical import Task, Vertical

MOST_RECORDS = 1_000


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What answers a tenant's task now: an adapter folder on a base, by the name that clients see."""

    name: str
    adapter: str
    base: str
    folder: Path


def shown_record(task: Task, record: BaseModel) -> dict[str, Any]:
    """Return what the engine sees and the store keeps of a record: never its label, never a sensitive field."""
    hidden = {task.label, *task.sensitive} | ({task.out_of_scope} if task.out_of_scope else set())
    fields = record.model_dump(mode="json", exclude_none=True, exclude=hidden)
    return fields if task.text == "text" else {**fields, "text": fields.get(task.text, "")}


def _over_masked(answer: Answer, masked: Masked[BaseModel]) -> Answer:
    """Return an answer as it is kept beside a masked record: spans count the masked text's characters."""
    if not isinstance(answer, SpanAnswer) or not masked.edits.edits:
        return answer
    return answer.model_copy(update={"spans": tuple(moved_spans(answer.spans, masked.edits))})


class Predictor:
    """Answers records of any tenant and task."""

    def __init__(
        self,
        *,
        database: Database,
        files: Files,
        engine: EngineClient,
        zero_shot: ZeroShot,
        watchers: Watchers,
        masking: Masking,
    ) -> None:
        self._database = database
        self._files = files
        self._engine = engine
        self._zero_shot = zero_shot
        self._watchers = watchers
        self._masking = masking
        self._under_way: set[asyncio.Task[None]] = set()

    async def predict(
        self, tenant: str, vertical: Vertical, task: Task, records: Sequence[BaseModel]
    ) -> Prediction[Any]:
        """Return one answer a record, in order, stored under its id before it is returned.

        The engine reads the records as sent; what is kept of them is masked. Raises `Conflict` (code `untrained`) when
        nothing can answer yet, `TooLarge` above 1,000 records, `DataError` for what a masking policy rejects, and what
        the engine raises.
        """
        personal = await self._personal(tenant, vertical)
        [prediction] = await self._answered(tenant, [await self._asked(tenant, vertical, task, records, personal)])
        return prediction

    async def predict_together(
        self, tenant: str, vertical: Vertical, asked: Sequence[tuple[Task, Sequence[BaseModel]]]
    ) -> list[Prediction[Any] | None]:
        """Return what `predict` returns for each task, in order, out of one pass; None for a task that is untrained."""
        personal = await self._personal(tenant, vertical)
        ready = [await self._asked_if_trained(tenant, vertical, task, records, personal) for task, records in asked]
        answered = iter(await self._answered(tenant, [each for each in ready if each is not None]))
        return [None if each is None else next(answered) for each in ready]

    async def _asked_if_trained(
        self, tenant: str, vertical: Vertical, task: Task, records: Sequence[BaseModel], personal: Mapping[str, str]
    ) -> "_Asked | None":
        try:
            return await self._asked(tenant, vertical, task, records, personal)
        except Conflict as conflict:
            if conflict.code != "untrained":
                raise
            return None

    async def _asked(
        self, tenant: str, vertical: Vertical, task: Task, records: Sequence[BaseModel], personal: Mapping[str, str]
    ) -> "_Asked":
        if len(records) > MOST_RECORDS:
            raise TooLarge(f"{len(records)} records in one call: at most {MOST_RECORDS:,} are allowed")
        name = f"{vertical.name}/{task.name}"
        serving = await self.serving(tenant, name, task)
        masker = self._masking.records(tenant, task, personal)
        masked = [masker.accepted(record) for record in records]
        shown = tuple(shown_record(task, record) for record in records)
        return _Asked(name=name, task=task, serving=serving, masked=masked, shown=shown)

    async def _answered(self, tenant: str, asked: Sequence["_Asked"]) -> list[Prediction[Any]]:
        calls = [each.call(tenant) for each in asked if each.shown]
        replies = iter(await self._engine.answer_all(calls) if calls else ())
        predictions = []
        rows: list[PredictionRow] = []
        for each in asked:
            reply = next(replies).answers if each.shown else ()
            schema = each.task.answer_schema
            answers = [schema.model_validate({**answer, "prediction_id": new_id("prd")}) for answer in reply]
            rows += each.rows(tenant, answers)
            predictions.append(Prediction(task=each.name, adapter=each.serving.name, answers=answers))
        await self._keep(tenant, rows)
        return predictions

    async def _personal(self, tenant: str, vertical: Vertical) -> Mapping[str, str]:
        """Return the tenant's own masking policies, by field."""
        enabled = await self._database.read(lambda c: enablements.get(c, tenant, vertical.name))
        return enabled.personal if enabled else {}

    def prepare(self, tenant: str, vertical: Vertical, task: Task) -> None:
        """Get ready to answer from the tenant's newest data, in the background; what fails is told to who asks next."""
        work = asyncio.create_task(self._prepare(tenant, f"{vertical.name}/{task.name}", task))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)

    async def _prepare(self, tenant: str, name: str, task: Task) -> None:
        with contextlib.suppress(PodionError):
            await self.serving(tenant, name, task)

    async def serving(self, tenant: str, name: str, task: Task) -> Serving:
        """Return what answers the tenant's task now: its live deployment, else a zero-shot adapter."""

        def look(c: Connection) -> Serving | None:
            live = deployments.live(c, tenant, name)
            row = adapters.get(c, tenant, live.adapter) if live else None
            if row is None:
                return None
            return Serving(name=row.id, adapter=row.id, base=row.base, folder=self._files.adapter(tenant, row.id))

        live = await self._database.read(look)
        if live is not None:
            return live
        row = await self._zero_shot.adapter(tenant, name, task)
        return Serving(name="zero-shot", adapter=row.id, base=row.base, folder=self._files.adapter(tenant, row.id))

    async def _keep(self, tenant: str, rows: Sequence[PredictionRow]) -> None:
        if not rows:
            return

        def write(c: Connection) -> None:
            predictions.insert_many(c, rows)
            record(c, tenant, Meter.PREDICTIONS, len(rows), rows[0].id)

        await self._database.write(write)
        for row in rows:
            vertical, _, task = row.task.partition("/")
            self._watchers.served(
                Served(tenant=tenant, vertical=vertical, task=task, prediction_id=row.id, answer=row.answer, at=row.at)
            )


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Records that wait for their answers: as the engine sees them, and as they may be kept."""

    name: str
    task: Task
    serving: Serving
    masked: Sequence[Masked[BaseModel]]
    shown: tuple[dict[str, Any], ...]

    def call(self, tenant: str) -> Call:
        """Return what the engine is asked."""
        serving = self.serving
        return Call(
            owner=tenant, base=serving.base, folder=str(serving.folder), digest=serving.adapter, records=self.shown
        )

    def rows(self, tenant: str, answers: Sequence[Answer]) -> list[PredictionRow]:
        """Return what is kept of records and answers."""
        now = datetime.now(UTC)
        return [
            PredictionRow(
                tenant=tenant,
                id=answer.prediction_id,
                task=self.name,
                adapter=self.serving.adapter,
                record=shown_record(self.task, masked.record),
                answer=_over_masked(answer, masked).model_dump(mode="json"),
                confidence=answer.confidence,
                at=now,
            )
            for answer, masked in zip(answers, self.masked, strict=True)
        ]
