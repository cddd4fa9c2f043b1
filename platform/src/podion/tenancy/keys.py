"""API keys: `pod_live_<8 characters of the key's id>_<32 secret characters><6 characters of checksum>`, base62.

Only the SHA-256 digest is kept. A secret of 190 random bits needs no slow hash: there is nothing to guess.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from podion.errors import Conflict, DataError, NotFound, Unauthenticated
from podion.storage import keys as rows
from podion.storage import tenants
from podion.storage.clock import now
from podion.storage.database import Connection
from podion.storage.ids import new_id
from podion.storage.keys import KeyRow
from podion.vertical import SCOPES

_PREFIX = "pod_live_"
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_MARK, _SECRET, _CHECK = 8, 32, 6
_FORM = re.compile(rf"{_PREFIX}[0-9A-Za-z]{{{_MARK}}}_[0-9A-Za-z]{{{_SECRET + _CHECK}}}", re.ASCII)
_REFUSED = "This key opens nothing here: it is unknown, expired or revoked, or its tenant is disabled."


class Plaintext(str):
    """A key as its owner sees it, once. A `str` in every way but `repr`, which shows how it begins."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<key {self[: len(_PREFIX) + _MARK]}…>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a key speaks for: the tenant's id, the key's id, what it may do, and until when."""

    tenant: str
    key: str
    scopes: tuple[str, ...]
    expires_at: datetime | None = None

    def has_ended(self) -> bool:
        """Return whether the key's time is over."""
        return self.expires_at is not None and self.expires_at <= now()


def mint(mark: str | None = None) -> Plaintext:
    """Return a new key; `mark` is its public part, 8 base62 characters."""
    public = f"{_PREFIX}{mark or _random(_MARK)}_{_random(_SECRET)}"
    return Plaintext(public + _checksum(public))


def looks_valid(text: str) -> bool:
    """Return whether a text has the form and the checksum of a key: a typo is told without asking the database."""
    return bool(_FORM.fullmatch(text)) and hmac.compare_digest(_checksum(text[:-_CHECK]), text[-_CHECK:])


def digest(text: str) -> str:
    """Return the SHA-256 of a key, in hex: what is kept of it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def issue(
    connection: Connection,
    tenant: str,
    scopes: Iterable[str] = SCOPES,
    label: str = "",
    expires_at: datetime | None = None,
) -> tuple[KeyRow, Plaintext]:
    """Return a new key of the tenant and its plaintext, which nobody sees again.

    Raises `DataError` for an unknown scope, for none, and for an end that has passed; `NotFound` without the tenant.
    """
    if tenants.get(connection, tenant) is None:
        raise NotFound(f"There is no tenant {tenant!r}.")
    if expires_at is not None and expires_at <= now():
        raise DataError(f"expires_at is {expires_at.isoformat()}, which has passed: give a time to come, or none.")
    key = new_id("key")
    plaintext = mint(key[-_MARK:])
    row = KeyRow(
        id=key,
        tenant=tenant,
        digest=digest(plaintext),
        scopes=_known(scopes),
        label=label,
        expires_at=expires_at,
    )
    rows.insert(connection, row)
    return row, plaintext


def rotate(connection: Connection, tenant: str, key_id: str, overlap_seconds: float = 0) -> tuple[KeyRow, Plaintext]:
    """Return a successor with the same scopes, label and end; the old key works for `overlap_seconds` more.

    Raises `NotFound` for a key that is not the tenant's and `Conflict` for one that has ended.
    """
    if overlap_seconds < 0:
        raise DataError(f"overlap_seconds is {overlap_seconds}: give 0 or more.")
    old = rows.get(connection, tenant, key_id)
    if old is None:
        raise NotFound("No key has this id: GET /v1/keys lists those there are.")
    if _ended(old, now()):
        raise Conflict(f"Key {key_id} has expired or is revoked: make a new one instead of rotating it.")
    successor = issue(connection, tenant, old.scopes, old.label, old.expires_at)
    end = now() + timedelta(seconds=overlap_seconds)
    rows.set_expiry(connection, tenant, key_id, min(end, old.expires_at or end))
    return successor


def revoke(connection: Connection, tenant: str, key_id: str) -> KeyRow:
    """End a key at once and return it; raises `NotFound` for a key that is not the tenant's."""
    row = rows.revoke(connection, tenant, key_id)
    if row is None:
        raise NotFound("No key has this id: GET /v1/keys lists those there are.")
    return row


def authenticate(connection: Connection, presented: str) -> Identity:
    """Return who a presented key speaks for; raises `Unauthenticated`, in the same words whatever is wrong with it."""
    claimed = digest(presented)
    row = rows.by_digest(connection, claimed) if looks_valid(presented) else None
    same = hmac.compare_digest(row.digest if row else digest(""), claimed)
    if row is None or not same or _ended(row, now()):
        raise Unauthenticated(_REFUSED)
    owner = tenants.get(connection, row.tenant)
    if owner is None or owner.disabled_at is not None:
        raise Unauthenticated(_REFUSED)
    return Identity(tenant=row.tenant, key=row.id, scopes=row.scopes, expires_at=row.expires_at)


def _known(scopes: Iterable[str]) -> tuple[str, ...]:
    wanted = set(scopes)
    unknown = sorted(wanted.difference(SCOPES))
    if unknown or not wanted:
        seen = ", ".join(map(repr, unknown)) or "none"
        raise DataError(f"A key needs scopes out of {', '.join(SCOPES)}; seen: {seen}.", code="unknown_scope")
    return tuple(scope for scope in SCOPES if scope in wanted)


def _ended(row: KeyRow, time: datetime) -> bool:
    return row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= time)


def _random(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode("ascii"))
    digits = []
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
