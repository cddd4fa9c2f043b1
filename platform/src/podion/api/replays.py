"""`Idempotency-Key` on the routes of plugins: the first answer is kept, and sent again. Plain ASGI.

A plugin's effects are several writes, so that no one transaction holds them and the answer. A retry after a crash in
between runs the route again, and meets the ids that it gave out before: `Caller.new_id` derives them from the key.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podion.api.idempotency import digest_of, in_flight, key_of, remembered
from podion.api.services import services_of
from podion.storage import idempotency
from podion.storage.idempotency import IdempotencyRow
from podion.storage.ids import derived_id, new_id

MOST_KEPT_BYTES = 1 << 20


@dataclass(kw_only=True)
class FirstRequest:
    """A request of a plugin's route under a key that nobody has used: its answer is to be kept."""

    tenant: str
    route: str
    key: str
    digest: str
    keep: Callable[[IdempotencyRow], Any]
    ids_given: int = 0
    answer: bytearray = field(default_factory=bytearray)

    def new_id(self, prefix: str) -> str:
        """Return the next id; the same request gets the same ids in the same order."""
        self.ids_given += 1
        return derived_id(prefix, f"{self.tenant}\n{self.route}\n{self.key}\n{self.ids_given}")

    async def remember(self, status: int) -> None:
        """Keep the answer."""
        body = bytes(self.answer)
        row = IdempotencyRow(
            tenant=self.tenant,
            route=self.route,
            key=self.key,
            body_digest=self.digest,
            status=status,
            response=json.loads(body) if body else None,
        )
        await self.keep(row)


class ReplayedAnswer(Exception):
    """Ends a request whose answer is known already."""

    def __init__(self, status: int, body: dict[str, Any] | None) -> None:
        super().__init__("replayed")
        self.status = status
        self.body = body


async def replayable(request: Request) -> AsyncIterator[None]:
    """A dependency: hold the request's `Idempotency-Key`, or raise `ReplayedAnswer` where its answer is known.

    Raises `Conflict` (code `in_flight`) and `DataError` (code `idempotency_mismatch`) as the host's own routes do.
    """
    key = key_of(request) if request.method == "POST" else None
    if key is None:
        yield
        return
    access = await request.app.state.gatekeeper.access(request)
    # The route's scopes are checked after this: an answer is only sent again to a key that may do the same.
    scopes = ",".join(sorted(access.identity.scopes))
    tenant, route = access.identity.tenant, f"{request.method} {request.url.path} [{scopes}]"
    digest = await digest_of(request)
    database = services_of(request).database
    with in_flight(request, tenant, route, key):
        found = await database.write(lambda c: remembered(c, tenant, route, key, digest))
        if found is not None and found.status is not None:
            raise ReplayedAnswer(found.status, found.response)

        async def keep(row: IdempotencyRow) -> None:
            await database.write(lambda c: idempotency.insert(c, row))

        request.state.first_request = FirstRequest(tenant=tenant, route=route, key=key, digest=digest, keep=keep)
        yield


def id_maker(request: Request) -> Callable[[str], str]:
    """Return what makes ids for a request: fresh ones, or those of its `Idempotency-Key`."""
    first = getattr(request.state, "first_request", None)
    return first.new_id if isinstance(first, FirstRequest) else new_id


async def send_again(_request: Request, replayed: Exception) -> Response:
    """Answer a request whose answer was kept."""
    assert isinstance(replayed, ReplayedAnswer)
    headers = {"Idempotent-Replayed": "true"}
    if replayed.body is None:
        return Response(status_code=replayed.status, headers=headers)
    return JSONResponse(replayed.body, replayed.status, headers=headers)


class KeepAnswers:
    """Keeps the 2xx answers of requests that `replayable` marked, before the client sees them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not has_key(scope):
            await self._app(scope, receive, send)
            return
        start: Message = {}

        async def keep_then_send(message: Message) -> None:
            nonlocal start
            first = scope.get("state", {}).get("first_request")
            if not isinstance(first, FirstRequest):
                await send(message)
            elif message["type"] == "http.response.start":
                start = message
                if not _kept(message):
                    scope["state"]["first_request"] = None
                    await send(message)
            else:
                first.answer += message.get("body", b"")
                if not message.get("more_body", False):
                    if len(first.answer) <= MOST_KEPT_BYTES:
                        await first.remember(start["status"])
                    await send(start)
                    await send({"type": "http.response.body", "body": bytes(first.answer)})

        await self._app(scope, receive, keep_then_send)


def has_key(scope: Scope) -> bool:
    """Return whether a request names an `Idempotency-Key`."""
    return any(name == b"idempotency-key" for name, _ in scope["headers"])


def _kept(start: Message) -> bool:
    headers = {name.lower(): value for name, value in start["headers"]}
    kind: bytes = headers.get(b"content-type", b"application/json")
    return 200 <= start["status"] < 300 and kind.startswith(b"application/json")
