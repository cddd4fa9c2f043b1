"""A version whose head answers nonsense stops serving, and the last good one serves again."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import Connection

from podion.errors import Conflict, PluginError
from podion.storage import adapters, audit, deployments
from podion.storage.database import Database
from podion.storage.deployments import DeploymentRow
from podion.storage.ids import new_id

ACTOR = "platform"
"""Who suspends, in the ledger and in the audit: nobody's key."""

_MOST = 8
"""Versions that may be suspended in the course of one request, of several tasks or one after the other."""

log = logging.getLogger(__name__)

T = TypeVar("T")


class Suspension:
    """Suspends versions of any tenant; `forget` is called with the tenant when what serves it has changed."""

    def __init__(self, database: Database, forget: Callable[[str], None]) -> None:
        self._database = database
        self._forget = forget

    async def answered(self, tenant: str, answer: Callable[[], Awaitable[T]]) -> T:
        """Return what `answer` returns, from the last good version where the one that serves is suspended meanwhile.

        Raises what `answer` raises, and the `PluginError` (code `bad_output`) when there was nothing to go back to.
        """
        bad: PluginError | None = None
        for _ in range(_MOST):
            try:
                return await answer()
            except PluginError as error:
                bad = error
            except Conflict as conflict:
                if bad is None or conflict.code != "untrained":
                    raise
                raise _nothing_left(bad) from conflict
            if bad.code != "bad_output" or not await self._suspended(tenant, bad.adapter, bad.detail):
                raise bad
            self._forget(tenant)
        return await answer()

    async def _suspended(self, tenant: str, adapter: str, why: str) -> bool:
        return bool(adapter) and await self._database.write(lambda c: suspend(c, tenant, adapter, why))


def suspend(c: Connection, tenant: str, adapter: str, why: str) -> bool:
    """Suspend what an adapter serves and restore the last good version; return whether another one answers now.

    It does so once, however many requests found out at the same time. A zero-shot adapter is nobody's deployment and
    stays.
    """
    row = adapters.get(c, tenant, adapter)
    live = deployments.live(c, tenant, row.task) if row is not None else None
    if row is None or live is None or live.adapter != adapter:
        return live is not None or deployments.suspension(c, tenant, adapter) is not None
    back = _restored(c, deployments.suspend(c, live, why))
    detail = {"task": row.task, "adapter": adapter, "reason": why, "restored": back.adapter if back else None}
    audit.add(c, tenant, ACTOR, "deployment.suspend", live.id, detail)
    log.warning("suspended", extra={"tenant": tenant, **detail})
    return True


def _restored(c: Connection, bad: DeploymentRow) -> DeploymentRow | None:
    """Make the last good version before a suspended deployment live; return None where there is none."""
    good = deployments.good_before(c, bad)
    if good is None or adapters.get(c, good.tenant, good.adapter) is None:
        return None
    wanted = DeploymentRow(
        tenant=bad.tenant, id=new_id("dep"), task=bad.task, adapter=good.adapter, actor=ACTOR, replaces=bad.id,
        reason=f"restored: {bad.id} was suspended",
    )  # fmt: skip
    return deployments.activate(c, wanted)


def _nothing_left(bad: PluginError) -> PluginError:
    return PluginError(
        f"{bad.detail}. It was suspended, and nothing served before it: train and deploy another", code=bad.code
    )
