"""A tenant's keys: made, rotated, revoked; the secret is shown once."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, field_validator

from podion.api.access import AdminKey
from podion.api.idempotency import once
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import services_of
from podion.errors import NotFound
from podion.storage import audit, keys
from podion.storage.keys import KeyRow
from podion.tenancy.keys import issue, revoke, rotate
from podion.vertical import SCOPES, Scope

router = APIRouter(tags=["tenant"])

KeyId = Annotated[str, Path(max_length=64)]


class NewKey(BaseModel):
    """What a new key may do, and until when."""

    scopes: list[Scope] = Field(default_factory=lambda: list(SCOPES), min_length=1)
    label: str = Field(default="", max_length=200)
    expires_at: datetime | None = Field(default=None, description="null: until it is revoked")

    @field_validator("expires_at")
    @classmethod
    def _later(cls, at: datetime | None) -> datetime | None:
        if at is None:
            return None
        aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        if aware <= datetime.now(UTC):
            raise ValueError("lies in the past")
        return aware


class Rotation(BaseModel):
    """How long the old key works beside the new one."""

    overlap_seconds: int = Field(default=86_400, ge=0, le=30 * 86_400)


class KeyOut(BaseModel):
    """A key, without its secret."""

    id: str
    scopes: list[str]
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class KeyWithSecret(KeyOut):
    """A new key; `key` is shown this once and never again."""

    key: str | None


@router.post("/v1/keys", status_code=201, response_model=KeyWithSecret)
async def create_key(request: Request, identity: AdminKey, body: NewKey) -> JSONResponse:
    """Make a key."""

    def effect(c: Any) -> KeyWithSecret:
        row, secret = issue(c, identity.tenant, tuple(body.scopes), body.label, body.expires_at)
        audit.add(c, identity.tenant, identity.key, "key.create", row.id)
        return with_secret(row, secret)

    return await once(request, identity.tenant, effect, secret="key")


@router.get("/v1/keys")
async def list_keys(request: Request, identity: AdminKey, limit: Limit = 50, cursor: Cursor = None) -> Page[KeyOut]:
    """List the tenant's keys, newest first."""
    after = decode(cursor)
    rows = await services_of(request).database.read(lambda c: keys.page(c, identity.tenant, after, limit + 1))
    return page(rows, limit, shape, lambda row: row.id)


@router.post("/v1/keys/{key_id}:rotate", status_code=201, response_model=KeyWithSecret)
async def rotate_key(request: Request, identity: AdminKey, key_id: KeyId, body: Rotation) -> JSONResponse:
    """Make a key that may do the same; the old one works for the overlap and then ends."""

    def effect(c: Any) -> KeyWithSecret:
        row, secret = rotate(c, identity.tenant, key_id, body.overlap_seconds)
        audit.add(c, identity.tenant, identity.key, "key.rotate", key_id)
        return with_secret(row, secret)

    response = await once(request, identity.tenant, effect, secret="key")
    request.app.state.gatekeeper.forget(identity.tenant)
    return response


@router.post("/v1/keys/{key_id}:revoke")
async def revoke_key(request: Request, identity: AdminKey, key_id: KeyId) -> KeyOut:
    """End a key now."""

    def write(c: Any) -> KeyRow:
        revoke(c, identity.tenant, key_id)
        audit.add(c, identity.tenant, identity.key, "key.revoke", key_id)
        row = keys.get(c, identity.tenant, key_id)
        if row is None:
            raise NotFound("no key has this id: GET /v1/keys lists those there are")
        return row

    row = await services_of(request).database.write(write)
    request.app.state.gatekeeper.forget(identity.tenant)
    return shape(row)


def shape(row: KeyRow) -> KeyOut:
    """Return what clients see of a key."""
    return KeyOut(
        id=row.id,
        scopes=list(row.scopes),
        label=row.label,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def with_secret(row: KeyRow, secret: str) -> KeyWithSecret:
    """Return a new key together with its secret."""
    return KeyWithSecret(**shape(row).model_dump(), key=secret)
