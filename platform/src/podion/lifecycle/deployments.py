"""Which adapter serves a tenant's task: the gate, the switch, the way back, and the ledger of it all."""

from sqlalchemy import Connection

from podion.catalogue.catalogue import Catalogue
from podion.errors import Conflict, DataError, NotFound
from podion.hookspecs import Candidate
from podion.hosting.adapter_files import read_adapter
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

    def deploy(self, c: Connection, tenant: str, task: str, adapter: str, actor: str) -> DeploymentRow:
        """Make `adapter` live for the tenant's task; raises `NotFound`, or `Conflict` with the gate's reasons."""
        row = adapters.get(c, tenant, adapter)
        if row is None:
            raise NotFound("no adapter has this id: a run that has succeeded names its adapter")
        if row.task != task:
            raise DataError(f"adapter {adapter[:12]}… answers {row.task}, not {task}", code="wrong_task")
        self._gate(tenant, row)
        return self._activate(c, tenant, row, actor, reason="deployed")

    def rollback(self, c: Connection, tenant: str, deployment: str, actor: str) -> DeploymentRow:
        """Put back what served before `deployment`, which must be live; raises `NotFound` or `Conflict`."""
        current = deployments.get(c, tenant, deployment)
        if current is None:
            raise NotFound("no deployment has this id: GET …/deployments lists those there are")
        if current.to_at is not None:
            raise Conflict(f"deployment {deployment} no longer serves: roll back the one that does", code="not_live")
        previous = deployments.get(c, tenant, current.replaces) if current.replaces else None
        row = adapters.get(c, tenant, previous.adapter) if previous else None
        if row is None:
            raise Conflict(
                f"deployment {deployment} was the first of {current.task}: nothing to go back to", code="nothing_before"
            )
        return self._activate(c, tenant, row, actor, reason=f"rollback of {deployment}")

    def _gate(self, tenant: str, row: AdapterRow) -> None:
        read_adapter(self._files.adapter(tenant, row.id), row.id)
        vertical, _, task = row.task.partition("/")
        candidate = Candidate(tenant=tenant, vertical=vertical, task=task, adapter=row.id, metrics=row.metrics)
        reasons = self._catalogue.objections(candidate)
        if reasons:
            raise Conflict(f"adapter {row.id[:12]}… may not serve: {'; '.join(reasons)}", code="gate_refused")

    def _activate(self, c: Connection, tenant: str, row: AdapterRow, actor: str, *, reason: str) -> DeploymentRow:
        wanted = DeploymentRow(
            tenant=tenant, id=new_id("dep"), task=row.task, adapter=row.id, mode="live", actor=actor, reason=reason
        )
        deployment = deployments.activate(c, wanted)
        detail = {"task": row.task, "adapter": row.id, "reason": reason}
        audit.add(c, tenant, actor, "deployment", deployment.id, detail)
        record(c, tenant, Meter.ADAPTERS_DEPLOYED, 1, deployment.id)
        return deployment
