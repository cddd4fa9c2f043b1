"""What could never succeed is refused before it is queued."""

from typing import Any

import pytest

from podion.errors import DataError, NotFound, PodionError
from podion.lifecycle.runs import KIND, RunRequest, check_method, start
from podion.settings import Settings
from podion.storage import audit, datasets, jobs
from podion.storage.database import Database
from podion.storage.datasets import DatasetRow
from podion.vertical import Method, Vertical

TASK = "customer_service/intent"


def wanted(vertical: Vertical, tenant: str, **change: Any) -> RunRequest:
    task = vertical.task("intent")
    assert task is not None
    values: dict[str, Any] = {
        "tenant": tenant, "vertical": vertical, "task": task, "dataset": "dst_1", "method": Method.HEAD,
        "base": "minilm-l6", "seed": 7, "actor": "key_1", **change,
    }  # fmt: skip
    return RunRequest(**values)


@pytest.fixture
def dataset(database: Database, tenants: tuple[str, str]) -> str:
    labels = {"delivery": 20, "refund": 20}
    with database.writing() as c:
        for id, task, names in (("dst_1", TASK, labels), ("dst_one", TASK, {"refund": 40}), ("dst_none", TASK, {})):
            datasets.insert(c, DatasetRow(tenant=tenants[0], id=id, task=task, digest=id, rows=40, labels=names))
        few = DatasetRow(tenant=tenants[0], id="dst_empty", task=TASK, digest="d", rows=0, labels=labels)
        datasets.insert(c, few)
        slots = DatasetRow(tenant=tenants[0], id="dst_slots", task="customer_service/slots", digest="s", rows=40)
        datasets.insert(c, slots)
    return "dst_1"


def test_a_run_is_queued_with_all_that_makes_it(
    database: Database, settings: Settings, vertical: Vertical, tenants: tuple[str, str], dataset: str
) -> None:
    with database.writing() as c:
        job = start(c, wanted(vertical, tenants[0]), settings)
        assert (job.state, job.kind, job.tenant) == ("queued", KIND, tenants[0])
        assert job.payload == {
            "task": TASK, "dataset": "dst_1", "digest": "dst_1", "method": "head", "base": "minilm-l6", "seed": 7,
        }  # fmt: skip
        assert [row.action for row in audit.page(c, tenants[0])] == ["run.create"]
        assert jobs.page(c, tenants[1], KIND, "") == []


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        ({"dataset": "dst_nobodys"}, NotFound, "not_found"),
        ({"dataset": "dst_slots"}, DataError, "wrong_task"),
        ({"dataset": "dst_empty"}, DataError, "too_few_rows"),
        ({"dataset": "dst_one"}, DataError, "too_few_labels"),
        ({"dataset": "dst_none"}, DataError, "too_few_labels"),
        ({"method": Method.ADALORA}, DataError, "method_not_allowed"),
        ({"base": "no-such-base"}, PodionError, None),
    ],
)
def test_what_could_never_succeed_is_not_queued(
    change: dict[str, Any],
    kind: type[PodionError],
    code: str | None,
    database: Database,
    settings: Settings,
    vertical: Vertical,
    tenants: tuple[str, str],
    dataset: str,
) -> None:
    with database.writing() as c:
        with pytest.raises(kind) as refusal:
            start(c, wanted(vertical, tenants[0], **change), settings)
        assert code is None or refusal.value.code == code
        assert jobs.page(c, tenants[0], KIND, "") == []


def test_a_foreign_dataset_is_as_absent_as_one_that_never_was(
    database: Database, settings: Settings, vertical: Vertical, tenants: tuple[str, str], dataset: str
) -> None:
    said = set()
    with database.writing() as c:
        for name in (dataset, "dst_nobodys"):
            with pytest.raises(NotFound) as refusal:
                start(c, wanted(vertical, tenants[1], dataset=name), settings)
            said.add(refusal.value.detail)
    assert len(said) == 1


@pytest.mark.parametrize("method", ["auto", "zero-shot", "few-shot", "head", "lora"])
def test_methods_that_the_task_takes(vertical: Vertical, method: str) -> None:
    task = vertical.task("intent")
    assert task is not None
    assert check_method(TASK, task, method) == method


@pytest.mark.parametrize("method", ["adalora", "magic", "", "HEAD"])
def test_others_are_answered_with_the_list(vertical: Vertical, method: str) -> None:
    task = vertical.task("intent")
    assert task is not None
    with pytest.raises(DataError, match="auto, zero-shot, few-shot, head, lora"):
        check_method(TASK, task, method)
