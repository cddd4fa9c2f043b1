import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, StatementError

from podion.errors import BadSettings, DataError, StorageFull, Unavailable
from podion.storage import audit, tenants
from podion.storage.database import Connection, Database, is_shared

ON_SQLITE = pytest.mark.parametrize("kind", ["sqlite"])
ON_POSTGRESQL = pytest.mark.parametrize("kind", ["postgresql"])

WRITER = """
import asyncio, sys
from podion.storage import audit
from podion.storage.database import Database

database = Database(sys.argv[1])

async def write(lane):
    number = 0
    while True:
        name = f"{lane}-{number}"
        await database.write(lambda connection: audit.add(connection, "ten_ours", "test", name, "x"))
        print(name, flush=True)
        number += 1

async def main():
    await asyncio.gather(*(write(lane) for lane in range(8)))

asyncio.run(main())
"""


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def actions(database: Database) -> set[str]:
    with database.reading() as connection:
        return {row.action for row in audit.page(connection, "ten_ours", limit=100_000)}


@ON_SQLITE
def test_sqlite_is_set_to_lose_nothing(database: Database) -> None:
    with database.writing() as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2
        assert pragma(connection, "foreign_keys") == 1


def test_kill_9_loses_nothing_acknowledged(database: Database, url: str) -> None:
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        acknowledged = {child.stdout.readline().strip() for _ in range(150)}
        child.send_signal(signal.SIGKILL)
        # What is still in the pipe was acknowledged too; a line cut short was not.
        rest = child.stdout.read().split("\n")[:-1]
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
        assert acknowledged.union(rest) <= actions(database)
        if "sqlite" in url:
            with database.reading() as connection:
                assert pragma(connection, "integrity_check") == "ok"


def test_an_exception_undoes_a_transaction(database: Database) -> None:
    with pytest.raises(KeyError), database.writing() as connection:
        audit.add(connection, "ten_ours", "test", "undone", "x")
        raise KeyError("no")
    assert actions(database) == set()


def test_a_reading_connection_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), database.reading() as connection:
        audit.add(connection, "ten_ours", "test", "x", "x")


def test_a_reading_transaction_sees_one_moment(database: Database) -> None:
    with database.reading() as connection:
        assert audit.page(connection, "ten_ours") == []
        with database.writing() as other:
            audit.add(other, "ten_ours", "test", "later", "x")
        assert audit.page(connection, "ten_ours") == []
    assert actions(database) == {"later"}


def test_async_reads_and_writes(database: Database) -> None:
    async def story() -> list[audit.AuditRow]:
        await database.write(lambda connection: audit.add(connection, "ten_ours", "test", "done", "x"))
        return await database.read(lambda connection: audit.page(connection, "ten_ours"))

    assert [row.action for row in asyncio.run(story())] == ["done"]


def test_json_keeps_chinese_and_refuses_nan(database: Database) -> None:
    with database.writing() as connection:
        audit.add(connection, "ten_ours", "test", "x", "x", {"文": ["好评", None, 1.5]})
        stored = connection.execute(text("SELECT CAST(detail AS text) FROM audit")).scalar_one()
        assert stored == '{"文":["好评",null,1.5]}'
        assert audit.page(connection, "ten_ours")[0].detail == {"文": ["好评", None, 1.5]}
        with pytest.raises((StatementError, ValueError), match="not JSON compliant"):
            audit.add(connection, "ten_ours", "test", "x", "x", {"f1": float("nan")})


def test_a_lock_held_by_another_process_is_unavailable(url: str) -> None:
    database, other = Database(url, lock_seconds=0.05), Database(url)
    database.migrate()
    with other.writing():
        with pytest.raises(Unavailable) as refused, database.writing():
            raise AssertionError("entered without the lock")
        assert refused.value.retry_after == 1
        with pytest.raises(Unavailable):
            asyncio.run(database.write(lambda connection: None))
    assert asyncio.run(database.write(lambda connection: 7)) == 7
    database.close()
    other.close()


def test_threads_write_in_turn(database: Database) -> None:
    def write(lane: int) -> None:
        for number in range(20):
            with database.writing() as connection:
                audit.add(connection, "ten_ours", "test", f"{lane}-{number}", "x")

    threads = [threading.Thread(target=write, args=(lane,)) for lane in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(actions(database)) == 80


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true", "nonsense"]
)
def test_a_url_that_keeps_nothing_is_refused(url: str) -> None:
    with pytest.raises(BadSettings):
        Database(url)


def test_a_file_that_cannot_be_the_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is no database, and long enough to be read as one" * 20)
    for path in (tmp_path / "text" / "podion.sqlite", tmp_path / "text", tmp_path):
        database = Database(f"sqlite:///{path}")
        with pytest.raises(BadSettings, match=str(tmp_path / "text") if path != tmp_path else str(tmp_path)):
            database.migrate()
        database.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://someone:secret@host/podion", "mysql"),
        ("postgresql+asyncpg://someone:secret@host/podion", "postgresql\\+psycopg"),
        ("postgresql+psycopg://someone:secret@host", "names no database"),
    ],
)
def test_another_database_is_refused_in_words(url: str, says: str) -> None:
    with pytest.raises(BadSettings, match=says) as refused:
        Database(url)
    assert "secret" not in str(refused.value)


def test_a_server_that_is_away_is_named_without_the_password(tmp_path: Path) -> None:
    database = Database(f"postgresql://someone:secret@/podion?host={tmp_path}")
    with pytest.raises(BadSettings, match="cannot be opened") as refused:
        database.migrate()
    assert "secret" not in str(refused.value)
    with pytest.raises(Unavailable) as away, database.reading():
        raise AssertionError("read from nowhere")
    assert away.value.retry_after == 2
    database.close()


def test_only_postgresql_is_shared_between_servers() -> None:
    assert is_shared("postgresql://someone@host/podion")
    assert not is_shared("sqlite:////folder/file")


@ON_SQLITE
def test_the_folder_of_the_database_is_private(url: str) -> None:
    database = Database(url)
    database.migrate()
    assert Path(make_url(url).database or "").parent.stat().st_mode & 0o077 == 0
    database.close()


@ON_POSTGRESQL
def test_sessions_commit_to_the_disk_and_give_up_in_time(database: Database) -> None:
    with database.writing() as connection:
        for name, value in (("synchronous_commit", "on"), ("lock_timeout", "15s"), ("transaction_isolation", None)):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == (value or "read committed")
    with database.reading() as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "repeatable read"


@ON_POSTGRESQL
def test_a_server_default_that_may_lose_commits_is_overruled(database: Database, url: str) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER ROLE podion SET synchronous_commit = off")
    other = Database(url)
    try:
        with other.writing() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
            connection.exec_driver_sql("ALTER ROLE podion RESET synchronous_commit")
    finally:
        other.close()


@ON_POSTGRESQL
def test_a_lost_connection_fails_its_group_and_the_next_goes_on(database: Database) -> None:
    def lose(connection: Connection) -> None:
        audit.add(connection, "ten_ours", "test", "lost", "x")
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    async def story() -> list[object]:
        add = [lambda c, n=n: audit.add(c, "ten_ours", "test", f"{n}", "x").action for n in range(2)]
        return await asyncio.gather(*map(database.write, (add[0], lose, add[1])), return_exceptions=True)

    answers = asyncio.run(story())
    assert isinstance(answers[1], Unavailable) and answers[1].retry_after == 2
    kept = {answer for answer in answers if isinstance(answer, str)}
    assert actions(database) == kept, "what was acknowledged, and nothing else"
    assert asyncio.run(database.write(lambda c: audit.add(c, "ten_ours", "test", "next", "x").action)) == "next"


@ON_POSTGRESQL
@pytest.mark.parametrize(("state", "error"), [("53100", StorageFull), ("40001", Unavailable), ("55P03", Unavailable)])
def test_states_of_the_server_are_told_in_our_words(database: Database, state: str, error: type[Exception]) -> None:
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(error), database.writing() as connection:
        connection.exec_driver_sql(raising)

    async def story() -> None:
        with pytest.raises(error):
            await database.write(lambda c: c.exec_driver_sql(raising))

    asyncio.run(story())


@ON_POSTGRESQL
def test_a_nul_in_a_text_is_the_callers_fault(database: Database) -> None:
    with pytest.raises(DataError, match="NUL"), database.writing() as connection:
        audit.add(connection, "ten_ours", "test", "a\0b", "x")


def test_a_look_and_the_write_that_rests_on_it_are_one_step(database: Database, url: str) -> None:
    # A database object each: nothing in this process stands between them, as between two servers.
    other = Database(url)
    made = []

    def work(mine: Database) -> None:
        for number in range(20):
            with mine.writing() as connection:
                if tenants.by_name(connection, f"name-{number}") is None:
                    row = tenants.TenantRow(id=f"ten_{id(mine)}_{number}", name=f"name-{number}")
                    tenants.insert(connection, row)
                    made.append(row.name)

    threads = [threading.Thread(target=work, args=(each,)) for each in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(made) == sorted(f"name-{number}" for number in range(20))
