"""What is metered, and how it gets into the ledger."""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from podion.storage import usage
from podion.storage.database import Connection
from podion.storage.usage import UsageRow


class Meter(StrEnum):
    """What a tenant uses up."""

    ADAPTERS_DEPLOYED = "adapters_deployed"
    DOCUMENTS = "documents"
    EMBEDDINGS = "embeddings"
    FEEDBACK = "feedback"
    FETCHES = "fetches"
    PREDICTIONS = "predictions"
    ROWS_UPLOADED = "rows_uploaded"
    RUNS = "runs"
    SEARCHES = "searches"
    TRAINING_SECONDS = "training_seconds"


class Used(NamedTuple):
    """So much of a meter, and what caused it."""

    tenant: str
    quantity: float
    reference: str = ""


def record(connection: Connection, tenant: str, meter: Meter, quantity: float, reference: str = "") -> UsageRow:
    """Add to a meter, in the transaction of the effect that is measured; raises `ValueError` for less than nothing."""
    _check(meter, quantity)
    return usage.add(connection, tenant, meter.value, quantity, reference)


def record_many(connection: Connection, meter: Meter, used: Sequence[Used]) -> None:
    """Do what `record` does for each of several effects, of several tenants, in one statement."""
    for each in used:
        _check(meter, each.quantity)
    usage.add_many(connection, meter.value, used)


def _check(meter: Meter, quantity: float) -> None:
    if not math.isfinite(quantity) or quantity < 0:
        raise ValueError(f"{meter} cannot grow by {quantity}")
