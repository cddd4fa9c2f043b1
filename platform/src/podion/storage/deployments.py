"""The ledger of deployments: what served a tenant's task, and when."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from podion.storage.clock import now
from podion.storage.rows import newest_by_id, one, starts_with, values
from podion.storage.tables import deployments

LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRow:
    """An adapter that serves a task from `from_at` up to but without `to_at` (None: still)."""

    tenant: str
    id: str
    task: str
    adapter: str
    mode: str = LIVE
    from_at: datetime = field(default_factory=now)
    to_at: datetime | None = None
    actor: str
    replaces: str | None = None
    reason: str = ""
    suspended: str | None = None
    """Why it was taken out of service for what it answered, where it was."""


def activate(connection: Connection, row: DeploymentRow) -> DeploymentRow:
    """Let a deployment take the place of the one that is live for its task, and return it as the ledger has it.

    Its `from_at` is moved up to that of its predecessor where clocks disagree; `replaces` names the predecessor.
    """
    before = live(connection, row.tenant, row.task) if row.mode == LIVE else None
    if before is not None:
        row = replace(row, from_at=max(row.from_at, before.from_at), replaces=before.id)
        mine = update(deployments).where(deployments.c.tenant == row.tenant, deployments.c.id == before.id)
        connection.execute(mine.values(to_at=row.from_at))
    connection.execute(insert(deployments).values(values(row)))
    return row


def suspend(connection: Connection, row: DeploymentRow, why: str) -> DeploymentRow:
    """End a live deployment for what it answered, and return it as the ledger has it."""
    ended = replace(row, to_at=max(now(), row.from_at), suspended=why)
    mine = update(deployments).where(deployments.c.tenant == row.tenant, deployments.c.id == row.id)
    connection.execute(mine.values(to_at=ended.to_at, suspended=why))
    return ended


def suspension(connection: Connection, tenant: str, adapter: str) -> str | None:
    """Return why the last deployment of an adapter was suspended; None when it was not, or there is none."""
    mine = select(deployments.c.suspended).where(deployments.c.tenant == tenant, deployments.c.adapter == adapter)
    newest = mine.order_by(deployments.c.from_at.desc(), deployments.c.id.desc()).limit(1)
    found: str | None = connection.execute(newest).scalar()
    return found


def good_before(connection: Connection, row: DeploymentRow) -> DeploymentRow | None:
    """Return what to go back to from `row`: the deployment it replaced, passing over adapters that are suspended.

    What was put back in the place of a suspended one goes back further still, not to itself.
    """
    passed = False
    before = _replaced(connection, row)
    while before is not None and (
        suspension(connection, row.tenant, before.adapter) is not None or (passed and before.adapter == row.adapter)
    ):
        passed = True
        before = _replaced(connection, before)
    return before


def _replaced(connection: Connection, row: DeploymentRow) -> DeploymentRow | None:
    return get(connection, row.tenant, row.replaces) if row.replaces else None


def live(connection: Connection, tenant: str, task: str) -> DeploymentRow | None:
    """Return what serves the task now."""
    query = select(deployments).where(*_served(tenant, task), deployments.c.to_at.is_(None))
    return one(DeploymentRow, connection.execute(query))


def at(connection: Connection, tenant: str, task: str, when: datetime) -> DeploymentRow | None:
    """Return what served the task at that time."""
    still = or_(deployments.c.to_at.is_(None), deployments.c.to_at > when)
    query = select(deployments).where(*_served(tenant, task), deployments.c.from_at <= when, still)
    return one(DeploymentRow, connection.execute(query))


def get(connection: Connection, tenant: str, deployment: str) -> DeploymentRow | None:
    """Return a deployment of the tenant."""
    query = select(deployments).where(deployments.c.tenant == tenant, deployments.c.id == deployment)
    return one(DeploymentRow, connection.execute(query))


def page(
    connection: Connection, tenant: str, task_prefix: str = "", after: str | None = None, limit: int = 100
) -> list[DeploymentRow]:
    """Return the tenant's deployments of tasks that start with `task_prefix`, newest first."""
    mine = [deployments.c.tenant == tenant, starts_with(deployments.c.task, task_prefix)]
    return newest_by_id(DeploymentRow, connection, deployments, mine, after, limit)


def _served(tenant: str, task: str) -> tuple[Any, ...]:
    return deployments.c.tenant == tenant, deployments.c.task == task, deployments.c.mode == LIVE
