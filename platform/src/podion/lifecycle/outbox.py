"""What a vertical tells the world: kept in one write with who is to be told, then on its way."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from podion.background import EventType
from podion.errors import TooLarge
from podion.lifecycle.bell import Bell
from podion.storage import deliveries, events, webhooks
from podion.storage.database import Database
from podion.storage.deliveries import DeliveryRow
from podion.storage.events import EventRow
from podion.vertical import Vertical

MOST_BYTES = 256 << 10


class Outbox:
    """Takes events of any tenant; `bell` rings when there is one."""

    def __init__(self, database: Database) -> None:
        self.bell = Bell()
        self._database = database

    async def emit(self, tenant: str, vertical: Vertical, event: EventType, payload: BaseModel) -> EventRow:
        """Return an event once it is on the disk, with a delivery for each endpoint that wants its type.

        Raises `ValueError` for an event that the vertical does not declare, `TypeError` for another payload than the
        event's, and `TooLarge` above 256 KiB of JSON.
        """
        if event not in vertical.events:
            known = ", ".join(each.name for each in vertical.events) or "none"
            raise ValueError(f"{vertical.name} declares no event {event.name!r} (declared: {known})")
        type_ = f"{vertical.name}.{event.name}"
        if not isinstance(payload, event.payload):
            raise TypeError(f"{type_} carries {event.payload.__name__}, not {type(payload).__name__}")
        data = payload.model_dump(mode="json")
        if len(json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")) > MOST_BYTES:
            raise TooLarge(f"the payload of {type_} is larger than {MOST_BYTES >> 10} KiB: send what it is about by id")
        row = await self._database.append(lambda c: keep(c, tenant, vertical.name, type_, data))
        self.bell.ring()
        return row


def keep(c: Connection, tenant: str, vertical: str, type_: str, data: Mapping[str, Any]) -> EventRow:
    """Keep an event, and that each endpoint which wants it is to be told."""
    row = events.add(c, tenant, vertical, type_, data)
    wanted = [each for each in webhooks.open_ones(c, tenant) if each.wants(type_)]
    deliveries.add_many(c, [DeliveryRow(tenant=tenant, webhook=each.id, event=row.sequence) for each in wanted])
    return row


def message(event: EventRow) -> bytes:
    """Return the body that tells an event, the same each time: `id`, `type`, `timestamp`, `data`."""
    told = {"id": event.id, "type": event.type, "timestamp": event.at.isoformat(), "data": event.data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
