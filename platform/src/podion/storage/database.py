"""The database: transactions for callers that block, group commit and a reading pool for callers that do not."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from podion.errors import BadSettings, NotBuilt
from podion.storage import migrations, sqlite
from podion.storage.group_commit import GroupCommit

__all__ = ["Connection", "Database"]

T = TypeVar("T")

_READERS = 4


class Database:
    """One database, shared by every thread of a process. What a write acknowledges is on the disk."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise BadSettings("PODION_DATABASE_URL is not a database URL, as sqlite:////folder/file") from error
        if parsed.get_backend_name() != "sqlite":
            raise NotBuilt(
                f"PODION_DATABASE_URL names {parsed.get_backend_name()}: this version keeps rows in SQLite only. "
                "Leave it empty, or give sqlite:////folder/file."
            )
        self.file = sqlite.database_file(parsed)
        self._writing = sqlite.open_engine(parsed, begin="BEGIN IMMEDIATE", query_only=False)
        self._reading = sqlite.open_engine(parsed, begin="BEGIN", query_only=True)
        self._lock = threading.Lock()
        self._writer = GroupCommit(self.writing)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="podion-reader")

    def migrate(self) -> None:
        """Bring the schema to this version's; safe when several processes start at once.

        Raises `BadSettings` for a file that cannot be used and for a database that a newer version has written.
        """
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadSettings(f"{self.file.parent} cannot be the database's folder: {error.strerror}.") from error
        sqlite.enter_wal(self._writing)
        with self.reading() as connection:
            if migrations.is_current(connection):
                return
        with self.writing() as connection:
            migrations.upgrade(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; committed at the end, undone by an exception.

        Raises `StorageFull` when the disk is full and `Unavailable` when the lock is held too long by another process.
        """
        # Threads of this process queue here: SQLite's own waiting is by polling, and the unlucky wait long.
        if not self._lock.acquire(timeout=sqlite.BUSY_SECONDS):
            raise sqlite.locked()
        try:
            with self._writing.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise sqlite.explain(error) or error from error
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of the committed rows; writing through it is refused by the database."""
        try:
            with self._reading.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise sqlite.explain(error) or error from error

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, once it is committed, together with others that wait at the same time.

        `work` runs in the writer's thread and must not wait for anything else. What it raises comes back here, and
        what it wrote is undone.
        """
        return await asyncio.wrap_future(self._writer.submit(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` reads, in a thread of the reading pool."""

        def run() -> T:
            with self.reading() as connection:
                return work(connection)

        return await asyncio.wrap_future(self._readers.submit(run))

    def close(self) -> None:
        """Commit what waits, then let go of every connection."""
        self._writer.close()
        self._readers.shutdown()
        self._reading.dispose()
        self._writing.dispose()
