"""What answers a tenant's task is remembered, and a change is seen: at once by who made it, soon by every other."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from podion.data.masking.policies import Masking
from podion.errors import Conflict
from podion.lifecycle.standings import Standings
from podion.lifecycle.zero_shot import ZeroShot
from podion.storage import audit, deployments, enablements
from podion.storage.database import Connection, Database
from podion.storage.deployments import DeploymentRow
from podion.storage.files import Files
from podion.storage.ids import new_id
from podion.vertical import Task, Vertical


class Untrained:
    async def adapter(self, _tenant: str, name: str, _task: Any) -> Any:
        raise Conflict(f"{name} has nothing to answer with yet", code="untrained")


@pytest.fixture
def standings(database: Database, files: Files) -> Standings:
    zero_shot = cast(ZeroShot, Untrained())
    return Standings(database=database, files=files, zero_shot=zero_shot, masking=Masking(bytes(32)))


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """The same database as another process has it open."""
    other = Database(database.url)
    yield other
    other.close()


@pytest.fixture
def intent(vertical: Vertical) -> Task:
    task = vertical.task("intent")
    assert task is not None
    return task


def deploy(database: Database, tenant: str, adapter: str) -> None:
    with database.writing() as c:
        deployments.activate(
            c,
            DeploymentRow(tenant=tenant, id=new_id("dep"), task="customer_service/intent", adapter=adapter, actor="x"),
        )


def test_who_deploys_and_forgets_is_served_by_the_new_one_at_once(
    database: Database,
    standings: Standings,
    add_adapter: Callable[..., str],
    vertical: Vertical,
    intent: Task,
    tenants: tuple[str, str],
) -> None:
    ada, bob = tenants
    first, second, his = add_adapter(ada), add_adapter(ada, scale=2.0), add_adapter(bob)

    async def serves(tenant: str) -> str:
        return (await standings.of(tenant, vertical, intent)).serving.adapter

    async def story() -> None:
        for _ in range(2):
            with pytest.raises(Conflict, match="nothing to answer with"):
                await serves(ada)
        for adapter in (first, second, first):
            deploy(database, ada, adapter)
            standings.forget(ada)
            assert await serves(ada) == adapter
        deploy(database, bob, his)
        standings.forget(bob)
        assert (await serves(ada), await serves(bob)) == (first, his)
        with database.writing() as c:
            enablements.put(c, ada, "customer_service", {}, {"intent.text": "allow"})
        standings.forget(ada)
        assert dict((await standings.of(ada, vertical, intent)).masker.policies) == {"text": "allow"}

    asyncio.run(story())


def test_what_another_process_deploys_serves_within_half_a_second_while_answers_are_written(
    database: Database,
    standings: Standings,
    other: Database,
    add_adapter: Callable[..., str],
    vertical: Vertical,
    intent: Task,
    tenants: tuple[str, str],
) -> None:
    ada, _ = tenants
    first, second = add_adapter(ada), add_adapter(ada, scale=2.0)
    deploy(other, ada, first)

    def answer(c: Connection) -> None:
        audit.add(c, ada, "stands for an answer", "x", "y")

    async def serves() -> str:
        await database.append(answer)
        return (await standings.of(ada, vertical, intent)).serving.adapter

    async def story() -> float:
        assert await serves() == first
        deploy(other, ada, second)
        began = time.monotonic()
        while await serves() == first:
            assert time.monotonic() - began < 5
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    assert asyncio.run(story()) < 2, "half a second, and what a busy machine adds"
