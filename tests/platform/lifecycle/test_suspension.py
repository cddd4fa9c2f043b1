"""A version that answers nonsense is suspended once, the last good one answers, and nobody else notices."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podion.errors import Conflict, PluginError
from podion.lifecycle.deployments import Deployer
from podion.lifecycle.suspension import ACTOR, Suspension
from podion.storage import audit, deployments
from podion.storage.database import Database
from podion.storage.files import Files

TASK = "customer_service/intent"
Add = Callable[..., str]


class NoGate:
    def objections(self, candidate: Any) -> list[str]:
        return []


@pytest.fixture
def deployer(files: Files) -> Deployer:
    gate: Any = NoGate()
    return Deployer(gate, files)


class Answers:
    """Answers by what is live, as the predictor does: with an error for versions that are bad."""

    def __init__(self, database: Database, *bad: str) -> None:
        self._database = database
        self.bad = bad
        self.forgotten: list[str] = []
        self.asked = 0

    def of(self, tenant: str) -> Callable[[], Awaitable[str]]:
        async def answer() -> str:
            self.asked += 1
            live = await self._database.read(lambda c: deployments.live(c, tenant, TASK))
            await asyncio.sleep(0)
            if live is None:
                raise Conflict("nothing to answer with", code="untrained")
            if live.adapter in self.bad:
                raise nonsense(live.adapter)
            return live.adapter

        return answer

    def suspension(self) -> Suspension:
        return Suspension(self._database, self.forgotten.append)


def nonsense(adapter: str) -> PluginError:
    error = PluginError("its logits are not finite", code="bad_output")
    error.adapter = adapter
    return error


def deploy(database: Database, deployer: Deployer, tenant: str, *versions: str) -> list[str]:
    with database.writing() as c:
        return [deployer.deploy(c, tenant, TASK, version, "key_1").id for version in versions]


def live(database: Database, tenant: str) -> str | None:
    with database.reading() as c:
        row = deployments.live(c, tenant, TASK)
        return row.adapter if row else None


def test_the_last_good_version_answers_and_the_ledger_says_why(
    database: Database, deployer: Deployer, tenants: tuple[str, str], add_adapter: Add
) -> None:
    ada, bob = tenants
    good, worse, bad = (add_adapter(ada, scale=scale) for scale in (1, 2, 3))
    assert add_adapter(bob, scale=3) == bad
    deploy(database, deployer, bob, bad)
    ids = deploy(database, deployer, ada, good, worse, bad)
    answers = Answers(database, worse, bad)
    found = asyncio.run(answers.suspension().answered(ada, answers.of(ada)))
    assert (found, live(database, ada), live(database, bob)) == (good, good, bad), "other tenants keep what they have"
    assert answers.forgotten == [ada, ada]
    with database.reading() as c:
        ledger = deployments.page(c, ada)
        assert [(row.adapter, row.suspended) for row in reversed(ledger)] == [
            (good, None), (worse, None), (bad, "its logits are not finite"),
            (worse, "its logits are not finite"), (good, None),
        ]  # fmt: skip
        assert (ledger[0].actor, ledger[0].reason) == (ACTOR, f"restored: {ledger[1].id} was suspended")
        deeds = [row for row in audit.page(c, ada) if row.action == "deployment.suspend"]
        assert [(row.target, row.detail["restored"]) for row in reversed(deeds)] == [
            (ids[2], worse),
            (ledger[1].id, good),
        ]
    with database.writing() as c, pytest.raises(Conflict) as refusal:
        deployer.rollback(c, ada, ledger[0].id, "key_1")
    assert refusal.value.code == "nothing_before", "a way back leads neither to what was suspended nor to itself"


def test_many_who_find_out_at_once_suspend_once(
    database: Database, deployer: Deployer, tenants: tuple[str, str], add_adapter: Add
) -> None:
    ada, _ = tenants
    good, bad = add_adapter(ada), add_adapter(ada, scale=2)
    deploy(database, deployer, ada, good, bad)
    answers = Answers(database, bad)

    async def story() -> list[str]:
        suspension = answers.suspension()
        return await asyncio.gather(*(suspension.answered(ada, answers.of(ada)) for _ in range(20)))

    assert asyncio.run(story()) == [good] * 20
    with database.reading() as c:
        assert len(deployments.page(c, ada)) == 3
        assert [row.action for row in audit.page(c, ada)].count("deployment.suspend") == 1


def test_with_nothing_to_go_back_to_the_error_says_so_until_another_is_deployed(
    database: Database, deployer: Deployer, tenants: tuple[str, str], add_adapter: Add
) -> None:
    ada, _ = tenants
    bad, other = add_adapter(ada, scale=2), add_adapter(ada, scale=3)
    deploy(database, deployer, ada, bad, bad)
    answers = Answers(database, bad)
    with pytest.raises(PluginError, match=r"not finite\. It was suspended, and nothing served before it") as raised:
        asyncio.run(answers.suspension().answered(ada, answers.of(ada)))
    assert raised.value.code == "bad_output"
    assert live(database, ada) is None
    with database.writing() as c, pytest.raises(Conflict, match=r'suspended: its logits.*"force": true') as refusal:
        deployer.deploy(c, ada, TASK, bad, "key_1")
    assert refusal.value.code == "suspended"
    deploy(database, deployer, ada, other)
    assert asyncio.run(answers.suspension().answered(ada, answers.of(ada))) == other
    answers.bad = ()
    with database.writing() as c:
        deployer.deploy(c, ada, TASK, bad, "key_1", force=True)
        assert deployments.suspension(c, ada, bad) is None
    assert asyncio.run(answers.suspension().answered(ada, answers.of(ada))) == bad


def test_what_is_no_versions_fault_is_raised(
    database: Database, deployer: Deployer, tenants: tuple[str, str], add_adapter: Add
) -> None:
    ada, _ = tenants
    zero_shot, deployed = add_adapter(ada), add_adapter(ada, scale=2)
    failed = nonsense(zero_shot)
    other = PluginError("head failed: ValueError", code="plugin_failed")
    other.adapter = deployed
    deploy(database, deployer, ada, deployed)

    async def raising(error: PluginError) -> None:
        async def answer() -> None:
            raise error

        await Answers(database).suspension().answered(ada, answer)

    for error in (other, PluginError("no version", code="bad_output"), nonsense("0" * 64)):
        with pytest.raises(PluginError):
            asyncio.run(raising(error))
    assert live(database, ada) == deployed
    with database.writing() as c:
        row = deployments.live(c, ada, TASK)
        assert row is not None
        deployments.suspend(c, row, "by hand")
    with pytest.raises(PluginError):  # it answers without a deployment: there is nothing to suspend
        asyncio.run(raising(failed))
