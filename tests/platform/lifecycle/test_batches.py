"""Bulk jobs with an engine that answers by rule: every row once, whatever happens in between."""

import errno
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from podion.catalogue.catalogue import Catalogue
from podion.data.masking.policies import Masking
from podion.errors import DataError, PluginError, QuotaExceeded, Unavailable
from podion.hosting.client import EngineClient
from podion.hosting.protocol import Answered, Call
from podion.jobs.child import run_claimed
from podion.jobs.queue import Lease, request_cancel
from podion.lifecycle import batch_answers, batch_handler, batches
from podion.lifecycle.batch_handler import BatchHandler
from podion.lifecycle.batches import ANSWERS, KIND, SENT, BatchRequest, answer_chunks, count_rows, progress_of, start
from podion.lifecycle.standings import Standings
from podion.lifecycle.watchers import Watchers
from podion.lifecycle.zero_shot import ZeroShot
from podion.settings import Settings
from podion.storage import deployments, enablements, jobs, predictions, usage
from podion.storage.database import Database
from podion.storage.deployments import DeploymentRow
from podion.storage.files import Files
from podion.storage.jobs import JobRow
from podion.vertical import Vertical

TASK = "customer_service/intent"


class Engine:
    """Answers with the text's length; fails on texts that name a failure."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.away = 0
        self.before: Callable[[int], None] = lambda call: None

    async def answer(self, call: Call, timeout: float = 30.0) -> Answered:
        self.calls.append(call)
        self.before(len(self.calls))
        if self.away:
            self.away -= 1
            raise Unavailable("started again", retry_after=0)
        texts = [str(record["text"]) for record in call.records]
        if any("poison" in text for text in texts):
            raise PluginError("the head raised IndexError", code="plugin_failed")
        if any("nonsense" in text for text in texts):
            raise PluginError("its logits are not finite", code="bad_output")
        return Answered(answers=tuple({"confidence": 0.5, "label": f"l{len(text)}"} for text in texts))

    async def close(self) -> None:
        """Nothing to hang up."""


class Bulk:
    """What a test does with bulk jobs of two tenants that have something deployed."""

    def __init__(
        self, database: Database, files: Files, catalogue: Catalogue, settings: Settings, vertical: Vertical
    ) -> None:
        self.database, self.files, self.settings, self.vertical = database, files, settings, vertical
        self.engine, self.watchers = Engine(), Watchers(catalogue)
        self.handler = BatchHandler(
            catalogue=catalogue,
            database=database,
            files=files,
            settings=settings,
            engine=cast(EngineClient, self.engine),
            standings=Standings(
                database=database, files=files, zero_shot=cast(ZeroShot, None), masking=Masking(bytes(32))
            ),
            watchers=self.watchers,
        )

    def order(self, tenant: str, *lines: Any) -> JobRow:
        body = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        task = self.vertical.task("intent")
        assert task is not None
        with self.files.staging() as staging:
            (staging / "upload").write_text(body, "utf-8")
            request = BatchRequest(
                tenant=tenant, vertical=self.vertical, task=task, source=staging / "upload",
                rename={}, drop=frozenset(), actor="key_1",
            )  # fmt: skip
            rows = count_rows(request, self.settings)
            with self.database.writing() as c:
                return start(c, self.files, request, rows)

    def work(self, seconds: float = 15.0) -> str:
        """Claim the next job, as a worker does, and do it as its child would; return how it ended."""
        with self.database.writing() as c:
            job = jobs.claim(c, (KIND,), "worker", seconds)
        assert job is not None
        return str(run_claimed(self.database, job.id, job.fence, {KIND: self.handler}))

    def job(self, job: JobRow) -> JobRow:
        with self.database.reading() as c:
            found = jobs.get(c, job.tenant, job.id)
        assert found is not None
        return found

    def answers(self, job: JobRow) -> list[dict[str, Any]]:
        size = progress_of(self.job(job))["bytes"]
        text = b"".join(answer_chunks(self.files.batch(job.tenant, job.id) / ANSWERS, size, chunk=7))
        return [json.loads(line) for line in text.splitlines()]

    def live(self, tenant: str) -> str:
        with self.database.reading() as c:
            row = deployments.live(c, tenant, TASK)
        assert row is not None
        return row.adapter

    def metered(self, tenant: str) -> float:
        with self.database.reading() as c:
            return usage.totals(c, tenant).get("predictions", 0.0)

    def kept(self, tenant: str, line: dict[str, Any]) -> Any:
        with self.database.reading() as c:
            return predictions.get(c, tenant, line["answer"]["prediction_id"])


@pytest.fixture
def bulk(
    database: Database,
    files: Files,
    catalogue: Catalogue,
    settings: Settings,
    vertical: Vertical,
    tenants: tuple[str, str],
    add_adapter: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    for tenant in tenants:
        adapter = add_adapter(tenant)
        row = DeploymentRow(tenant=tenant, id=f"dep_{tenant}", task=TASK, adapter=adapter, actor="k")
        with database.writing() as c:
            enablements.put(c, tenant, "customer_service", {}, {})
            deployments.activate(c, row)
    monkeypatch.setattr(batch_handler, "PIECE_ROWS", 4)
    made = Bulk(database, files, catalogue, settings, vertical)
    yield made
    made.watchers.close()


def texts(count: int, word: str = "row") -> list[dict[str, Any]]:
    return [{"text": f"{word} {'x' * n}"} for n in range(count)]


def test_every_row_has_its_answer_or_its_reason_in_the_order_of_the_file(bulk: Bulk, tenants: tuple[str, str]) -> None:
    ada, bob = tenants
    job = bulk.order(ada, {"text": "one"}, "", {"text": " "}, "no json", {"text": "two", "bogus": 1}, {"text": "three"})
    assert (job.state, job.payload["rows"]) == ("queued", 5)
    assert bulk.work() == "succeeded"
    answers = bulk.answers(job)
    assert [(line["row"], line["line"]) for line in answers] == [(1, 1), (2, 3), (3, 4), (4, 5), (5, 6)]
    assert [line.get("answer", {}).get("label") for line in answers] == ["l3", None, None, None, "l5"]
    assert [line.get("error", {}).get("code") for line in answers] == [None, "bad_row", "bad_row", "bad_row", None]
    assert "bogus" in answers[3]["error"]["detail"] and answers[3]["error"]["errors"][0]["pointer"] == "/bogus"
    done = bulk.job(job)
    assert done.result is not None
    assert {name: done.result[name] for name in ("done", "answered", "refused")} == {
        "done": 5, "answered": 2, "refused": 3,
    }  # fmt: skip
    assert {call.urgency for call in bulk.engine.calls} == {"bulk"} and {c.owner for c in bulk.engine.calls} == {ada}
    assert bulk.kept(ada, answers[0]).record == {"text": "one"}
    assert (bulk.metered(ada), bulk.metered(bob)) == (2.0, 0.0)
    with bulk.database.reading() as c:
        assert jobs.get(c, bob, job.id) is None
    assert sorted(path.name for path in bulk.files.batch(ada, job.id).iterdir()) == [ANSWERS], (
        "the file as sent is gone"
    )


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("moment", ["before the file", "after the file", "after the commit"])
def test_a_worker_that_dies_leaves_nothing_double_and_nothing_out(
    bulk: Bulk, tenants: tuple[str, str], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As SIGKILL: nothing of ours sees it."""

    job = bulk.order(tenants[0], *texts(18))
    write, keep = batch_handler._write, BatchHandler._keep
    pieces = {"left": 2}

    def dying(out: Any, lines: bytes) -> None:
        pieces["left"] -= 1
        if not pieces["left"] and moment == "before the file":
            raise Killed
        write(out, lines)
        if not pieces["left"] and moment == "after the file":
            raise Killed

    async def dying_late(self: BatchHandler, *arguments: Any) -> None:
        await keep(self, *arguments)
        if not pieces["left"] and moment == "after the commit":
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(batch_handler, "_write", dying)
        patched.setattr(BatchHandler, "_keep", dying_late)
        with pytest.raises(Killed):
            bulk.work()
    seen = {"before the file": 4, "after the file": 4, "after the commit": 8}[moment]
    assert progress_of(bulk.job(job))["done"] == seen == bulk.metered(tenants[0])
    with (bulk.files.batch(tenants[0], job.id) / ANSWERS).open("ab") as torn:
        torn.write(b'{"row": 9, "li')
    with bulk.database.writing() as c:
        assert jobs.expire_leases(c, (KIND,)) == 1
    assert bulk.work() == "succeeded"
    answers = bulk.answers(job)
    assert [line["row"] for line in answers] == list(range(1, 19))
    assert [line["answer"]["label"] for line in answers] == [f"l{4 + n}" for n in range(18)]
    assert all(bulk.kept(tenants[0], line) for line in answers)
    assert len({line["answer"]["prediction_id"] for line in answers}) == bulk.metered(tenants[0]) == 18


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_commit_that_nobody_knows_of_is_looked_up(
    bulk: Bulk, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, write, writes = bulk.order(tenants[0], *texts(10)), bulk.database.write, []

    async def broken(work: Callable[..., Any]) -> Any:
        done = await write(work)
        writes.append(done)
        if len(writes) == 2:
            raise Unavailable("the connection broke during the commit")
        return done

    with monkeypatch.context() as patched:
        patched.setattr(bulk.database, "write", broken)
        assert bulk.work() == "lost"
    assert progress_of(bulk.job(job))["done"] == 8
    with bulk.database.writing() as c:
        jobs.expire_leases(c, (KIND,))
    assert bulk.work() == "succeeded"
    assert [line["row"] for line in bulk.answers(job)] == list(range(1, 11)) and bulk.metered(tenants[0]) == 10


@pytest.mark.parametrize("kind", ["sqlite"])
def test_answers_that_the_disk_has_lost_are_missed(bulk: Bulk, tenants: tuple[str, str]) -> None:
    job = bulk.order(tenants[0], *texts(10))
    with bulk.database.writing() as c:
        claimed = jobs.claim(c, (KIND,), "worker", 15.0)
        assert claimed is not None
        lost = {"done": 4, "answered": 4, "refused": 0, "bytes": 99, "serving": None}
        assert jobs.set_progress(c, job.id, claimed.fence, lost) and jobs.release(c, job.id, claimed.fence)
    assert bulk.work() == "failed"
    error = bulk.job(job).error
    assert error is not None and error["code"] == "damaged"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_version_that_began_a_job_ends_it(
    bulk: Bulk, tenants: tuple[str, str], add_adapter: Callable[..., str]
) -> None:
    job = bulk.order(tenants[0], *texts(10))
    newer = add_adapter(tenants[0], scale=2.0)

    def deploy(call: int) -> None:
        if call == 1:
            with bulk.database.writing() as c:
                row = DeploymentRow(tenant=tenants[0], id="dep_2", task=TASK, adapter=newer, actor="k")
                deployments.activate(c, row)
            time.sleep(0.6)

    bulk.engine.before = deploy
    assert bulk.work() == "succeeded"
    assert len({call.digest for call in bulk.engine.calls}) == 1
    assert bulk.engine.calls[0].digest == progress_of(bulk.job(job))["serving"]["adapter"] != newer


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_row_that_the_adapter_fails_on_does_not_spoil_the_others(bulk: Bulk, tenants: tuple[str, str]) -> None:
    rows = [*texts(6), {"text": "poison"}, *texts(3)]
    job = bulk.order(tenants[0], *rows)
    assert bulk.work() == "succeeded"
    answers = bulk.answers(job)
    assert [line["row"] for line in answers if "error" in line] == [7]
    assert answers[6]["error"] == {"code": "plugin_failed", "detail": "the head raised IndexError"}
    assert bulk.metered(tenants[0]) == 9


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_adapter_that_fails_on_everything_ends_the_job(
    bulk: Bulk, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_answers, "MOST_FAILURES", 5)
    job = bulk.order(tenants[0], *texts(4), *texts(30, "poison"))
    assert bulk.work() == "failed"
    assert bulk.job(job).error == {"code": "plugin_failed", "detail": "the head raised IndexError"}
    assert [line["row"] for line in bulk.answers(job)] == [1, 2, 3, 4, 5, 6, 7, 8], "what was answered is there"
    assert bulk.metered(tenants[0]) == 4


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_adapter_that_answers_nonsense_is_suspended_and_asked_no_more(
    bulk: Bulk, tenants: tuple[str, str], add_adapter: Callable[..., str]
) -> None:
    good = bulk.live(tenants[0])
    newer = add_adapter(tenants[0], scale=2.0)
    with bulk.database.writing() as c:
        deployments.activate(c, DeploymentRow(tenant=tenants[0], id="dep_2", task=TASK, adapter=newer, actor="k"))
    job = bulk.order(tenants[0], *texts(6), {"text": "nonsense"}, *texts(9))
    assert bulk.work() == "failed"
    assert bulk.job(job).error == {"code": "bad_output", "detail": "its logits are not finite"}
    assert [line["row"] for line in bulk.answers(job)] == [1, 2, 3, 4] and bulk.metered(tenants[0]) == 4
    assert bulk.live(tenants[0]) == good != newer, "the last good one serves again"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_full_disk_ends_the_job_and_keeps_what_was_answered(
    bulk: Bulk, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bulk.order(tenants[0], *texts(10))
    sync, synced = os.fsync, []

    def full(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 3:  # the folder's, and that of the first piece, went well
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert bulk.work() == "failed"
    error = bulk.job(job).error
    assert error is not None and error["code"] == "storage_full"
    assert [line["row"] for line in bulk.answers(job)] == [1, 2, 3, 4] and bulk.metered(tenants[0]) == 4


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_engine_that_starts_again_is_waited_for(bulk: Bulk, tenants: tuple[str, str]) -> None:
    bulk.engine.away = 1
    job = bulk.order(tenants[0], *texts(3))
    assert bulk.work() == "succeeded"
    assert len(bulk.answers(job)) == 3


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_cancelled_job_keeps_what_it_has_answered(bulk: Bulk, tenants: tuple[str, str]) -> None:
    job = bulk.order(tenants[0], *texts(40))

    def cancel(call: int) -> None:
        if call == 3:
            with bulk.database.writing() as c:
                request_cancel(c, tenants[0], job.id)
            time.sleep(0.8)

    bulk.engine.before = cancel
    assert bulk.work() == "cancelled"
    answered = len(bulk.answers(job))
    assert 8 <= answered < 40 and answered == bulk.metered(tenants[0])
    assert not (bulk.files.batch(tenants[0], job.id) / SENT).exists()


def test_what_is_kept_is_masked_and_what_is_refused_says_no_value(bulk: Bulk, tenants: tuple[str, str]) -> None:
    ada, bob = tenants
    with bulk.database.writing() as c:
        enablements.put(c, bob, "customer_service", {}, {"intent.text": "reject"})
    made = [bulk.order(tenant, {"text": "call 13812345678"}, {"text": "hello"}) for tenant in (ada, bob)]
    assert [bulk.work(), bulk.work()] == ["succeeded", "succeeded"]
    masked, rejected = bulk.answers(made[0]), bulk.answers(made[1])
    assert bulk.kept(ada, masked[0]).record["text"] == "call [PHONE]"
    assert rejected[0]["error"]["code"] == "personal_data" and "138" not in json.dumps(rejected)
    assert rejected[1]["answer"]["label"] == "l5"
    assert (bulk.metered(ada), bulk.metered(bob)) == (2.0, 1.0)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_job_whose_tenant_goes_ends_without_a_trace(bulk: Bulk, tenants: tuple[str, str]) -> None:
    from podion.storage import tenants as rows

    bulk.order(tenants[0], *texts(20))

    def delete(call: int) -> None:
        if call == 2:
            with bulk.database.writing() as c:
                rows.delete(c, tenants[0])
            bulk.files.delete_tenant(tenants[0])

    bulk.engine.before = delete
    assert bulk.work() == "lost"
    assert bulk.metered(tenants[0]) == 0
    assert [place for place in bulk.files.batches() if place[0] == tenants[0]] == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_can_never_be_answered_is_not_queued(bulk: Bulk, tenants: tuple[str, str]) -> None:
    with pytest.raises(DataError, match=r"none of 2 rows can be used: line 1, text") as refused:
        bulk.order(tenants[0], {"text": ""}, {"text": " "})
    assert refused.value.code == "no_rows"
    with pytest.raises(DataError, match="unknown column 'bogus'"):
        bulk.order(tenants[0], "text,bogus", "hello,1")
    for _ in range(batches.MOST_OPEN):
        bulk.order(tenants[0], {"text": "x"})
    with pytest.raises(QuotaExceeded) as full:
        bulk.order(tenants[0], {"text": "x"})
    assert full.value.code == "too_many_batches" and full.value.retry_after
    assert bulk.order(tenants[1], {"text": "x"}).state == "queued", "each tenant has its own"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_files_go_when_their_time_is_over(bulk: Bulk, tenants: tuple[str, str]) -> None:
    old, fresh, waits = (bulk.order(tenants[0], {"text": "x"}) for _ in range(3))
    assert [bulk.work(), bulk.work()] == ["succeeded", "succeeded"]
    with bulk.database.writing() as c:
        ended = datetime.now(UTC) - batches.KEPT - timedelta(minutes=1)
        c.exec_driver_sql("UPDATE jobs SET ended_at = ? WHERE id = ?", (ended.isoformat(" ")[:26], old.id))
    orphan = bulk.files.batch(tenants[1], "batch_0")
    orphan.mkdir(parents=True)
    assert batches.sweep(bulk.database, bulk.files) == 1
    os.utime(orphan, (0, 0))
    assert batches.sweep(bulk.database, bulk.files) == 1
    left = {batch: sorted(path.name for path in bulk.files.batch(tenants[0], batch).iterdir())
            for tenant, batch in bulk.files.batches()}  # fmt: skip
    assert left == {fresh.id: [ANSWERS], waits.id: [SENT]}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_file_that_is_not_there_is_told(bulk: Bulk, tenants: tuple[str, str]) -> None:
    """As after a restore: a backup does not hold the files of bulk jobs."""
    job = bulk.order(tenants[0], *texts(3))
    Path(bulk.files.batch(tenants[0], job.id) / SENT).unlink()
    assert bulk.work() == "failed"
    error = bulk.job(job).error
    assert error is not None and error["code"] == "gone" and "send it again" in error["detail"]


def test_a_checkpoint_needs_the_lease(bulk: Bulk, tenants: tuple[str, str]) -> None:
    from podion.jobs.queue import LostLease

    bulk.order(tenants[0], *texts(1))
    with bulk.database.writing() as c:
        job = jobs.claim(c, (KIND,), "worker", 15.0)
        assert job is not None
        lease = Lease(bulk.database, job)
        lease.checkpoint(c, {"done": 1})
        assert jobs.finish(c, job.id, job.fence, "failed")
        with pytest.raises(LostLease):
            lease.checkpoint(c, {"done": 2})
    assert progress_of(bulk.job(job))["done"] == 1
