"""What only SQLite needs: transactions begun by us, durability, patience, and its errors in our words."""

import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from podion.errors import BadSettings, PodionError, StorageFull, Unavailable

BUSY_SECONDS = 15.0
_FULL = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")

_PRAGMAS: Mapping[str, str] = {
    # Short: SQLite sleeps up to 0.1 s between looks at a lock and so starves beside a busy process. See `_begin`.
    "busy_timeout": "5",
    "foreign_keys": "ON",
    "synchronous": "FULL",
    "secure_delete": "ON",
    "temp_store": "MEMORY",
}


def database_file(url: URL) -> Path:
    """Return the file of a database URL; raises `BadSettings` for a database in memory."""
    if not url.database or url.database == ":memory:" or "mode=memory" in str(url):
        raise BadSettings(
            f"{url!s} keeps rows in memory only: name a file, as in sqlite:////var/lib/podion/podion.sqlite"
        )
    return Path(url.database)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def open_engine(url: URL, *, begin: str, query_only: bool) -> Engine:
    """Return an engine whose transactions start with `begin` and whose commits reach the disk before they return."""
    engine = create_engine(url, json_serializer=_dump, pool_size=8, max_overflow=24)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would begin late and commit before some statements; we say BEGIN ourselves.
        connection.isolation_level = None
        for name, value in _PRAGMAS.items():
            connection.execute(f"PRAGMA {name} = {value}")
        if query_only:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                connection.exec_driver_sql(begin)
                return
            except OperationalError as error:
                if not _is_busy(error.orig) or time.monotonic() > deadline:
                    raise

    return engine


def enter_wal(engine: Engine) -> None:
    """Put the database file into WAL mode, once and for all; raises `BadSettings` where the file system cannot.

    SQLite does not wait for a lock when it changes this mode, so that two processes which start at once need patience.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = _journal_mode(engine)
        except sqlite3.DatabaseError as error:
            if not _is_busy(error):
                raise BadSettings(f"{engine.url.database} cannot be the database: {error}.") from error
            if time.monotonic() > deadline:
                raise locked() from error
            time.sleep(0.02)
            continue
        if mode != "wal":
            raise BadSettings(
                f"{engine.url.database}: its file system has no write-ahead log ({mode}): use a local disk"
            )
        return


def _journal_mode(engine: Engine) -> str:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        mode: Any = cursor.fetchone()
        return str(mode[0])
    finally:
        raw.close()


def explain(error: DBAPIError) -> PodionError | None:
    """Return the error that a caller may be told, or None where it is a fault of ours."""
    name = getattr(error.orig, "sqlite_errorname", "") or ""
    if name in _FULL:
        return StorageFull("The disk of the database is full: nothing of this request was kept. Free some space.")
    return locked() if _is_busy(error.orig) else None


def _is_busy(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname.startswith(_BUSY)


def locked() -> Unavailable:
    """Return what a caller is told who waited for the write lock in vain."""
    return Unavailable(f"The database was locked for {BUSY_SECONDS:.0f} s. Try again.", retry_after=1)
