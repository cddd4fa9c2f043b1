"""What only PostgreSQL needs: one writer at a time, sessions that lose nothing, and its errors in our words."""

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from podion.errors import BadSettings, DataError, PodionError, StorageFull, Unavailable
from podion.storage.backend import dump_json

_log = logging.getLogger(__name__)

_LOCK = 0x706F64
"""The first half of our advisory lock's key ("pod"); the second is the schema: two in one database do not meet."""

_PLAIN, _DRIVER = "postgresql", "postgresql+psycopg"
_IDLE_WRITER_SECONDS = 60

_DISK_FULL = "53100"
_TRY_AGAIN = {"55P03": "locked", "40001": "busy", "40P01": "busy", "57014": "busy"}
_AWAY = ("08", "57P", "53", "25P03")
_TOO_LONG = "54000"

_CONNECT: Mapping[str, Any] = {
    "application_name": "podion",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class Postgresql:
    """A database of a PostgreSQL server, for as many processes and machines as share it.

    The write lock is an advisory lock of the transaction: writers of every process take turns, as they do on SQLite, so
    that a look and the write that rests on it are one step everywhere above. Readers wait for nobody.
    """

    def __init__(self, url: URL, lock_seconds: float) -> None:
        self._name = url.render_as_string(hide_password=True)
        if url.drivername not in (_PLAIN, _DRIVER):
            raise BadSettings(f"PODION_DATABASE_URL begins with {url.drivername}: it must begin with {_DRIVER}://")
        if not url.database:
            raise BadSettings(f"PODION_DATABASE_URL={self._name} names no database: as in {_DRIVER}://user@host/podion")
        self._lock_seconds = lock_seconds
        url = url.set(drivername=_DRIVER)
        self.writing = self._open(url, "READ COMMITTED", read_only=False, idle_seconds=_IDLE_WRITER_SECONDS)
        self.reading = self._open(url, "REPEATABLE READ", read_only=True, idle_seconds=0)
        event.listen(self.writing, "begin", _take_turn)

    def prepare(self) -> None:
        """Ask the server for what we rely on; raises `BadSettings` when it is away or cannot keep our text."""
        name = f"PODION_DATABASE_URL={self._name}"
        try:
            with self.reading.connect() as connection:
                row = connection.exec_driver_sql("SELECT current_setting('server_encoding'), current_setting('fsync')")
                encoding, fsync = row.one()
        except OperationalError as error:
            raise BadSettings(f"{name} cannot be opened: {_said(error)}") from error
        if encoding != "UTF8":
            raise BadSettings(f"{name} keeps text in {encoding}: make the database anew with ENCODING 'UTF8'")
        if fsync != "on":
            _log.warning("%s: fsync is %s, what is acknowledged may be lost when the power fails", name, fsync)

    def wipe(self) -> None:
        """Do nothing: what rows were is the server's to overwrite (autovacuum), and its log's to forget."""

    def written_elsewhere(self, connection: Connection) -> bool | None:
        """Return None: it does not tell."""
        return None

    def explain(self, error: DBAPIError) -> PodionError | None:
        """Return `StorageFull`, `Unavailable` or `DataError` for what is no fault of ours, else None."""
        state = getattr(error.orig, "sqlstate", None) or ""
        if state == _DISK_FULL:
            return StorageFull("The disk of the database is full: nothing of this request was kept. Free some space.")
        if state in _TRY_AGAIN:
            return Unavailable(
                f"The database was {_TRY_AGAIN[state]} for up to {self._lock_seconds:.0f} s. Try again.", retry_after=1
            )
        if state.startswith(_AWAY) or error.connection_invalidated or (not state and _never_connected(error)):
            return Unavailable("The database is away. Try again.", retry_after=2)
        if state == _TOO_LONG:
            return DataError("A name in the request is longer than the database can index: use a shorter one.")
        if not state and "NUL" in str(error.orig):
            return DataError("A text holds the character NUL, which the database cannot keep: leave it out.")
        return None

    def _open(self, url: URL, isolation: str, *, read_only: bool, idle_seconds: int) -> Engine:
        try:
            engine = create_engine(
                url,
                json_serializer=dump_json,
                hide_parameters=True,
                isolation_level=isolation,
                execution_options={"postgresql_readonly": read_only},
                connect_args={name: value for name, value in _CONNECT.items() if name not in url.query},
                pool_size=4,
                max_overflow=12,
                pool_timeout=self._lock_seconds,
            )
        except ModuleNotFoundError as error:
            raise BadSettings(
                f"PODION_DATABASE_URL={self._name} needs the driver {error.name}: install podion[postgresql]"
            ) from error

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: object) -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('lock_timeout', %s, false), "
                    "set_config('idle_in_transaction_session_timeout', %s, false)",
                    (f"{max(1, round(self._lock_seconds * 1000))}ms", f"{idle_seconds}s"),
                )
                # Acknowledged means on the disk, whatever the server's default; stricter ones stay.
                cursor.execute(
                    "SELECT set_config('synchronous_commit', 'on', false) "
                    "WHERE current_setting('synchronous_commit') = 'off'"
                )
            connection.commit()

        return engine


def _take_turn(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK}, hashtext(current_schema()))")


def _never_connected(error: DBAPIError) -> bool:
    return isinstance(error, OperationalError) and error.statement is None


def _said(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
