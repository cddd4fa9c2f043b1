"""Performs a bulk job: piece by piece through the engine, each row answered, kept and metered once.

A piece's answers are written to the file and flushed to the disk first; then one transaction keeps the predictions,
the bill, and how far file and rows are. Who goes on after a crash cuts the file back to that, and asks for the rest.
"""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from podion.catalogue.catalogue import Catalogue
from podion.errors import NotFound, PluginError, PodionError, Unavailable
from podion.hosting.client import EngineClient
from podion.hosting.protocol import Answered, Call
from podion.jobs.queue import Cancelled, Lease, LostLease
from podion.lifecycle.batch_answers import NONSENSE, AnsweredRow, BatchAnswers, patiently
from podion.lifecycle.batch_rows import BatchRow, batch_rows, pieces
from podion.lifecycle.batches import ANSWERS, SENT, forget_sent, limits_of, progress_of
from podion.lifecycle.standings import Serving, Standings
from podion.lifecycle.suspension import suspend
from podion.lifecycle.watchers import Watchers
from podion.settings import Settings
from podion.storage import adapters, predictions
from podion.storage.database import Connection, Database
from podion.storage.files import Files, room_needed, sync
from podion.storage.jobs import JobRow
from podion.tenancy.usage import Meter, record
from podion.vertical import Task, Vertical

PIECE_ROWS = 256
"""Rows of one call to the engine and of one checkpoint: what a crash makes it ask again."""

_ANSWER_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class BatchHandler:
    """Performs bulk jobs in a child process. Neither torch nor a base is loaded there: the engine answers."""

    catalogue: Catalogue
    database: Database
    files: Files
    settings: Settings
    engine: EngineClient
    standings: Standings
    watchers: Watchers

    def __call__(self, lease: Lease) -> dict[str, Any]:
        """Answer every row that is not answered yet, and return how many were in all; the file as sent goes then."""
        try:
            progress = asyncio.run(self._perform(lease))
        except (PodionError, Cancelled):
            forget_sent(self.files, lease.job)
            raise
        forget_sent(self.files, lease.job)
        return progress

    async def _perform(self, lease: Lease) -> dict[str, Any]:
        job, progress = lease.job, progress_of(lease.job)
        vertical, task = self.catalogue.task(job.payload["task"])
        try:
            if progress["done"] < job.payload["rows"]:
                serving = await patiently(lambda: self._serving(job.tenant, vertical, task, progress), lease.check)
                answers = BatchAnswers(
                    ask=self._ask,
                    look=lease.check,
                    tenant=job.tenant,
                    name=job.payload["task"],
                    task=task,
                    serving=serving,
                )
                try:
                    await self._answer(lease, progress, vertical, task, answers)
                except PluginError as error:
                    if error.code == NONSENSE:
                        await self._suspend(job.tenant, serving, error)
                    raise
        finally:
            await self.engine.close()
        return progress

    async def _suspend(self, tenant: str, serving: Serving, error: PluginError) -> None:
        """Take the version out of service, as an interactive request would."""
        await self.database.write(lambda c: suspend(c, tenant, serving.adapter, error.detail))

    async def _ask(self, call: Call) -> Answered:
        return await self.engine.answer(call, timeout=_ANSWER_SECONDS)

    async def _serving(self, tenant: str, vertical: Vertical, task: Task, progress: dict[str, Any]) -> Serving:
        """Return what answers the whole job: what served when it began, also for those who go on with it."""
        if progress["serving"] is None:
            serving = (await self.standings.of(tenant, vertical, task)).serving
            progress["serving"] = {"name": serving.name, "adapter": serving.adapter}
            return serving
        name, adapter = progress["serving"]["name"], progress["serving"]["adapter"]
        row = await self.database.read(lambda c: adapters.get(c, tenant, adapter))
        if row is None:
            raise NotFound("the adapter that answered the first rows of this job is not there any more")
        return Serving(name=name, adapter=row.id, base=row.base, folder=self.files.adapter(tenant, row.id))

    async def _answer(
        self, lease: Lease, progress: dict[str, Any], vertical: Vertical, task: Task, answers: BatchAnswers
    ) -> None:
        """Answer the rows that are left; while the engine works on a piece, the one before it is kept."""
        with self._opened(lease.job, progress["bytes"]) as out:
            kept: asyncio.Task[None] | None = None
            try:
                for piece in pieces(self._left(lease.job, task, progress["done"]), PIECE_ROWS):
                    standing = await patiently(lambda: self.standings.of(lease.job.tenant, vertical, task), lease.check)
                    answered = await answers.of(piece, standing.masker)
                    if kept is not None:
                        await kept
                    kept = asyncio.create_task(self._keep(lease, out, answered, progress))
                if kept is not None:
                    await kept
            finally:
                if kept is not None:
                    # What was begun is ended, so that the file and the rows agree.
                    await asyncio.gather(kept, return_exceptions=True)

    def _left(self, job: JobRow, task: Task, done: int) -> Iterator[BatchRow]:
        path = self.files.batch(job.tenant, job.id) / SENT
        if not path.is_file():
            raise NotFound("the file of this job is not there (a backup does not hold it): send it again", code="gone")
        asked = job.payload
        rows = batch_rows(path, task, limits_of(self.settings), asked["rename"], frozenset(asked["drop"]))
        return islice(rows, done, None)

    @contextmanager
    def _opened(self, job: JobRow, size: int) -> Iterator[BinaryIO]:
        """The file of answers, cut back to what was kept."""
        path = self.files.batch(job.tenant, job.id) / ANSWERS
        with room_needed(), path.open("ab") as out:
            if out.tell() < size:
                raise PodionError("the disk has lost answers of this job: send the file again", code="damaged")
            out.truncate(size)
            sync(path.parent)  # or a power cut could take the file's name, and leave the rows
            yield out

    async def _keep(
        self, lease: Lease, out: BinaryIO, answered: Sequence[AnsweredRow], progress: dict[str, Any]
    ) -> None:
        lines = b"".join(json.dumps(row.line, ensure_ascii=False).encode() + b"\n" for row in answered)
        await asyncio.to_thread(_write, out, lines)
        rows = [row.kept for row in answered if row.kept is not None]
        reached = {
            "done": progress["done"] + len(answered),
            "answered": progress["answered"] + len(rows),
            "refused": progress["refused"] + len(answered) - len(rows),
            "bytes": progress["bytes"] + len(lines),
        }

        def write(c: Connection) -> None:
            lease.checkpoint(c, {**progress, **reached})
            predictions.insert_many(c, rows)
            if rows:
                record(c, lease.job.tenant, Meter.PREDICTIONS, len(rows), lease.job.id)

        try:
            await self.database.write(write)
        except Unavailable as error:
            # It may have been committed or not. Who claims the job next reads which.
            raise LostLease(f"{lease.job.id}: {error.detail}") from error
        progress.update(reached)
        self.watchers.kept(rows)


def _write(out: BinaryIO, lines: bytes) -> None:
    with room_needed():
        out.write(lines)
        out.flush()
        os.fsync(out.fileno())
