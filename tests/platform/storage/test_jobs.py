import threading
import time
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from podion.storage import jobs, tenants
from podion.storage.database import Connection, Database
from podion.storage.ids import new_id
from podion.storage.jobs import JobRow

KINDS = ("run",)


def put(connection: Connection, tenant: str = "ten_ours", kind: str = "run", **other: Any) -> JobRow:
    row = JobRow(id=new_id(kind), tenant=tenant, kind=kind, subject="praise/judge", payload={"seed": 1}, **other)
    jobs.insert(connection, row)
    return row


def claim(connection: Connection, lease_seconds: float = 60) -> JobRow:
    row = jobs.claim(connection, KINDS, "worker", lease_seconds)
    assert row is not None
    return row


def test_a_job_is_its_tenants_alone(connection: Connection) -> None:
    row = put(connection)
    assert jobs.get(connection, "ten_ours", row.id) == row
    assert jobs.get(connection, "ten_theirs", row.id) is None
    assert jobs.request_cancel(connection, "ten_theirs", row.id) is None
    assert jobs.add_event(connection, "ten_theirs", row.id, {"x": 1}) is None
    assert jobs.events_after(connection, "ten_theirs", row.id) == []
    assert jobs.page(connection, "ten_theirs") == []
    assert jobs.get(connection, "ten_ours", row.id) == row


def test_pages_take_kind_and_subject(connection: Connection) -> None:
    run, other = put(connection), put(connection, kind="indexing")
    theirs = put(connection, "ten_theirs")
    assert jobs.page(connection, "ten_ours") == [other, run]
    assert jobs.page(connection, "ten_ours", "run", "praise/") == [run]
    assert jobs.page(connection, "ten_ours", "run", "other/") == []
    assert jobs.page(connection, "ten_ours", after=other.id) == [run]
    assert jobs.page(connection, "ten_theirs") == [theirs]


def test_a_claim_takes_the_oldest_of_its_kinds_and_raises_the_fence(connection: Connection) -> None:
    put(connection, kind="indexing")
    first, second = put(connection), put(connection)
    claimed = claim(connection)
    assert (claimed.id, claimed.state, claimed.fence, claimed.attempts) == (first.id, "running", 1, 1)
    assert claimed.worker == "worker"
    assert claimed.lease_until is not None
    assert claimed.started_at is not None
    assert claim(connection).id == second.id
    assert jobs.claim(connection, KINDS, "worker", 60) is None
    assert jobs.held(connection, first.id) == claimed


def test_tenants_take_turns(connection: Connection) -> None:
    ours = [put(connection) for _ in range(3)]
    theirs = [put(connection, "ten_theirs") for _ in range(2)]
    order = [claim(connection).id for _ in range(5)]
    assert order == [ours[0].id, theirs[0].id, ours[1].id, theirs[1].id, ours[2].id]


def test_a_disabled_tenants_jobs_wait(connection: Connection) -> None:
    row = put(connection)
    tenants.disable(connection, "ten_ours")
    assert jobs.claim(connection, KINDS, "worker", 60) is None
    tenants.enable(connection, "ten_ours")
    assert claim(connection).id == row.id


def test_of_two_threads_that_claim_a_job_exactly_one_gets_it(database: Database, url: str) -> None:
    # A database object each, so that only the database stands between them, as between two processes.
    other = Database(url)
    start = threading.Barrier(2)
    taken: list[list[str | None]] = [[], []]
    rounds = 25

    def work(lane: int) -> None:
        for _ in range(rounds):
            if lane == 0:
                with database.writing() as connection:
                    put(connection)
            start.wait()
            with (database, other)[lane].writing() as connection:
                row = jobs.claim(connection, KINDS, f"worker-{lane}", 60)
            taken[lane].append(row.id if row else None)
            start.wait()

    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert len(taken[0]) == rounds
    assert all((ours is None) != (theirs is None) for ours, theirs in zip(*taken, strict=True))


def test_a_lease_that_ran_out_is_claimed_again_and_the_old_fence_is_stale(connection: Connection) -> None:
    put(connection)
    old = claim(connection, lease_seconds=0.01)
    time.sleep(0.02)
    new = claim(connection)
    assert (new.id, new.fence, new.attempts, new.started_at) == (old.id, 2, 2, old.started_at)
    assert jobs.heartbeat(connection, old.id, old.fence, 60) is None
    assert jobs.add_event(connection, "ten_ours", old.id, {}, old.fence) is None
    assert not jobs.finish(connection, old.id, old.fence, "succeeded", {"stale": True})
    assert not jobs.release(connection, old.id, old.fence)
    assert jobs.get(connection, "ten_ours", old.id) == new
    assert jobs.finish(connection, new.id, new.fence, "succeeded", {"stale": False})
    assert jobs.get(connection, "ten_ours", new.id).result == {"stale": False}  # type: ignore[union-attr]


def test_leases_of_the_dead_run_out_at_once_and_only_of_the_kinds_named(connection: Connection) -> None:
    row, other = put(connection), put(connection, kind="indexing")
    before = claim(connection)
    assert jobs.claim(connection, ("indexing",), "worker", 60) is not None
    assert jobs.expire_leases(connection, ("run",)) == 1
    after = claim(connection)
    assert (after.id, after.fence) == (row.id, before.fence + 1)
    assert not jobs.finish(connection, row.id, before.fence, "succeeded")
    assert jobs.claim(connection, ("indexing",), "worker", 60) is None, other.id


def test_an_attempt_that_died_with_its_server_does_not_count_until_there_are_too_many(connection: Connection) -> None:
    row = put(connection, max_attempts=1)
    for claims in range(1, jobs.MOST_CLAIMS):
        assert claim(connection).fence == claims
        for _ in range(2):  # a server that dies while it starts gives back nothing twice
            jobs.expire_leases(connection, ("run",))
        assert jobs.get(connection, "ten_ours", row.id).attempts == 0  # type: ignore[union-attr]
        assert jobs.end_abandoned(connection, KINDS) == []
    claim(connection)
    assert jobs.expire_leases(connection, ("run",)) == 1
    assert [(ended.id, ended.state) for ended in jobs.end_abandoned(connection, KINDS)] == [(row.id, "failed")]


def test_a_job_to_be_cancelled_ends_when_its_server_has_died(connection: Connection) -> None:
    row = put(connection)
    claim(connection)
    jobs.request_cancel(connection, "ten_ours", row.id)
    assert jobs.expire_leases(connection, ("run",)) == 1
    ended = jobs.get(connection, "ten_ours", row.id)
    assert ended is not None
    assert (ended.state, ended.ended_at is None) == ("cancelled", False)


def test_a_heartbeat_prolongs_the_lease(connection: Connection) -> None:
    put(connection)
    row = claim(connection, lease_seconds=1)
    beaten = jobs.heartbeat(connection, row.id, row.fence, 60)
    assert beaten is not None
    assert beaten.lease_until > row.lease_until  # type: ignore[operator]


def test_an_ended_job_stays_as_it_ended(connection: Connection) -> None:
    put(connection)
    row = claim(connection)
    assert jobs.finish(connection, row.id, row.fence, "failed", error={"code": "bad_data", "detail": "no rows"})
    ended = jobs.get(connection, "ten_ours", row.id)
    assert ended is not None
    assert (ended.state, ended.error, ended.result) == ("failed", {"code": "bad_data", "detail": "no rows"}, None)
    assert ended.ended_at is not None
    assert ended.lease_until is None
    assert not jobs.finish(connection, row.id, row.fence, "succeeded", {})
    assert jobs.heartbeat(connection, row.id, row.fence, 60) is None
    assert jobs.request_cancel(connection, "ten_ours", row.id) == ended
    assert jobs.claim(connection, KINDS, "worker", 60) is None


def test_a_released_job_is_claimed_again(connection: Connection) -> None:
    put(connection)
    row = claim(connection)
    assert jobs.release(connection, row.id, row.fence)
    again = claim(connection)
    assert (again.fence, again.attempts) == (2, 2)
    assert jobs.release(connection, again.id, again.fence, count_attempt=False)
    assert jobs.get(connection, "ten_ours", row.id).attempts == 1  # type: ignore[union-attr]


def test_a_job_that_waits_is_cancelled_at_once_and_one_that_runs_is_asked(connection: Connection) -> None:
    running, waiting = put(connection), put(connection)
    row = claim(connection)
    assert row.id == running.id
    cancelled = jobs.request_cancel(connection, "ten_ours", waiting.id)
    assert cancelled is not None
    assert cancelled.state == "cancelled"
    assert cancelled.ended_at is not None
    asked = jobs.request_cancel(connection, "ten_ours", running.id)
    assert asked is not None
    assert (asked.state, asked.cancel_requested, asked.ended_at) == ("running", True, None)
    assert jobs.heartbeat(connection, row.id, row.fence, 60).cancel_requested  # type: ignore[union-attr]
    assert jobs.release(connection, row.id, row.fence)
    assert jobs.get(connection, "ten_ours", running.id).state == "cancelled"  # type: ignore[union-attr]
    assert jobs.claim(connection, KINDS, "worker", 60) is None


def test_abandoned_jobs_end_when_they_are_spent_or_cancelled(connection: Connection) -> None:
    spent, cancelled, again = put(connection, max_attempts=1), put(connection), put(connection)
    for _ in range(3):
        claim(connection, lease_seconds=0.01)
    jobs.request_cancel(connection, "ten_ours", cancelled.id)
    time.sleep(0.02)
    ended = {row.id: row for row in jobs.end_abandoned(connection, KINDS)}
    assert {name: row.state for name, row in ended.items()} == {spent.id: "failed", cancelled.id: "cancelled"}
    assert ended[spent.id].error["code"] == "worker_lost"  # type: ignore[index]
    assert claim(connection).id == again.id
    assert jobs.claim(connection, KINDS, "worker", 60) is None


def test_events_of_a_job_are_counted_from_one(connection: Connection) -> None:
    first, second = put(connection), put(connection)
    for number in range(3):
        jobs.add_event(connection, "ten_ours", first.id, {"epoch": number})
    jobs.add_event(connection, "ten_ours", second.id, {"epoch": 9})
    events = jobs.events_after(connection, "ten_ours", first.id)
    assert [(event.sequence, event.data) for event in events] == [(n + 1, {"epoch": n}) for n in range(3)]
    assert jobs.events_after(connection, "ten_ours", first.id, 1, limit=1) == [events[1]]
    assert [event.sequence for event in jobs.events_after(connection, "ten_ours", second.id)] == [1]
    assert jobs.get(connection, "ten_ours", first.id).progress == {"epoch": 2}  # type: ignore[union-attr]


def test_progress_without_an_event_needs_the_fence_and_is_found_by_the_next_holder(connection: Connection) -> None:
    put(connection)
    first = claim(connection)
    assert jobs.set_progress(connection, first.id, first.fence, {"done": 3})
    assert jobs.release(connection, first.id, first.fence)
    again = claim(connection)
    assert again.progress == {"done": 3}
    assert not jobs.set_progress(connection, first.id, first.fence, {"done": 4})
    assert jobs.get(connection, "ten_ours", first.id).progress == {"done": 3}  # type: ignore[union-attr]
    assert jobs.events_after(connection, "ten_ours", first.id) == []


def test_open_jobs_are_counted_by_tenant_and_kind(connection: Connection) -> None:
    for tenant, kind in (("ten_ours", "run"), ("ten_ours", "indexing"), ("ten_theirs", "run")):
        put(connection, tenant, kind)
    running = claim(connection)
    assert jobs.count_open(connection, "ten_ours", "run") == 1
    assert jobs.finish(connection, running.id, running.fence, "succeeded")
    assert jobs.count_open(connection, "ten_ours", "run") == 0
    assert jobs.count_open(connection, "ten_theirs", "run") == 1


def test_a_state_of_its_own_invention_is_refused(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        put(connection, state="paused")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_claiming_does_not_read_what_has_ended(connection: Connection) -> None:
    plan = connection.exec_driver_sql(
        "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE kind IN ('run') AND state IN ('queued', 'running') "
        "AND (state = 'queued' OR state = 'running' AND lease_until < '2026' AND attempts < max_attempts)"
    )
    assert "USING INDEX ix_jobs_state_kind_id (state=? AND kind=?)" in " ".join(str(row) for row in plan)
