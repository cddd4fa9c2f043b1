import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError, StatementError

from podion.errors import BadSettings, NotBuilt, Unavailable
from podion.storage import audit, sqlite
from podion.storage.database import Connection, Database

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
        with database.reading() as connection:
            assert pragma(connection, "integrity_check") == "ok"


def test_an_exception_undoes_a_transaction(database: Database) -> None:
    with pytest.raises(KeyError), database.writing() as connection:
        audit.add(connection, "ten_ours", "test", "undone", "x")
        raise KeyError("no")
    assert actions(database) == set()


def test_a_reading_connection_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"), database.reading() as connection:
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
        stored = connection.exec_driver_sql("SELECT detail FROM audit").scalar_one()
        assert stored == '{"文":["好评",null,1.5]}'
        assert audit.page(connection, "ten_ours")[0].detail == {"文": ["好评", None, 1.5]}
        with pytest.raises(StatementError, match="not JSON compliant"):
            audit.add(connection, "ten_ours", "test", "x", "x", {"f1": float("nan")})


def test_a_lock_held_by_another_process_is_unavailable(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    database = Database(url)
    database.migrate()
    other = sqlite3.connect(database.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as refused, database.writing():
        raise AssertionError("entered without the lock")
    assert refused.value.retry_after == 1
    with pytest.raises(Unavailable):
        asyncio.run(database.write(lambda connection: None))
    other.execute("ROLLBACK")
    other.close()
    assert asyncio.run(database.write(lambda connection: 7)) == 7
    database.close()


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


def test_another_database_is_not_built_yet() -> None:
    with pytest.raises(NotBuilt, match="postgresql") as refused:
        Database("postgresql+psycopg://someone:secret@host/podion")
    assert "secret" not in str(refused.value)


def test_the_folder_of_the_database_is_private(database: Database) -> None:
    assert Path(database.file).parent.stat().st_mode & 0o077 == 0
