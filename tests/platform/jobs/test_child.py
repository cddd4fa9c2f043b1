import logging
import threading
import time
from typing import Any

import pytest

from podion.errors import DataError
from podion.jobs import child
from podion.jobs.child import run_claimed
from podion.jobs.queue import Lease, enqueue, request_cancel
from podion.storage import jobs, usage
from podion.storage.database import Database
from podion.storage.jobs import JobRow


def claimed(database: Database, kind: str = "run", lease_seconds: float = 60) -> JobRow:
    with database.writing() as connection:
        enqueue(connection, "ten_ours", kind, "praise/judge", {"seed": 7})
        job = jobs.claim(connection, [kind], "worker", lease_seconds)
    assert job is not None
    return job


def found(database: Database, job: JobRow) -> JobRow:
    with database.reading() as connection:
        row = jobs.get(connection, "ten_ours", job.id)
    assert row is not None
    return row


def take_over(database: Database, job: JobRow) -> None:
    with database.writing() as connection:
        assert jobs.release(connection, job.id, job.fence)
        assert jobs.claim(connection, [job.kind], "other", 60) is not None


def test_a_handlers_result_ends_the_job(database: Database) -> None:
    job = claimed(database)

    def handler(lease: Lease) -> dict[str, Any]:
        lease.emit({"epoch": 1})
        return {"seed": lease.job.payload["seed"]}

    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "succeeded"
    row = found(database, job)
    assert (row.state, row.result, row.progress) == ("succeeded", {"seed": 7}, {"epoch": 1})


def test_a_handler_may_end_the_job_with_its_effects(database: Database) -> None:
    job = claimed(database)

    def handler(lease: Lease) -> dict[str, Any]:
        with database.writing() as connection:
            usage.add(connection, "ten_ours", "runs", 1)
            lease.finish(connection, {"by": "handler"})
        return {"by": "return"}

    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "succeeded"
    assert found(database, job).result == {"by": "handler"}


def test_an_error_for_the_tenant_fails_the_job_with_its_words(database: Database) -> None:
    job = claimed(database)

    def handler(lease: Lease) -> dict[str, Any]:
        raise DataError("the data set has one label: give two or more", code="one_label")

    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "failed"
    row = found(database, job)
    assert row.error == {"code": "one_label", "detail": "the data set has one label: give two or more"}


def test_a_mistake_of_ours_is_logged_whole_and_told_without_secrets(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    job = claimed(database)

    def handler(lease: Lease) -> dict[str, Any]:
        raise KeyError("/secret/path")

    with caplog.at_level(logging.ERROR):
        assert run_claimed(database, job.id, job.fence, {"run": handler}) == "failed"
    error = found(database, job).error
    assert error is not None
    assert error["code"] == "internal"
    assert "KeyError" in error["detail"]
    assert "/secret/path" not in error["detail"]
    assert "/secret/path" in caplog.text
    assert job.id in caplog.text


def test_a_kind_without_handler_fails_and_names_those_there_are(database: Database) -> None:
    job = claimed(database, kind="indexing")
    assert run_claimed(database, job.id, job.fence, {"run": lambda lease: {}}) == "failed"
    error = found(database, job).error
    assert error is not None
    assert error["code"] == "unknown_kind"
    assert "known: run" in error["detail"]


def test_a_stale_claim_is_not_even_begun(database: Database) -> None:
    job = claimed(database)
    take_over(database, job)

    def handler(lease: Lease) -> dict[str, Any]:
        raise AssertionError("begun")

    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "lost"
    assert found(database, job).state == "running"


def test_a_job_lost_meanwhile_is_not_published(database: Database) -> None:
    job = claimed(database)

    def handler(lease: Lease) -> dict[str, Any]:
        take_over(database, job)
        return {"stale": True}

    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "lost"
    row = found(database, job)
    assert (row.state, row.fence, row.result) == ("running", 2, None)


def test_a_mistake_after_the_loss_fails_nobodys_job(database: Database) -> None:
    job = claimed(database)

    def handler(lease: Lease) -> dict[str, Any]:
        take_over(database, job)
        raise DataError("no")

    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "lost"
    assert found(database, job).state == "running"


def test_a_cancel_stops_a_handler_that_checks(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LOOK_SECONDS", 0.02)
    job = claimed(database)
    begun = threading.Event()

    def handler(lease: Lease) -> dict[str, Any]:
        begun.set()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            lease.check()
            time.sleep(0.005)
        return {}

    def cancel() -> None:
        assert begun.wait(10)
        with database.writing() as connection:
            request_cancel(connection, "ten_ours", job.id)

    thread = threading.Thread(target=cancel)
    thread.start()
    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "cancelled"
    thread.join()
    assert found(database, job).state == "cancelled"


def test_a_job_cancelled_before_its_child_came_is_not_begun(database: Database) -> None:
    job = claimed(database)
    with database.writing() as connection:
        request_cancel(connection, "ten_ours", job.id)

    def handler(lease: Lease) -> dict[str, Any]:
        raise AssertionError("begun")

    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "cancelled"


def test_the_lease_is_kept_while_a_handler_works(database: Database) -> None:
    job = claimed(database, lease_seconds=0.4)

    def handler(lease: Lease) -> dict[str, Any]:
        time.sleep(1)
        with database.writing() as connection:
            assert jobs.claim(connection, ["run"], "thief", 60) is None
        return {}

    assert run_claimed(database, job.id, job.fence, {"run": handler}, lease_seconds=0.4) == "succeeded"
    assert not [thread for thread in threading.enumerate() if thread.name == "podion-heartbeat"]


def test_a_heartbeat_that_fails_is_logged_and_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(child, "LOOK_SECONDS", 0.02)
    job = claimed(database)
    looks: list[int] = []
    look = Lease.look

    def failing_once(lease: Lease) -> None:
        looks.append(1)
        if len(looks) == 1:
            raise OSError("disk on fire")
        look(lease)

    def handler(lease: Lease) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while len(looks) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        return {}

    monkeypatch.setattr(Lease, "look", failing_once)
    assert run_claimed(database, job.id, job.fence, {"run": handler}) == "succeeded"
    assert len(looks) >= 3
    assert "disk on fire" in caplog.text
