"""What only SQLite needs: transactions begun by us, durability, patience, and its errors in our words."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from podion.errors import BadSettings, PodionError, StorageFull, Unavailable
from podion.storage.backend import dump_json

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

_SEEN = "data_version"


class Sqlite:
    """A database in one file. The write lock is the file's: `BEGIN IMMEDIATE`."""

    def __init__(self, url: URL, lock_seconds: float) -> None:
        self.file = _database_file(url)
        self._lock_seconds = lock_seconds
        self.writing = self._open(url, begin="BEGIN IMMEDIATE", query_only=False)
        self.reading = self._open(url, begin="BEGIN", query_only=True)

    def prepare(self) -> None:
        """Make the folder, and put the file into WAL mode, once and for all.

        Raises `BadSettings` for a file that cannot be the database or lies where there is no write-ahead log. SQLite
        does not wait for a lock when it changes the mode, so that two processes which start at once need patience.
        """
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadSettings(f"{self.file.parent} cannot be the database's folder: {error.strerror}.") from error
        try:
            mode = self._patiently(lambda: _journal_mode(self.writing))
        except sqlite3.DatabaseError as error:
            if _is_busy(error):
                raise self._locked() from error
            raise BadSettings(f"{self.file} cannot be the database: {error}.") from error
        if mode != "wal":
            raise BadSettings(f"{self.file}: its file system has no write-ahead log ({mode}): use a local disk")

    def wipe(self) -> None:
        """Empty the write-ahead log, which keeps what was deleted since; the file itself is overwritten at once.

        Waits for readers of older moments; raises `Unavailable` when they do not end.
        """
        deadline = time.monotonic() + self._lock_seconds
        while _truncate_log(self.writing):
            if time.monotonic() > deadline:
                raise self._locked()
            time.sleep(0.02)

    def written_elsewhere(self, connection: Connection) -> bool | None:
        """Return whether another connection than this one has committed since it was last asked."""
        version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
        seen, connection.info[_SEEN] = connection.info.get(_SEEN), version
        return bool(seen != version)

    def explain(self, error: DBAPIError) -> PodionError | None:
        """Return `StorageFull` for a full disk, `Unavailable` for a lock that was not to be had, else None."""
        name = getattr(error.orig, "sqlite_errorname", "") or ""
        if name in _FULL:
            return StorageFull("The disk of the database is full: nothing of this request was kept. Free some space.")
        return self._locked() if _is_busy(error.orig) else None

    def _open(self, url: URL, *, begin: str, query_only: bool) -> Engine:
        engine = create_engine(url, json_serializer=dump_json, hide_parameters=True, pool_size=8, max_overflow=24)

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
            self._patiently(lambda: connection.exec_driver_sql(begin))

        return engine

    def _patiently(self, act: Callable[[], Any]) -> Any:
        """Return what `act` returns, trying again while the file is locked and there is time."""
        deadline = time.monotonic() + self._lock_seconds
        while True:
            try:
                return act()
            except (OperationalError, sqlite3.OperationalError) as error:
                cause = error.orig if isinstance(error, OperationalError) else error
                if not _is_busy(cause) or time.monotonic() > deadline:
                    raise

    def _locked(self) -> Unavailable:
        return locked(self._lock_seconds)


def locked(seconds: float) -> Unavailable:
    """Return what a caller is told who waited for the write lock in vain."""
    return Unavailable(f"The database was locked for {seconds:.0f} s. Try again.", retry_after=1)


def _database_file(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or "mode=memory" in str(url):
        raise BadSettings(
            f"{url!s} keeps rows in memory only: name a file, as in sqlite:////var/lib/podion/podion.sqlite"
        )
    return Path(url.database)


def _journal_mode(engine: Engine) -> str:
    return str(_pragma(engine, "journal_mode = WAL"))


def _truncate_log(engine: Engine) -> bool:
    """Return whether somebody still reads from the log, so that it cannot be emptied."""
    return bool(_pragma(engine, "wal_checkpoint(TRUNCATE)"))


def _pragma(engine: Engine, words: str) -> Any:
    """Return the first value that a pragma answers, asked outside every transaction."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA {words}")
        answer: Any = cursor.fetchone()
        return answer[0]
    finally:
        raw.close()


def _is_busy(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname.startswith(_BUSY)
