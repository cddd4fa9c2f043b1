"""Which adapter serves a tenant's task: the gate, the switch, the way back, and the ledger of it all."""

from collections.abc import Sequence

from sqlalchemy import Connection

from podion.catalogue.catalogue import Catalogue
from podion.errors import Conflict, DataError, NotFound
from podion.hookspecs import Candidate
from podion.lifecycle.intact import intact_adapter
from podion.storage import adapters, audit, deployments
from podion.storage.adapters import AdapterRow
from podion.storage.deployments import DeploymentRow
from podion.storage.files import Files
from podion.storage.ids import new_id
from podion.tenancy.usage import Meter, record


class Deployer:
    """Makes adapters serve, for one installation."""

    def __init__(self, catalogue: Catalogue, files: Files) -> None:
        self._catalogue = catalogue
        self._files = files

    def objections(self, c: Connection, tenant: str, adapter: str) -> list[str]:
        """Return why the adapter's plugin does not let it serve; empty also for an adapter that is not there.

        It may take seconds: ask before the transaction that deploys, which keeps every other writer waiting.
        """
        row = adapters.get(c, tenant, adapter)
        return self._asked(tenant, row) if row else []

    def deploy(
        self,
        c: Connection,
        tenant: str,
        task: str,
        adapter: str,
        actor: str,
        reasons: Sequence[str] | None = None,
        *,
        force: bool = False,
    ) -> DeploymentRow:
        """Make `adapter` live for the tenant's task; raises `NotFound`, or `Conflict` with the gate's reasons.

        `reasons` are the plugin's objections, where they were asked for before; without them it is asked here.
        A version that was suspended for what it answered is deployed with `force` only.
        """
        row = adapters.get(c, tenant, adapter)
        if row is None:
            raise NotFound("no adapter has this id: a run that has succeeded names its adapter")
        if row.task != task:
            raise DataError(f"adapter {adapter[:12]}… answers {row.task}, not {task}", code="wrong_task")
        intact_adapter(self._files, tenant, row.id)
        if not force:
            _check_suspension(row, deployments.suspension(c, tenant, adapter))
        _check_gate(row, self._asked(tenant, row) if reasons is None else reasons)
        return self._activate(c, tenant, row, actor, reason="deployed")

    def rollback(self, c: Connection, tenant: str, deployment: str, actor: str) -> DeploymentRow:
        """Put back what served before `deployment`, which must be live; raises `NotFound` or `Conflict`."""
        current = deployments.get(c, tenant, deployment)
        if current is None:
            raise NotFound("no deployment has this id: GET …/deployments lists those there are")
        if current.to_at is not None:
            raise Conflict(f"deployment {deployment} no longer serves: roll back the one that does", code="not_live")
        previous = deployments.good_before(c, current)
        row = adapters.get(c, tenant, previous.adapter) if previous else None
        if row is None:
            raise Conflict(
                f"deployment {deployment} was the first of {current.task}: nothing to go back to", code="nothing_before"
            )
        return self._activate(c, tenant, row, actor, reason=f"rollback of {deployment}")

    def _asked(self, tenant: str, row: AdapterRow) -> list[str]:
        vertical, _, task = row.task.partition("/")
        candidate = Candidate(tenant=tenant, vertical=vertical, task=task, adapter=row.id, metrics=row.metrics)
        return self._catalogue.objections(candidate)

    def _activate(self, c: Connection, tenant: str, row: AdapterRow, actor: str, *, reason: str) -> DeploymentRow:
        wanted = DeploymentRow(
            tenant=tenant, id=new_id("dep"), task=row.task, adapter=row.id, mode="live", actor=actor, reason=reason
        )
        deployment = deployments.activate(c, wanted)
        detail = {"task": row.task, "adapter": row.id, "reason": reason}
        audit.add(c, tenant, actor, "deployment", deployment.id, detail)
        record(c, tenant, Meter.ADAPTERS_DEPLOYED, 1, deployment.id)
        return deployment


def _check_gate(row: AdapterRow, reasons: Sequence[str]) -> None:
    if reasons:
        raise Conflict(f"adapter {row.id[:12]}… may not serve: {'; '.join(reasons)}", code="gate_refused")


def _check_suspension(row: AdapterRow, why: str | None) -> None:
    if why is not None:
        raise Conflict(
            f"adapter {row.id[:12]}… was suspended: {why}. Train another one; or, where its plugin was mended, deploy "
            'this one with "force": true',
            code="suspended",
        )
