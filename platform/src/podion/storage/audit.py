"""Who did what: rows are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from podion.storage.clock import now
from podion.storage.ids import new_id
from podion.storage.rows import newest_by_id, values
from podion.storage.tables import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """A deed. `tenant` is None for the operator's own, which outlive the tenant they concern."""

    id: str
    tenant: str | None
    actor: str
    action: str
    target: str
    detail: dict[str, Any]
    at: datetime


def add(
    connection: Connection,
    tenant: str | None,
    actor: str,
    action: str,
    target: str,
    detail: Mapping[str, Any] | None = None,
) -> AuditRow:
    """Note a deed and return the row."""
    row = AuditRow(
        id=new_id("aud"), tenant=tenant, actor=actor, action=action, target=target, detail=dict(detail or {}), at=now()
    )
    connection.execute(insert(audit).values(values(row)))
    return row


def page(connection: Connection, tenant: str | None, after: str | None = None, limit: int = 100) -> list[AuditRow]:
    """Return the deeds in a tenant's name (None: the operator's), newest first."""
    mine = audit.c.tenant.is_(None) if tenant is None else audit.c.tenant == tenant
    return newest_by_id(AuditRow, connection, audit, [mine], after, limit)
