"""Which version answers a tenant's task, and what masks its records: looked up, and remembered for a moment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from podion.answers import AdapterCard
from podion.data.masking.policies import Masking
from podion.data.masking.records import Masker
from podion.errors import Conflict, NotFound
from podion.hosting.protocol import Call
from podion.lifecycle.zero_shot import ZeroShot
from podion.storage import adapters, deployments, enablements
from podion.storage.adapters import AdapterRow
from podion.storage.database import Database
from podion.storage.deployments import DeploymentRow
from podion.storage.files import Files
from podion.tenancy.remembered import Remembered
from podion.vertical import Task, Vertical


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What answers a tenant's task now: an adapter folder on a base, by the name that clients see."""

    name: str
    adapter: str
    base: str
    folder: Path

    def call(self, tenant: str, records: tuple[dict[str, Any], ...]) -> Call:
        """Return what the engine is asked to answer; without records it brings the adapter into memory."""
        return Call(owner=tenant, base=self.base, folder=str(self.folder), digest=self.adapter, records=records)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a tenant's task stands: what answers it, and what its records become before they are kept."""

    tenant: str
    answers: Serving | Conflict
    masker: Masker

    @property
    def serving(self) -> Serving:
        """What answers; raises `Conflict` (code `untrained`) while nothing can."""
        if isinstance(self.answers, Conflict):
            raise Conflict(self.answers.detail, code=self.answers.code)
        return self.answers


class Standings:
    """How every tenant's tasks stand. See `Remembered` for how soon a change is seen."""

    def __init__(self, *, database: Database, files: Files, zero_shot: ZeroShot, masking: Masking) -> None:
        self._database = database
        self._files = files
        self._zero_shot = zero_shot
        self._masking = masking
        self._remembered: Remembered[Standing] = Remembered(database.mark, lambda standing: standing.tenant)

    async def of(self, tenant: str, vertical: Vertical, task: Task) -> Standing:
        """Return how a task stands: its live deployment answers, else a zero-shot adapter."""
        key = (tenant, vertical.name, task.name)
        return await self._remembered.get(key, lambda: self._look(tenant, vertical, task))

    async def version(self, tenant: str, vertical: Vertical, task: Task, adapter: str) -> Serving:
        """Return one version of a task as what answers; raises `NotFound` where the tenant's task has no such one."""
        row = await self._database.read(lambda c: adapters.get(c, tenant, adapter))
        if row is None or row.task != f"{vertical.name}/{task.name}":
            raise NotFound(
                f"{vertical.name}/{task.name} has no adapter of this id: GET …/adapters lists those there are"
            )
        return self._serving(tenant, row.id, row)

    async def cards(self, tenant: str, vertical: Vertical, task: Task) -> list[AdapterCard]:
        """Return every version of a tenant's task, newest first."""
        name = f"{vertical.name}/{task.name}"

        def look(c: Connection) -> tuple[list[AdapterRow], DeploymentRow | None]:
            return adapters.of_task(c, tenant, name), deployments.live(c, tenant, name)

        rows, live = await self._database.read(look)
        return [
            AdapterCard(
                adapter=row.id,
                method=row.method,
                base=row.base,
                live=live is not None and live.adapter == row.id,
                created_at=row.created_at,
                metrics=row.metrics,
            )
            for row in rows
        ]

    def forget(self, tenant: str) -> None:
        """See a tenant's deployments, data and policies anew; to be called after a change to any of them."""
        self._remembered.forget(tenant)

    async def _look(self, tenant: str, vertical: Vertical, task: Task) -> Standing:
        name = f"{vertical.name}/{task.name}"

        def look(c: Connection) -> tuple[AdapterRow | None, dict[str, str]]:
            live = deployments.live(c, tenant, name)
            enabled = enablements.get(c, tenant, vertical.name)
            return adapters.get(c, tenant, live.adapter) if live else None, enabled.personal if enabled else {}

        row, personal = await self._database.read(look)
        answers = self._serving(tenant, row.id, row) if row else await self._untrained(tenant, name, task)
        return Standing(tenant=tenant, answers=answers, masker=self._masking.records(tenant, task, personal))

    async def _untrained(self, tenant: str, name: str, task: Task) -> Serving | Conflict:
        try:
            return self._serving(tenant, "zero-shot", await self._zero_shot.adapter(tenant, name, task))
        except Conflict as conflict:
            if conflict.code != "untrained":
                raise
            return conflict

    def _serving(self, tenant: str, name: str, row: AdapterRow) -> Serving:
        return Serving(name=name, adapter=row.id, base=row.base, folder=self._files.adapter(tenant, row.id))
