"""API keys, as digests: the plaintext is never here."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update
from sqlalchemy import insert as insert_into

from podion.storage.clock import now
from podion.storage.rows import newest_by_id, one, values
from podion.storage.tables import keys

TOUCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key: whose, what it may do, and how long."""

    id: str
    tenant: str
    digest: str = field(repr=False)
    scopes: tuple[str, ...]
    label: str = ""
    created_at: datetime = field(default_factory=now)
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


def insert(connection: Connection, row: KeyRow) -> None:
    """Add a key."""
    connection.execute(insert_into(keys).values(values(row)))


def by_digest(connection: Connection, digest: str) -> KeyRow | None:
    """Return the key of that digest, whoever owns it: this is how a tenant becomes known."""
    return one(KeyRow, connection.execute(select(keys).where(keys.c.digest == digest)))


def get(connection: Connection, tenant: str, key: str) -> KeyRow | None:
    """Return a key of the tenant."""
    return one(KeyRow, connection.execute(select(keys).where(keys.c.tenant == tenant, keys.c.id == key)))


def page(connection: Connection, tenant: str, after: str | None = None, limit: int = 100) -> list[KeyRow]:
    """Return the tenant's keys, newest first."""
    return newest_by_id(KeyRow, connection, keys, [keys.c.tenant == tenant], after, limit)


def revoke(connection: Connection, tenant: str, key: str) -> KeyRow | None:
    """End a key now and return it; the time of an earlier end stays."""
    mine = update(keys).where(keys.c.tenant == tenant, keys.c.id == key)
    connection.execute(mine.where(keys.c.revoked_at.is_(None)).values(revoked_at=now()))
    return get(connection, tenant, key)


def set_expiry(connection: Connection, tenant: str, key: str, expires_at: datetime | None) -> KeyRow | None:
    """Set when a key ends by itself, and return it."""
    mine = update(keys).where(keys.c.tenant == tenant, keys.c.id == key)
    connection.execute(mine.values(expires_at=expires_at))
    return get(connection, tenant, key)


def touch(connection: Connection, tenant: str, key: str, at: datetime) -> bool:
    """Note that a key was used; return whether that was news: uses within a minute count as one, to spare the disk."""
    mine = update(keys).where(keys.c.tenant == tenant, keys.c.id == key)
    stale = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at <= at - timedelta(seconds=TOUCH_SECONDS))
    return connection.execute(mine.where(stale).values(last_used_at=at)).rowcount == 1
