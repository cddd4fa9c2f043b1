"""What is metered, and how it gets into the ledger."""

import math
from enum import StrEnum

from podion.storage import usage
from podion.storage.database import Connection
from podion.storage.usage import UsageRow


class Meter(StrEnum):
    """What a tenant uses up."""

    ADAPTERS_DEPLOYED = "adapters_deployed"
    DOCUMENTS = "documents"
    EMBEDDINGS = "embeddings"
    FEEDBACK = "feedback"
    PREDICTIONS = "predictions"
    ROWS_UPLOADED = "rows_uploaded"
    RUNS = "runs"
    SEARCHES = "searches"
    TRAINING_SECONDS = "training_seconds"


def record(connection: Connection, tenant: str, meter: Meter, quantity: float, reference: str = "") -> UsageRow:
    """Add to a meter, in the transaction of the effect that is measured; raises `ValueError` for less than nothing."""
    if not math.isfinite(quantity) or quantity < 0:
        raise ValueError(f"{meter} cannot grow by {quantity}")
    return usage.add(connection, tenant, meter.value, quantity, reference)
