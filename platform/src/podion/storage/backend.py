"""What a database must answer for itself; everything else is the same SQL."""

import json
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from podion.errors import PodionError


class Backend(Protocol):
    """The engines of one database, and what its errors mean."""

    @property
    def writing(self) -> Engine:
        """Transactions that hold the write lock of the whole database from their start, and commit to the disk."""

    @property
    def reading(self) -> Engine:
        """Transactions that see one moment and cannot write."""

    def prepare(self) -> None:
        """Make sure that the database can be used and loses nothing; raises `BadSettings` that says why not."""

    def wipe(self) -> None:
        """Leave nothing on the disk of rows that were deleted, as far as this is ours to do."""

    def written_elsewhere(self, connection: Connection) -> bool | None:
        """Return whether another process may have written since the last call, in a transaction that writes.

        None where the database does not tell.
        """

    def explain(self, error: DBAPIError) -> PodionError | None:
        """Return the error that a caller may be told, or None where it is a fault of ours."""


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def dump_json(value: Any) -> str:
    """Return a value as rows keep it: readable, compact, and never NaN."""
    return _ENCODER.encode(value)
