"""The database: transactions for callers that block, group commit and a reading pool for callers that do not."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from podion.errors import BadSettings, Unavailable
from podion.storage import migrations
from podion.storage.backend import Backend
from podion.storage.elsewhere import Elsewhere
from podion.storage.group_commit import GroupCommit
from podion.storage.postgresql import Postgresql
from podion.storage.sqlite import Sqlite, locked

__all__ = ["Connection", "Database", "is_shared"]

T = TypeVar("T")

LOCK_SECONDS = 15.0
_READERS = 4


class Database:
    """One database, shared by every thread of a process. What a write acknowledges is on the disk.

    SQLite and PostgreSQL behave alike: one writer at a time, readers that see one moment and wait for nobody.
    `lock_seconds` is how long a writer waits for its turn.
    """

    def __init__(self, url: str, lock_seconds: float = LOCK_SECONDS) -> None:
        self.url = url
        self._backend = _backend(_parsed(url), lock_seconds)
        self._lock_seconds = lock_seconds
        self._lock = threading.Lock()
        self._writer = GroupCommit(self._transaction)
        self._elsewhere = Elsewhere()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="podion-reader")

    def migrate(self) -> None:
        """Bring the schema to this version's; safe when several processes start at once.

        Raises `BadSettings` for a database that cannot be used and for one that a newer version has written.
        """
        self.prepare()
        with self.reading() as connection:
            if migrations.is_current(connection):
                return
        with self.writing() as connection:
            migrations.upgrade(connection)

    def prepare(self) -> None:
        """Make sure that the database can be used, whatever is in it; raises `BadSettings` that says why not."""
        self._backend.prepare()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; committed at the end, undone by an exception.

        Raises `StorageFull` when the disk is full, and `Unavailable` when the lock is held too long by another process
        or the database is away.
        """
        try:
            with self._transaction() as connection:
                yield connection
        finally:
            self._elsewhere.changed()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        # Threads of this process queue here: SQLite's own waiting is by polling, and on PostgreSQL each would hold a
        # connection while it waits.
        if not self._lock.acquire(timeout=self._lock_seconds):
            raise locked(self._lock_seconds)
        try:
            with self._explained(), self._backend.writing.begin() as connection:
                changes = self._backend.written_elsewhere(connection)
                if changes is not None:
                    self._elsewhere.saw(changes=changes)
                yield connection
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of the committed rows; writing through it is refused by the database."""
        with self._explained(), self._backend.reading.connect() as connection:
            yield connection

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, once it is committed, together with others that wait at the same time.

        `work` runs in the writer's thread and must not wait for anything else. What it raises comes back here, and
        what it wrote is undone.
        """
        future = self._writer.submit(work)
        future.add_done_callback(lambda _: self._elsewhere.changed())
        with self._explained():
            return await asyncio.wrap_future(future)

    async def append(self, work: Callable[[Connection], T]) -> T:
        """Do what `write` does, where `work` only adds rows that nobody has looked for: `mark` stays."""
        with self._explained():
            return await asyncio.wrap_future(self._writer.submit(work))

    def mark(self) -> int:
        """Return what grows when rows that were read may have changed: under the same mark they stand as they did.

        What another process writes is noticed within half a second.
        """
        return self._elsewhere.mark()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` reads, in a thread of the reading pool."""

        def run() -> T:
            with self.reading() as connection:
                return work(connection)

        return await asyncio.wrap_future(self._readers.submit(run))

    def wipe(self) -> None:
        """Leave nothing on the disk of rows that were deleted (on SQLite; PostgreSQL's server does so by itself)."""
        self._backend.wipe()

    def close(self) -> None:
        """Commit what waits, then let go of every connection."""
        self._writer.close()
        self._readers.shutdown()
        self._backend.reading.dispose()
        self._backend.writing.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._backend.explain(error) or error from error
        except NoFreeConnection as error:
            raise Unavailable("Every connection to the database is in use. Try again.", retry_after=1) from error


def is_shared(url: str) -> bool:
    """Return whether servers on several machines may use the database of that URL at once."""
    return _parsed(url).get_backend_name() == "postgresql"


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise BadSettings(
            "PODION_DATABASE_URL is not a database URL, as sqlite:////folder/file or postgresql+psycopg://user@host/name"
        ) from error


def _backend(url: URL, lock_seconds: float) -> Backend:
    match url.get_backend_name():
        case "sqlite":
            return Sqlite(url, lock_seconds)
        case "postgresql":
            return Postgresql(url, lock_seconds)
        case other:
            raise BadSettings(
                f"PODION_DATABASE_URL names {other}: rows are kept in SQLite (sqlite:////folder/file) or in PostgreSQL "
                "(postgresql+psycopg://user@host/name)"
            )
