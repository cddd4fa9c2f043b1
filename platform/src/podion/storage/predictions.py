"""Answers that were given, each under the id that feedback names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from podion.storage.clock import now
from podion.storage.many_rows import ManyRows
from podion.storage.rows import one, values
from podion.storage.tables import predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRow:
    """One served answer with the record it was asked for."""

    tenant: str
    id: str
    task: str
    adapter: str
    record: dict[str, Any]
    answer: dict[str, Any]
    confidence: float
    at: datetime = field(default_factory=now)


_ROWS = ManyRows(predictions)


def insert_many(connection: Connection, rows: Sequence[PredictionRow]) -> None:
    """Keep answers."""
    _ROWS.add(connection, [values(row) for row in rows])


def get(connection: Connection, tenant: str, prediction: str) -> PredictionRow | None:
    """Return an answer that the tenant was given."""
    mine = select(predictions).where(predictions.c.tenant == tenant, predictions.c.id == prediction)
    return one(PredictionRow, connection.execute(mine))
