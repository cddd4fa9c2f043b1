"""When a vertical's schedules are due, for each tenant that uses it."""

from datetime import datetime

from sqlalchemy import Connection, and_, delete, insert, or_, select

from podion.storage.clock import now
from podion.storage.tables import enablements, tenants, ticks


def due(connection: Connection, vertical: str, job: str, limit: int = 100) -> list[str]:
    """Return tenants that have the vertical enabled, are not disabled, and whose turn has come or never was."""
    its = and_(ticks.c.tenant == enablements.c.tenant, ticks.c.vertical == vertical, ticks.c.job == job)
    joined = enablements.join(tenants, tenants.c.id == enablements.c.tenant).outerjoin(ticks, its)
    mine = (enablements.c.vertical == vertical, tenants.c.disabled_at.is_(None))
    turn = or_(ticks.c.next_at.is_(None), ticks.c.next_at <= now())
    query = select(enablements.c.tenant).select_from(joined).where(*mine, turn).order_by(ticks.c.next_at).limit(limit)
    return list(connection.execute(query).scalars())


def set_next(connection: Connection, tenant: str, vertical: str, job: str, at: datetime) -> None:
    """Note when the next turn is."""
    mine = (ticks.c.tenant == tenant, ticks.c.vertical == vertical, ticks.c.job == job)
    connection.execute(delete(ticks).where(*mine))
    connection.execute(insert(ticks).values(tenant=tenant, vertical=vertical, job=job, next_at=at))
