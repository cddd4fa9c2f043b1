"""An answer is given back when it and its bill are on the disk, and no sooner; what waits shares a write."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from podion.errors import Unavailable
from podion.lifecycle.answer_ledger import AnswerLedger
from podion.storage import predictions, usage
from podion.storage.database import Database
from podion.storage.ids import new_id
from podion.storage.predictions import PredictionRow


class Writes:
    """A database that notes its writes and can hold the first of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.started, self.go = asyncio.Event(), threading.Event()
        self.go.set()
        self.count = 0

    async def append(self, work: Callable[[Connection], Any]) -> Any:
        self.count += 1
        self.started.set()

        def held(c: Connection) -> Any:
            assert self.go.wait(10)
            return work(c)

        return await self.database.append(held)


def rows(tenant: str, number: int = 1) -> list[PredictionRow]:
    return [
        PredictionRow(
            tenant=tenant, id=new_id("prd"), task="praise/judge", adapter="a", record={"text": "好"},
            answer={"label": "praise"}, confidence=0.5,
        )
        for _ in range(number)
    ]  # fmt: skip


def kept(database: Database, row: PredictionRow) -> bool:
    with database.reading() as c:
        return predictions.get(c, row.tenant, row.id) == row


def billed(database: Database, tenant: str) -> float:
    with database.reading() as c:
        return usage.totals(c, tenant).get("predictions", 0)


def test_what_waits_is_one_write_with_one_bill_a_tenant_and_returns_after_it(
    database: Database, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    calls = [rows(ada), rows(bob, 3), rows(ada, 2), rows(bob)]

    async def story() -> None:
        writes = Writes(database)
        ledger = AnswerLedger(writes)  # type: ignore[arg-type]
        writes.go.clear()
        first = asyncio.create_task(ledger.keep(rows(ada)))
        await writes.started.wait()
        waiting = [asyncio.create_task(ledger.keep(each)) for each in calls]
        given_up = asyncio.create_task(ledger.keep(rows(bob, 7)))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.sleep(0.02)
        assert not first.done() and not any(each.done() for each in waiting)
        writes.go.set()
        for task, each in zip(waiting, calls, strict=True):
            await task
            assert all(kept(database, row) for row in each)
        assert first.done()
        assert writes.count == 2
        await ledger.keep([])
        assert writes.count == 2

    asyncio.run(story())
    assert (billed(database, ada), billed(database, bob)) == (4, 4)
    with database.reading() as c:
        entries = usage.page(c, ada)
    assert [entry.quantity for entry in entries] == [3, 1], "one for each write"
    assert entries[0].reference == calls[0][0].id


def test_a_call_that_is_refused_fails_alone(database: Database, tenants: tuple[str, str]) -> None:
    ada, _ = tenants
    good, gone, later = rows(ada), rows("ten_deleted"), rows(ada, 2)

    async def story() -> list[BaseException | None]:
        ledger = AnswerLedger(database)
        return await asyncio.gather(*map(ledger.keep, (good, gone, later)), return_exceptions=True)

    first, second, third = asyncio.run(story())
    assert first is None and third is None
    assert isinstance(second, IntegrityError)
    assert all(kept(database, row) for row in good + later)
    assert billed(database, ada) == 3


def test_a_database_that_is_away_is_asked_once_for_all(database: Database, tenants: tuple[str, str]) -> None:
    ada, bob = tenants

    async def story() -> None:
        writes = Writes(database)
        ledger = AnswerLedger(writes)  # type: ignore[arg-type]

        async def away(_work: Any) -> None:
            writes.count += 1
            raise Unavailable("locked")

        writes.append = away  # type: ignore[method-assign]
        answers = await asyncio.gather(ledger.keep(rows(ada)), ledger.keep(rows(bob)), return_exceptions=True)
        assert [type(each) for each in answers] == [Unavailable, Unavailable]
        assert writes.count == 1
        del writes.append  # type: ignore[attr-defined]
        await ledger.keep(rows(ada))

    asyncio.run(story())
    assert billed(database, ada) == 1


@pytest.mark.parametrize("calls", [40])
def test_what_is_billed_is_what_was_answered(database: Database, tenants: tuple[str, str], calls: int) -> None:
    asked = [rows(tenants[number % 2], 1 + number % 5) for number in range(calls)]

    async def story() -> None:
        ledger = AnswerLedger(database)
        await asyncio.gather(*map(ledger.keep, asked))

    asyncio.run(story())
    for tenant in tenants:
        mine = [row for each in asked for row in each if row.tenant == tenant]
        assert billed(database, tenant) == len(mine)
        assert all(kept(database, row) for row in mine)
