from datetime import timedelta
from typing import Any

import pytest

from podion.storage import background_jobs, enablements, jobs, tenants, ticks
from podion.storage.clock import now
from podion.storage.database import Connection
from podion.storage.jobs import JobRow

SUBJECT = "diary/remind"


def add(c: Connection, tenant: str = "ten_ours", subject: str = SUBJECT, seconds: float = 0, **payload: Any) -> JobRow:
    due = now() + timedelta(seconds=seconds)
    return background_jobs.add_once(c, tenant, subject, payload, due_at=due, max_attempts=2)


def claim(c: Connection, *subjects: str, lease: float = 60) -> JobRow | None:
    return background_jobs.claim(c, subjects or (SUBJECT,), "worker", lease)


def test_an_equal_job_that_waits_is_not_doubled_and_comes_sooner(connection: Connection) -> None:
    first = add(connection, seconds=60, n=1, text="a")
    again = add(connection, seconds=30, text="a", n=1)
    assert again.id == first.id
    [kept] = background_jobs.waiting(connection, "ten_ours", SUBJECT)
    assert kept.not_before is not None and first.not_before is not None and kept.not_before < first.not_before
    add(connection, seconds=90, n=1, text="a")
    assert background_jobs.waiting(connection, "ten_ours", SUBJECT) == [kept]
    others = {
        add(connection, n=2).id,
        add(connection, "ten_theirs", n=1, text="a").id,
        add(connection, subject="diary/x", n=1, text="a").id,
    }
    assert len(others - {first.id}) == 3


def test_a_job_that_runs_does_not_keep_an_equal_one_from_waiting(connection: Connection) -> None:
    first = add(connection, n=1)
    assert claim(connection) is not None
    assert add(connection, n=1).id != first.id


def test_a_job_is_claimed_when_it_is_due_and_its_subject_asked_for(connection: Connection) -> None:
    add(connection, seconds=60)
    assert not background_jobs.any_due(connection, [SUBJECT]) and claim(connection) is None
    due = add(connection, n=1)
    assert not background_jobs.any_due(connection, ["diary/other"]) and claim(connection, "diary/other") is None
    assert background_jobs.any_due(connection, [SUBJECT])
    claimed = claim(connection)
    assert claimed is not None and (claimed.id, claimed.attempts, claimed.state) == (due.id, 1, "running")
    assert not background_jobs.any_due(connection, [SUBJECT])


def test_of_a_tenant_and_a_subject_one_runs_at_a_time(connection: Connection) -> None:
    first, second = add(connection, n=1), add(connection, n=2)
    theirs, other = add(connection, "ten_theirs", n=1), add(connection, subject="diary/x")
    claimed = [claim(connection, SUBJECT, "diary/x") for _ in range(4)]
    assert {row.id for row in claimed if row} == {first.id, theirs.id, other.id}
    assert background_jobs.done(connection, first.id, 1)
    last = claim(connection)
    assert last is not None and last.id == second.id


def test_a_job_of_a_worker_that_died_is_claimed_again(connection: Connection) -> None:
    row = add(connection)
    assert claim(connection, lease=-1) is not None
    assert background_jobs.any_due(connection, [SUBJECT])
    again = claim(connection)
    assert again is not None and (again.id, again.fence, again.attempts) == (row.id, 2, 2)
    assert not background_jobs.done(connection, row.id, 1), "the fence of the first is stale"
    assert background_jobs.done(connection, row.id, 2)
    assert jobs.held(connection, row.id) is None


def test_a_job_that_failed_waits_for_its_next_time_and_says_why(connection: Connection) -> None:
    row = add(connection)
    claim(connection)
    error, later = {"code": "x", "detail": "y"}, now() + timedelta(seconds=60)
    assert jobs.release(connection, row.id, 1, not_before=later, error=error)
    [waits] = background_jobs.page(connection, "ten_ours", "queued")
    assert (waits.error, waits.not_before, waits.attempts) == (error, later, 1)
    assert claim(connection) is None


def test_leases_are_held_of_what_is_still_ours(connection: Connection) -> None:
    first, second = add(connection, n=1), add(connection, subject="diary/x")
    for _ in range(2):
        claim(connection, SUBJECT, "diary/x", lease=1)
    held = {first.id: 1, second.id: 7, "job_none": 1}
    assert background_jobs.hold(connection, "worker", held, 60) == {first.id}
    assert background_jobs.hold(connection, "another", held, 60) == set()
    row = jobs.held(connection, first.id)
    assert row is not None and row.lease_until is not None
    assert row.lease_until > now() + timedelta(seconds=50)


def test_pages_counts_and_what_is_forgotten(connection: Connection) -> None:
    waits, fails = add(connection, n=1, seconds=60), add(connection, n=2)
    theirs = add(connection, "ten_theirs")
    assert claim(connection) is not None
    jobs.finish(connection, fails.id, 1, "failed", error={"code": "x", "detail": "y"})
    assert [row.id for row in background_jobs.page(connection, "ten_ours")] == [fails.id, waits.id]
    assert [row.id for row in background_jobs.page(connection, "ten_ours", "failed")] == [fails.id]
    assert [row.id for row in background_jobs.page(connection, None, limit=1)] == [theirs.id]
    assert [row.id for row in background_jobs.page(connection, None, after=theirs.id)] == [fails.id, waits.id]
    assert background_jobs.counts(connection) == {(SUBJECT, "queued"): 2, (SUBJECT, "failed"): 1}
    assert background_jobs.forget_failed(connection, now() - timedelta(days=1)) == 0
    assert background_jobs.forget_failed(connection, now() + timedelta(days=1)) == 1
    assert [row.id for row in background_jobs.page(connection, "ten_ours")] == [waits.id]


@pytest.mark.parametrize("late", [False, True])
def test_a_tenants_turn_comes_again_and_again(connection: Connection, late: bool) -> None:
    for tenant in ("ten_ours", "ten_theirs"):
        enablements.put(connection, tenant, "diary", {})
    enablements.put(connection, "ten_ours", "other", {})
    assert sorted(ticks.due(connection, "diary", "remind")) == ["ten_ours", "ten_theirs"]
    ticks.set_next(connection, "ten_ours", "diary", "remind", now() + timedelta(seconds=-5 if late else 5))
    assert ("ten_ours" in ticks.due(connection, "diary", "remind")) == late
    assert ticks.due(connection, "other", "remind") == ["ten_ours"], "another vertical's turn is its own"
    tenants.disable(connection, "ten_theirs")
    assert ticks.due(connection, "diary", "remind") == (["ten_ours"] if late else [])
    enablements.delete(connection, "ten_ours", "diary")
    assert ticks.due(connection, "diary", "remind") == []
