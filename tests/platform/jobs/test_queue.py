import pytest

from podion.jobs.queue import Cancelled, Lease, LostLease, enqueue, request_cancel
from podion.storage import adapters, jobs, tenants
from podion.storage.database import Connection, Database


def leased(database: Database, tenant: str = "ten_ours") -> Lease:
    with database.writing() as connection:
        enqueue(connection, tenant, "run", "praise/judge", {"seed": 1})
        job = jobs.claim(connection, ["run"], "worker", 60)
    assert job is not None
    return Lease(database, job)


def take_over(database: Database, lease: Lease) -> None:
    with database.writing() as connection:
        assert jobs.release(connection, lease.job.id, lease.fence)
        assert jobs.claim(connection, ["run"], "other", 60) is not None


def adapter(name: str) -> adapters.AdapterRow:
    return adapters.AdapterRow(
        tenant="ten_ours", id=name, task="praise/judge", run=None, method="head", base="b", fingerprint="f"
    )


def test_a_job_begins_queued_and_is_its_tenants(database: Database) -> None:
    with database.writing() as connection:
        row = enqueue(connection, "ten_ours", "run", "praise/judge", {"seed": 1}, max_attempts=2)
        assert row.id.startswith("run_")
        assert jobs.get(connection, "ten_ours", row.id) == row
        assert (row.state, row.max_attempts, row.payload) == ("queued", 2, {"seed": 1})
        assert request_cancel(connection, "ten_theirs", row.id) is None
        assert request_cancel(connection, "ten_ours", row.id).state == "cancelled"  # type: ignore[union-attr]


def test_an_undone_order_is_no_order(database: Database) -> None:
    with pytest.raises(KeyError), database.writing() as connection:
        enqueue(connection, "ten_ours", "run", "praise/judge", {})
        raise KeyError
    with database.reading() as connection:
        assert jobs.page(connection, "ten_ours") == []


def test_finishing_is_one_with_its_effects(database: Database) -> None:
    lease = leased(database)
    with database.writing() as connection:
        adapters.insert(connection, adapter("a1"))
        lease.finish(connection, {"adapter": "a1"})
    with database.reading() as connection:
        row = jobs.get(connection, "ten_ours", lease.job.id)
        assert row is not None
        assert (row.state, row.result) == ("succeeded", {"adapter": "a1"})
        assert adapters.get(connection, "ten_ours", "a1") is not None


def test_a_stale_fence_finishes_nothing_and_undoes_its_effects(database: Database) -> None:
    lease = leased(database)
    take_over(database, lease)
    with pytest.raises(LostLease, match="fence 1"), database.writing() as connection:
        adapters.insert(connection, adapter("stale"))
        lease.finish(connection, {"adapter": "stale"})
    assert lease.lost
    with database.reading() as connection:
        row = jobs.held(connection, lease.job.id)
        assert row is not None
        assert (row.state, row.fence) == ("running", 2)
        assert adapters.get(connection, "ten_ours", "stale") is None


def test_a_stale_fence_emits_fails_and_cancels_nothing(database: Database) -> None:
    lease = leased(database)
    lease.emit({"epoch": 1})
    take_over(database, lease)
    with pytest.raises(LostLease):
        lease.emit({"epoch": 2})

    def fail(connection: Connection) -> None:
        lease.fail(connection, "internal", "x")

    for end in (fail, lease.cancel):
        with pytest.raises(LostLease), database.writing() as connection:
            end(connection)
    with database.reading() as connection:
        assert [event.data for event in jobs.events_after(connection, "ten_ours", lease.job.id)] == [{"epoch": 1}]
        assert jobs.held(connection, lease.job.id).state == "running"  # type: ignore[union-attr]


@pytest.mark.parametrize("notice", ["look", "heartbeat"])
def test_a_lost_lease_is_noticed(database: Database, notice: str) -> None:
    lease = leased(database)
    getattr(lease, notice)()
    lease.check()
    take_over(database, lease)
    lease.check()
    getattr(lease, notice)()
    with pytest.raises(LostLease):
        lease.check()


@pytest.mark.parametrize("notice", ["look", "heartbeat"])
def test_a_cancel_is_noticed(database: Database, notice: str) -> None:
    lease = leased(database)
    with database.writing() as connection:
        request_cancel(connection, "ten_ours", lease.job.id)
    lease.check()
    getattr(lease, notice)()
    assert lease.cancelled
    with pytest.raises(Cancelled):
        lease.check()
    with database.writing() as connection:
        lease.cancel(connection)
    with database.reading() as connection:
        assert jobs.held(connection, lease.job.id).state == "cancelled"  # type: ignore[union-attr]


def test_looking_at_a_deleted_tenants_job_is_a_loss(database: Database) -> None:
    lease = leased(database)
    with database.writing() as connection:
        tenants.delete(connection, "ten_ours")
    lease.look()
    assert lease.lost
