"""A vertical's events as they happen: server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from podion.api.access import HostCaller
from podion.api.services import Services, services_of
from podion.caller import requires
from podion.lifecycle.outbox import message
from podion.storage.events import EventRow
from podion.vertical import Vertical

_KEEP_ALIVE_SECONDS = 10.0
_LONGEST = 18
_EVENT = {
    "type": "object",
    "description": "one event: its place, its type, and the message that webhooks are sent",
    "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["id", "event", "data"],
}


def events_router(vertical: Vertical) -> APIRouter:
    """Return the route of one vertical's events."""
    router = APIRouter(dependencies=[requires("predict")])

    @router.get(
        "/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": _EVENT}}}},
    )
    async def stream_events(
        request: Request, caller: HostCaller, last_event_id: Annotated[str | None, Header(max_length=_LONGEST)] = None
    ) -> StreamingResponse:
        """Stream the tenant's events as server-sent events; `Last-Event-ID` goes on from there, else from now."""
        services = services_of(request)
        services.streams.check(caller.tenant)
        known = last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit()
        after = await services.streams.position(caller.tenant, int(last_event_id) if known and last_event_id else None)
        stream = _told(request, services, caller.tenant, vertical, after)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return router


async def _told(
    request: Request, services: Services, tenant: str, vertical: Vertical, after: int
) -> AsyncIterator[bytes]:
    gate: Any = request.app.state.gatekeeper
    yield b": here\n\n"
    async for rows in services.streams.follow(tenant, vertical.name, after, _KEEP_ALIVE_SECONDS):
        # The key may have ended meanwhile, and the client may have gone.
        if await request.is_disconnected() or not await gate.still(request, vertical):
            return
        yield b"".join(_lines(row) for row in rows) or b": still here\n\n"


def _lines(row: EventRow) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (row.sequence, row.type.encode(), message(row))
