from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert
from sqlalchemy.exc import IntegrityError

from podion.storage import deployments, tenants
from podion.storage.database import Connection
from podion.storage.deployments import DeploymentRow
from podion.storage.ids import new_id
from podion.storage.rows import values
from podion.storage.tables import deployments as table
from podion.storage.tables import metadata

START = datetime(2026, 1, 1, tzinfo=UTC)


def deployment(
    tenant: str, adapter: str, minute: float = 0, task: str = "praise/judge", mode: str = "live"
) -> DeploymentRow:
    return DeploymentRow(
        tenant=tenant,
        id=new_id("dep"),
        task=task,
        adapter=adapter,
        mode=mode,
        from_at=START + timedelta(minutes=minute),
        actor="key_1",
    )


def test_what_serves_a_tenant_is_its_own(connection: Connection) -> None:
    ours = deployments.activate(connection, deployment("ten_ours", "a1"))
    assert deployments.live(connection, "ten_theirs", "praise/judge") is None
    assert deployments.get(connection, "ten_theirs", ours.id) is None
    assert deployments.page(connection, "ten_theirs") == []
    assert deployments.at(connection, "ten_theirs", "praise/judge", START) is None
    theirs = deployments.activate(connection, deployment("ten_theirs", "a2"))
    assert theirs.replaces is None
    assert deployments.live(connection, "ten_ours", "praise/judge") == ours


def test_a_successor_closes_the_one_before(connection: Connection) -> None:
    first = deployments.activate(connection, deployment("ten_ours", "a1", 0))
    second = deployments.activate(connection, deployment("ten_ours", "a2", 5))
    other = deployments.activate(connection, deployment("ten_ours", "a3", 7, task="praise/other"))
    assert second.replaces == first.id
    assert deployments.live(connection, "ten_ours", "praise/judge") == second
    assert deployments.get(connection, "ten_ours", first.id).to_at == second.from_at  # type: ignore[union-attr]
    assert [row.id for row in deployments.page(connection, "ten_ours", "praise/")] == [other.id, second.id, first.id]


def test_a_shadow_closes_nothing(connection: Connection) -> None:
    first = deployments.activate(connection, deployment("ten_ours", "a1", 0))
    deployments.activate(connection, deployment("ten_ours", "a2", 5, mode="shadow"))
    assert deployments.live(connection, "ten_ours", "praise/judge") == first


def test_the_database_itself_refuses_two_live_ones(connection: Connection) -> None:
    row = deployments.activate(connection, deployment("ten_ours", "a1"))
    with pytest.raises(IntegrityError):
        connection.execute(insert(table).values(values(replace(row, id="dep_2", adapter="a2"))))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_exactly_one_serves_at_every_time_even_when_clocks_jump(minutes: list[int]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        tenants.insert(connection, tenants.TenantRow(id="ten_ours", name="ours"))
        latest = START
        expected: dict[int, str] = {}
        for number, minute in enumerate(minutes):
            row = deployments.activate(connection, deployment("ten_ours", f"a{number}", minute))
            latest = max(latest, START + timedelta(minutes=minute))
            assert row.from_at == latest
            for later in range(31):
                if START + timedelta(minutes=later) >= latest:
                    expected[later] = row.id
        for minute in range(31):
            found = deployments.at(connection, "ten_ours", "praise/judge", START + timedelta(minutes=minute))
            assert (found and found.id) == expected.get(minute)
    engine.dispose()
