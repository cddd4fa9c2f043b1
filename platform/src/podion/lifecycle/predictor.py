"""Answers for a tenant: which version serves, one pass of the engine, an id for each answer, and the bill."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from podion.answers import AdapterCard, Answer, Prediction, SpanAnswer
from podion.data.masking.policies import Masking
from podion.data.masking.records import Masked, moved_spans
from podion.errors import PodionError, TooLarge
from podion.hosting.client import EngineClient
from podion.hosting.protocol import Call
from podion.lifecycle.answer_ledger import AnswerLedger
from podion.lifecycle.standings import Serving, Standings
from podion.lifecycle.suspension import Suspension
from podion.lifecycle.watchers import Watchers
from podion.lifecycle.zero_shot import ZeroShot
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.ids import new_id
from podion.storage.predictions import PredictionRow
from podion.vertical import Task, Vertical

MOST_RECORDS = 1_000


def shown_record(task: Task, record: BaseModel) -> dict[str, Any]:
    """Return what the engine sees and the store keeps of a record: never its label, never a sensitive field."""
    hidden = {task.label, *task.sensitive} | ({task.out_of_scope} if task.out_of_scope else set())
    fields = record.model_dump(mode="json", exclude_none=True, exclude=hidden)
    return fields if task.texts == ("text",) else {**fields, "text": task.reads(record)}


def _over_masked(answer: Answer, masked: Masked[BaseModel]) -> Answer:
    """Return an answer as it is kept beside a masked record: spans count the masked text's characters."""
    if not isinstance(answer, SpanAnswer) or not masked.edits.edits:
        return answer
    spans = tuple(moved_spans(answer.spans, masked.edits))
    confidences = answer.confidences if len(spans) == len(answer.spans) else ()
    return answer.model_copy(update={"spans": spans, "confidences": confidences})


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
        self._engine = engine
        self._watchers = watchers
        self._ledger = AnswerLedger(database)
        self._standings = Standings(database=database, files=files, zero_shot=zero_shot, masking=masking)
        self._suspension = Suspension(database, self.forget)
        self._under_way: set[asyncio.Task[None]] = set()

    async def predict(
        self, tenant: str, vertical: Vertical, task: Task, records: Sequence[BaseModel], adapter: str | None = None
    ) -> Prediction[Any]:
        """Return one answer a record, in order, stored under its id before it is returned.

        The engine reads the records as sent; what is kept of them is masked. With `adapter`, that version answers,
        whatever is live. Raises `Conflict` (code `untrained`) when nothing can answer yet, `NotFound` for a version
        that is not this tenant's and task's, `TooLarge` above 1,000 records, `DataError` for what a masking policy
        rejects, and what the engine raises.
        """
        if adapter is not None:
            [prediction] = await self._answered(tenant, [await self._asked(tenant, vertical, task, records, adapter)])
            return prediction

        async def answer() -> Prediction[Any]:
            [prediction] = await self._answered(tenant, [await self._asked(tenant, vertical, task, records)])
            return prediction

        return await self._suspension.answered(tenant, answer)

    async def predict_together(
        self, tenant: str, vertical: Vertical, asked: Sequence[tuple[Task, Sequence[BaseModel]]]
    ) -> list[Prediction[Any] | None]:
        """Return what `predict` returns for each task, in order, out of one pass; None for a task that is untrained."""

        async def answer() -> list[Prediction[Any] | None]:
            ready = [await self._asked_if_trained(tenant, vertical, task, records) for task, records in asked]
            answered = iter(await self._answered(tenant, [each for each in ready if each is not None]))
            return [None if each is None else next(answered) for each in ready]

        return await self._suspension.answered(tenant, answer)

    async def _asked_if_trained(
        self, tenant: str, vertical: Vertical, task: Task, records: Sequence[BaseModel]
    ) -> "Asked | None":
        standing = await self._standings.of(tenant, vertical, task)
        return await self._asked(tenant, vertical, task, records) if isinstance(standing.answers, Serving) else None

    async def _asked(
        self, tenant: str, vertical: Vertical, task: Task, records: Sequence[BaseModel], adapter: str | None = None
    ) -> "Asked":
        if len(records) > MOST_RECORDS:
            raise TooLarge(f"{len(records)} records in one call: at most {MOST_RECORDS:,} are allowed")
        standing = await self._standings.of(tenant, vertical, task)
        serving = await self._standings.version(tenant, vertical, task, adapter) if adapter else standing.serving
        masked = [standing.masker.accepted(record) for record in records]
        shown = tuple(shown_record(task, record) for record in records)
        name = f"{vertical.name}/{task.name}"
        return Asked(name=name, task=task, serving=serving, records=records, masked=masked, shown=shown)

    async def _answered(self, tenant: str, asked: Sequence["Asked"]) -> list[Prediction[Any]]:
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
        await self._keep(rows)
        return predictions

    def prepare(self, tenant: str, vertical: Vertical, task: Task, *, load: bool = False) -> None:
        """Get ready to answer from what the tenant has now, in the background; `load` brings the version into memory.

        What fails is told to who asks next.
        """
        self.forget(tenant)
        work = asyncio.create_task(self._prepare(tenant, vertical, task, load))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)

    async def _prepare(self, tenant: str, vertical: Vertical, task: Task, load: bool) -> None:
        with contextlib.suppress(PodionError):
            serving = (await self._standings.of(tenant, vertical, task)).serving
            if load:
                await self._engine.answer_all([serving.call(tenant, ())])

    async def serving(self, tenant: str, vertical: Vertical, task: Task) -> Serving:
        """Return what answers the tenant's task now; raises `Conflict` (code `untrained`) while nothing can."""
        return (await self._standings.of(tenant, vertical, task)).serving

    async def cards(self, tenant: str, vertical: Vertical, task: Task) -> list[AdapterCard]:
        """Return the versions of a tenant's task, newest first."""
        return await self._standings.cards(tenant, vertical, task)

    def forget(self, tenant: str) -> None:
        """Answer from what the tenant has now; to be called after a change to its deployments, data or policies."""
        self._standings.forget(tenant)

    async def _keep(self, rows: Sequence[PredictionRow]) -> None:
        await self._ledger.keep(rows)
        self._watchers.kept(rows)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Records that wait for their answers: as the engine sees them, and as they may be kept."""

    name: str
    task: Task
    serving: Serving
    records: Sequence[BaseModel]
    masked: Sequence[Masked[BaseModel]]
    shown: tuple[dict[str, Any], ...]

    def call(self, tenant: str) -> Call:
        """Return what the engine is asked."""
        return self.serving.call(tenant, self.shown)

    def rows(self, tenant: str, answers: Sequence[Answer]) -> list[PredictionRow]:
        """Return what is kept of records and answers."""
        now = datetime.now(UTC)
        return [
            PredictionRow(
                tenant=tenant,
                id=answer.prediction_id,
                task=self.name,
                adapter=self.serving.adapter,
                record=shown if masked.record is record else shown_record(self.task, masked.record),
                answer=_over_masked(answer, masked).model_dump(mode="json"),
                confidence=answer.confidence,
                at=now,
            )
            for answer, record, masked, shown in zip(answers, self.records, self.masked, self.shown, strict=True)
        ]
