import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from podion.errors import StorageFull, Unavailable
from podion.storage import audit, tenants
from podion.storage.database import Connection, Database
from podion.storage.group_commit import GroupCommit

KINDS = ("kept", "raises", "violates", "raises after a caught violation")


def actions(database: Database) -> list[str]:
    with database.reading() as connection:
        return [row.action for row in audit.page(connection, "ten_ours", limit=10_000)]


def work(kind: str, number: int) -> Callable[[Connection], int]:
    def run(connection: Connection) -> int:
        audit.add(connection, "ten_ours", "test", str(number), "x")
        if kind == "raises":
            raise KeyError(number)
        if kind == "violates":
            audit.add(connection, "ten_nobody", "test", str(number), "x")
        if kind == "raises after a caught violation":
            with pytest.raises(IntegrityError), connection.begin_nested():
                audit.add(connection, "ten_nobody", "test", str(number), "x")
            raise KeyError(number)
        return number

    return run


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('group') / 'podion.sqlite'}")
    database.migrate()
    with database.writing() as connection:
        tenants.insert(connection, tenants.TenantRow(id="ten_ours", name="ours"))
    yield database
    database.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=20))
def test_what_is_acknowledged_is_what_is_committed(shared: Database, kinds: list[str]) -> None:
    before = set(actions(shared))
    start = len(before) and max(map(int, before)) + 1

    async def send() -> list[Any]:
        writes = (shared.write(work(kind, number)) for number, kind in enumerate(kinds, start))
        return await asyncio.gather(*writes, return_exceptions=True)

    answers = asyncio.run(send())
    for number, (kind, answer) in enumerate(zip(kinds, answers, strict=True), start):
        expected = {"kept": int, "violates": IntegrityError}.get(kind, KeyError)
        assert isinstance(answer, expected)
        if kind == "kept":
            assert answer == number
    kept = {str(number) for number, kind in enumerate(kinds, start) if kind == "kept"}
    assert set(actions(shared)) - before == kept


def test_writes_that_wait_share_a_commit(database: Database) -> None:
    opened = 0
    first_started, go = threading.Event(), threading.Event()

    @contextmanager
    def counted() -> Iterator[Connection]:
        nonlocal opened
        opened += 1
        with database.writing() as connection:
            yield connection

    def first(connection: Connection) -> None:
        first_started.set()
        assert go.wait(10)

    writer = GroupCommit(counted)
    futures: list[Future[Any]] = [writer.submit(first)]
    assert first_started.wait(10)
    futures += [writer.submit(work("kept", number)) for number in range(50)]
    go.set()
    assert [future.result(10) for future in futures] == [None, *range(50)]
    writer.close()
    assert opened == 1
    assert len(actions(database)) == 50


def test_a_commit_that_fails_acknowledges_nothing(database: Database) -> None:
    @contextmanager
    def broken() -> Iterator[Connection]:
        with database.writing() as connection:
            yield connection
            raise Unavailable("the disk went away")

    writer = GroupCommit(broken)
    futures = [writer.submit(work("kept", 1)), writer.submit(work("raises", 2))]
    for future in futures:
        with pytest.raises((Unavailable, KeyError)):
            future.result(10)
    writer.close()
    assert actions(database) == []


def test_a_lost_transaction_fails_its_group_and_the_next_goes_on(database: Database) -> None:
    def roll_back(connection: Connection) -> None:
        # As SQLite itself does when the disk is full.
        connection.exec_driver_sql("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    started, go = threading.Event(), threading.Event()

    def hold(connection: Connection) -> int:
        started.set()
        assert go.wait(10)
        return work("kept", 0)(connection)

    writer = GroupCommit(database.writing)
    futures: list[Future[Any]] = [writer.submit(hold)]
    assert started.wait(10)
    futures += [writer.submit(work("kept", 1)), writer.submit(roll_back), writer.submit(work("kept", 2))]
    go.set()
    for future in futures[:3]:
        with pytest.raises(sqlite3.OperationalError):
            future.result(10)
    assert futures[3].result(10) == 2
    writer.close()
    assert actions(database) == ["2"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_full_disk_is_told_and_passes(database: Database) -> None:
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(connection: Connection, most: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    def huge(connection: Connection) -> None:
        limit(connection, pages + 4)
        try:
            audit.add(connection, "ten_ours", "test", "huge", "x" * 1_000_000)
        finally:
            limit(connection, 1_000_000)

    async def story() -> None:
        with pytest.raises(StorageFull, match="disk"):
            await database.write(huge)
        assert await database.write(work("kept", 1)) == 1

    asyncio.run(story())
    assert actions(database) == ["1"]


def test_a_cancelled_write_that_waits_is_never_made(database: Database) -> None:
    started, go = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        started.set()
        assert go.wait(10)

    writer = GroupCommit(database.writing)
    holding = writer.submit(hold)
    assert started.wait(10)
    waiting, other = writer.submit(work("kept", 1)), writer.submit(work("kept", 2))
    assert waiting.cancel()
    go.set()
    assert other.result(10) == 2
    assert holding.result(10) is None
    writer.close()
    assert actions(database) == ["2"]


def test_closing_commits_what_waits_and_takes_no_more(tmp_path: Path, database: Database) -> None:
    writer = GroupCommit(database.writing)
    futures = [writer.submit(work("kept", number)) for number in range(600)]
    writer.close()
    assert [future.result(0) for future in futures] == list(range(600))
    with pytest.raises(Unavailable):
        writer.submit(work("kept", 601))
