"""The gate, the switch, the way back, and the ledger of it all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from podion.errors import Conflict, DataError, NotFound, PodionError
from podion.hookspecs import Candidate
from podion.lifecycle.deployments import Deployer
from podion.storage import audit, deployments, usage
from podion.storage.database import Database
from podion.storage.files import Files

TASK = "customer_service/intent"
Add = Callable[..., str]


class Gate:
    """A catalogue that objects to what it is told to."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.asked: list[Candidate] = []

    def objections(self, candidate: Candidate) -> list[str]:
        self.asked.append(candidate)
        return self.reasons


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def deployer(gate: Any, files: Files) -> Deployer:
    return Deployer(gate, files)


def test_what_is_deployed_serves_and_what_served_before_has_ended(
    database: Database, deployer: Deployer, tenants: tuple[str, str], add_adapter: Add
) -> None:
    ada, bob = tenants
    one, two, his = add_adapter(ada), add_adapter(ada, scale=2), add_adapter(bob)
    assert one == his, "the same bits have the same name, and are still each tenant's own"
    with database.writing() as c:
        first = deployer.deploy(c, ada, TASK, one, "key_1")
        second = deployer.deploy(c, ada, TASK, two, "key_1")
        deployer.deploy(c, bob, TASK, his, "key_2")
        assert live(c, ada) == two
        assert live(c, bob) == his
        ended = deployments.get(c, ada, first.id)
        assert ended is not None
        assert ended.to_at == second.from_at
        assert usage.totals(c, ada) == {"adapters_deployed": 2}
        assert usage.totals(c, bob) == {"adapters_deployed": 1}
        assert [row.action for row in audit.page(c, ada)] == ["deployment"] * 2


def live(c: Connection, tenant: str) -> str | None:
    row = deployments.live(c, tenant, TASK)
    return row.adapter if row else None


def test_only_an_adapter_of_ones_own_for_that_task_is_deployed(
    database: Database, deployer: Deployer, tenants: tuple[str, str], add_adapter: Add
) -> None:
    ada, bob = tenants
    his, slots = add_adapter(bob, scale=3), add_adapter(ada, task="customer_service/slots")
    with database.writing() as c:
        said = set()
        for adapter in (his, "0" * 64, "run_unfinished"):
            with pytest.raises(NotFound) as refusal:
                deployer.deploy(c, ada, TASK, adapter, "key_1")
            said.add(refusal.value.detail)
        assert len(said) == 1
        with pytest.raises(DataError, match="customer_service/slots") as wrong:
            deployer.deploy(c, ada, TASK, slots, "key_1")
        assert wrong.value.code == "wrong_task"
        assert live(c, ada) is None
        assert usage.totals(c, ada) == {}


def test_the_gate_may_refuse_and_says_why(
    database: Database, deployer: Deployer, gate: Gate, tenants: tuple[str, str], add_adapter: Add
) -> None:
    adapter = add_adapter(tenants[0])
    gate.reasons = ["worse than the champion", "too few rows"]
    with database.writing() as c, pytest.raises(Conflict, match="worse than the champion; too few rows") as refusal:
        deployer.deploy(c, tenants[0], TASK, adapter, "key_1")
    assert refusal.value.code == "gate_refused"
    [asked] = gate.asked
    assert (asked.tenant, asked.vertical, asked.task, asked.adapter) == (
        tenants[0], "customer_service", "intent", adapter,
    )  # fmt: skip


def test_damaged_files_do_not_serve(
    database: Database, deployer: Deployer, files: Files, tenants: tuple[str, str], add_adapter: Add
) -> None:
    adapter = add_adapter(tenants[0])
    path = files.adapter(tenants[0], adapter) / "head.safetensors"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with database.writing() as c, pytest.raises(PodionError) as refusal:
        deployer.deploy(c, tenants[0], TASK, adapter, "key_1")
    assert (refusal.value.code, refusal.value.status) == ("damaged_adapter", 500)


def test_a_rollback_puts_back_what_served_before(
    database: Database, deployer: Deployer, tenants: tuple[str, str], add_adapter: Add
) -> None:
    ada, bob = tenants
    one, two = add_adapter(ada), add_adapter(ada, scale=2)
    with database.writing() as c:
        first = deployer.deploy(c, ada, TASK, one, "key_1")
        with pytest.raises(Conflict) as nothing:
            deployer.rollback(c, ada, first.id, "key_1")
        second = deployer.deploy(c, ada, TASK, two, "key_1")
        with pytest.raises(Conflict) as late:
            deployer.rollback(c, ada, first.id, "key_1")
        with pytest.raises(NotFound):
            deployer.rollback(c, bob, second.id, "key_2")
        back = deployer.rollback(c, ada, second.id, "key_1")
        assert (back.adapter, live(c, ada)) == (one, one)
        again = deployer.rollback(c, ada, back.id, "key_1")
        assert again.adapter == two, "a rollback is a deployment like any other: it can be taken back"
        ledger = [row.id for row in deployments.page(c, ada)]
        assert ledger == [again.id, back.id, second.id, first.id]
        for row, before in ((second, one), (back, two), (again, one)):
            earlier = deployments.at(c, ada, TASK, row.from_at - timedelta(microseconds=1))
            assert earlier is not None
            assert earlier.adapter == before
    assert (nothing.value.code, late.value.code) == ("nothing_before", "not_live")
