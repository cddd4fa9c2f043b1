"""Many small writes, one commit: what one writer thread finds waiting shares a transaction."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from podion.errors import Unavailable

T = TypeVar("T")

LARGEST_GROUP = 256


@dataclass(frozen=True, slots=True)
class _Write:
    work: Callable[[Connection], Any]
    future: Future[Any]


class GroupCommit:
    """A queue of writes and the thread that commits them.

    A write's future resolves after the commit, so that a result means durable. A write that raises undoes and fails
    itself alone; what takes the transaction away (a full disk, a lost connection) fails its group. The first write is
    the transaction, those that share it run in savepoints.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._transaction = transaction
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Return the future of a write; raises `Unavailable` after `close`."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise Unavailable("The database is closing. Try again.", retry_after=2)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="podion-writer", daemon=True)
                self._thread.start()
            self._queue.put(_Write(work, future))
        return future

    def close(self) -> None:
        """Commit what waits, then stop the thread."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _run(self) -> None:
        while (write := self._queue.get()) is not None:
            self._commit(write)

    def _commit(self, first: _Write) -> None:
        group: list[_Write] = []
        settle: list[Callable[[], None]] = []
        try:
            with self._transaction() as connection:
                write: _Write | None = first
                while write is not None:
                    if write.future.set_running_or_notify_cancel():
                        group.append(write)
                        settle.append(_attempt(connection, write) if len(group) > 1 else _first(connection, write))
                    write = self._waiting(len(group))
        except BaseException as error:
            # Nothing of the group was committed: each of its callers is told so.
            for write in group or ([first] if first.future.set_running_or_notify_cancel() else []):
                write.future.set_exception(error)
            return
        for resolve in settle:
            resolve()

    def _waiting(self, taken: int) -> _Write | None:
        if taken >= LARGEST_GROUP:
            return None
        try:
            write = self._queue.get_nowait()
        except Empty:
            return None
        if write is None:
            # The end was asked for: commit first, then let `_run` meet it.
            self._queue.put(None)
        return write


def _first(connection: Connection, write: _Write) -> Callable[[], None]:
    """Run the write that began the transaction: what it raises undoes all there is, which is its own."""
    result = write.work(connection)
    return lambda: write.future.set_result(result)


def _attempt(connection: Connection, write: _Write) -> Callable[[], None]:
    """Run one write in a savepoint and return what tells its caller, to be called after the commit."""
    savepoint = connection.begin_nested()
    try:
        result = write.work(connection)
        savepoint.commit()
    except BaseException as error:
        failure = error
        try:
            savepoint.rollback()
        except DBAPIError:
            # The database has rolled back everything, the savepoint with it.
            raise failure from None
        if connection.invalidated:
            # The connection to the server is gone, and the group with it.
            raise failure from None
        return lambda: write.future.set_exception(failure)
    return lambda: write.future.set_result(result)
