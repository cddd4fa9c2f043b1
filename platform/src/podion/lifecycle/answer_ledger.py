"""Answers and their bill, on the disk before anybody sees them: what waits at the same time shares one write."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from podion.errors import StorageFull, Unavailable
from podion.storage import predictions
from podion.storage.database import Database
from podion.storage.predictions import PredictionRow
from podion.tenancy.usage import Meter, Used, record_many


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    rows: Sequence[PredictionRow]
    kept: "asyncio.Future[None]"


class AnswerLedger:
    """Keeps the answers of many calls in one write, with one entry of usage for each tenant. Of one event loop.

    While a write is under way the next one gathers. A call whose rows are refused fails alone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Entry] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, rows: Sequence[PredictionRow]) -> None:
        """Return once the answers are kept and metered; raises what the database raises."""
        if not rows:
            return
        entry = _Entry(rows, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await entry.kept

    async def _write(self) -> None:
        try:
            while self._waiting:
                group = [entry for entry in self._waiting if not entry.kept.done()]
                self._waiting = []
                await self._keep(group)
        finally:
            self._writing = None

    async def _keep(self, group: Sequence[_Entry]) -> None:
        try:
            await self._database.append(lambda c: _insert(c, group))
        except (Unavailable, StorageFull) as error:
            for entry in group:
                _settle(entry, error)
        except Exception as error:
            if len(group) == 1:
                _settle(group[0], error)
            else:
                await asyncio.gather(*(self._keep([entry]) for entry in group))
        else:
            for entry in group:
                _settle(entry)


def _insert(c: Connection, group: Sequence[_Entry]) -> None:
    rows = [row for entry in group for row in entry.rows]
    predictions.insert_many(c, rows)
    firsts: dict[str, str] = {}
    for row in rows:
        firsts.setdefault(row.tenant, row.id)
    answers = Counter(row.tenant for row in rows)
    record_many(c, Meter.PREDICTIONS, [Used(tenant, answers[tenant], first) for tenant, first in firsts.items()])


def _settle(entry: _Entry, error: Exception | None = None) -> None:
    if entry.kept.done():  # nobody waits for it any more
        return
    if error is None:
        entry.kept.set_result(None)
    else:
        entry.kept.set_exception(error)
