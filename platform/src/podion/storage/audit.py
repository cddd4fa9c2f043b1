"""Who did what: rows are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from podion.storage.clock import now
from podion.storage.ids import new_id
from podion.storage.rows import newest_by_id, starts_with, values
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which deeds are asked for: those of an action, by its name or what it begins with, and those done to a target."""

    action: str
    whole: bool = True
    target: str | None = None


def page(
    connection: Connection,
    tenant: str | None,
    after: str | None = None,
    limit: int = 100,
    asked: Asked | None = None,
) -> list[AuditRow]:
    """Return the deeds in a tenant's name (None: the operator's), newest first."""
    conditions = [audit.c.tenant.is_(None) if tenant is None else audit.c.tenant == tenant]
    if asked is not None:
        conditions.append(audit.c.action == asked.action if asked.whole else starts_with(audit.c.action, asked.action))
        if asked.target is not None:
            conditions.append(audit.c.target == asked.target)
    return newest_by_id(AuditRow, connection, audit, conditions, after, limit)
