"""`Idempotency-Key`: the same request twice has one effect and one answer."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from podion.api.services import services_of
from podion.errors import Conflict, DataError
from podion.storage import idempotency
from podion.storage.idempotency import IdempotencyRow

REMEMBERED = timedelta(hours=24)
_LONGEST_KEY = 255

Effect = Callable[[Connection], BaseModel]


async def once(
    request: Request,
    tenant: str,
    effect: Effect,
    *,
    status: int = 201,
    body_digest: str | None = None,
    secret: str | None = None,
) -> JSONResponse:
    """Run `effect` in one transaction with the record of its answer, or replay the answer it once had.

    A replay carries `Idempotent-Replayed: true`; the field named `secret` is null in it, since secrets are shown once.
    Raises `Conflict` (code `in_flight`) while the first is on its way and `DataError` (code `idempotency_mismatch`)
    when the key came with another body.
    """
    key = key_of(request)
    route = f"{request.method} {request.url.path}"
    digest = body_digest or await digest_of(request)

    def in_transaction(c: Connection) -> tuple[int, dict[str, Any], bool]:
        found = remembered(c, tenant, route, key, digest) if key else None
        if found is not None and found.status is not None and found.response is not None:
            return found.status, found.response, True
        answer = effect(c).model_dump(mode="json")
        if key:
            kept = {**answer, secret: None} if secret else answer
            idempotency.insert(
                c, IdempotencyRow(tenant=tenant, route=route, key=key, body_digest=digest, status=status, response=kept)
            )
        return status, answer, False

    with in_flight(request, tenant, route, key):
        code, answer, replayed = await services_of(request).database.write(in_transaction)
    return JSONResponse(answer, code, headers={"Idempotent-Replayed": "true"} if replayed else None)


def forget_old(c: Connection) -> int:
    """Drop the answers whose time is over, of every tenant; return how many."""
    return idempotency.purge(c, datetime.now(UTC) - REMEMBERED)


def key_of(request: Request) -> str | None:
    """Return the `Idempotency-Key` of a request; raises `DataError` for one that is too long or empty."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
        raise DataError(f"Idempotency-Key has {len(key)} characters: 1 to {_LONGEST_KEY} are allowed")
    return key


async def digest_of(request: Request) -> str:
    """Return what tells a request's body and query from others'."""
    return hashlib.sha256(await request.body() + request.url.query.encode()).hexdigest()


def remembered(c: Connection, tenant: str, route: str, key: str, digest: str) -> IdempotencyRow | None:
    """Return what was answered under a key; what is too old is forgotten, so this needs a writing connection.

    Raises `DataError` (code `idempotency_mismatch`) when the key came with another body.
    """
    found = idempotency.find(c, tenant, route, key)
    if found is not None and found.created_at <= datetime.now(UTC) - REMEMBERED:
        idempotency.remove(c, tenant, route, key)
        return None
    if found is not None and found.body_digest != digest:
        raise DataError(
            f"Idempotency-Key {key!r} was used with another body: take a new key", code="idempotency_mismatch"
        )
    return found


@contextmanager
def in_flight(request: Request, tenant: str, route: str, key: str | None) -> Iterator[None]:
    """Hold a key while its request runs; raises `Conflict` (code `in_flight`) for a second one."""
    held: set[tuple[str, str, str]] = request.app.state.in_flight
    if key is None:
        yield
        return
    mark = (tenant, route, key)
    if mark in held:
        raise Conflict(
            f"a request with Idempotency-Key {key!r} is under way: ask again shortly", code="in_flight", retry_after=1
        )
    held.add(mark)
    try:
        yield
    finally:
        held.discard(mark)
