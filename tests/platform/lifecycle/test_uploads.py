"""From bytes to a version: named by its content, billed once, with the report of this upload."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podion.errors import DataError, NotFound
from podion.lifecycle.uploads import Upload, keep, prepare
from podion.settings import Settings
from podion.storage import datasets, feedback, predictions, usage
from podion.storage.database import Database
from podion.storage.datasets import DatasetRow
from podion.storage.feedback import FeedbackRow
from podion.storage.files import Files
from podion.storage.predictions import PredictionRow
from podion.vertical import Vertical

ROWS = [
    {"text": "where is my parcel", "label": "delivery"},
    {"text": "i want my money back", "label": "refund"},
    {"text": "it never came", "label": "delivery"},
]
Send = Callable[..., DatasetRow]


@pytest.fixture
def send(database: Database, files: Files, settings: Settings, vertical: Vertical) -> Send:
    """A function that uploads rows for a tenant and returns the version."""

    def upload(
        tenant: str, rows: list[Any] | None, *, extends: str | None = None, corrected: bool = False
    ) -> DatasetRow:
        task = vertical.task("intent")
        assert task is not None
        with files.staging() as staging:
            source = staging / "upload" if rows is not None else None
            if source is not None:
                source.write_text("".join(json.dumps(row) + "\n" for row in rows or ()), encoding="utf-8")
            wanted = Upload(
                tenant=tenant, vertical=vertical, task=task, source=source, extends=extends,
                rename={}, drop=frozenset(), actor="key_1", feedback=corrected,
            )  # fmt: skip
            prepared = prepare(wanted, database, files, settings, staging)
            with database.writing() as c:
                return keep(c, files, prepared)

    return upload


def billed(database: Database, tenant: str) -> float:
    with database.reading() as c:
        return usage.totals(c, tenant).get("rows_uploaded", 0)


def test_the_same_content_is_the_same_version_and_billed_once(
    send: Send, database: Database, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    first, again = send(ada, ROWS), send(ada, [*ROWS, {"text": ""}, ROWS[0]])
    his = send(bob, ROWS)
    assert first.id == again.id == his.id
    assert again.created_at == first.created_at
    assert [refusal["line"] for refusal in again.report["first_refusals"]] == [4], "what was refused this time"
    assert again.report["duplicate_count"] == 1
    assert first.report["first_refusals"] == []
    assert billed(database, ada) == billed(database, bob) == len(ROWS)


def test_rows_of_the_parent_are_not_billed_again(
    send: Send, database: Database, files: Files, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    first = send(ada, ROWS)
    more = send(ada, [{"text": "is it on its way", "label": "delivery"}, ROWS[1]], extends=first.id)
    assert (more.parent, more.rows) == (first.id, 4)
    assert billed(database, ada) == 4
    texts = [json.loads(line)["text"] for line in files.dataset(ada, more.id).read_text("utf-8").splitlines()]
    assert texts == [*(row["text"] for row in ROWS), "is it on its way"]
    with pytest.raises(NotFound):
        send(bob, ROWS, extends=first.id)


def test_corrections_of_one_tenant_grow_its_version_only(
    send: Send, database: Database, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    first = send(ada, ROWS)
    send(bob, ROWS)
    correct(database, ada, "prd_1", ROWS[0]["text"], "refund")
    correct(database, ada, "prd_2", "and who pays for this", "complaint")
    grown = send(ada, None, extends=first.id, corrected=True)
    assert grown.labels == {"delivery": 1, "refund": 2, "complaint": 1}
    assert grown.report["replaced"] == 1
    assert billed(database, ada) == 4, "three rows uploaded, one text that is new"
    his = send(bob, None, extends=first.id, corrected=True)
    assert his.id == first.id


def correct(database: Database, tenant: str, prediction: str, text: str, label: str) -> None:
    task = "customer_service/intent"
    row = PredictionRow(
        tenant=tenant, id=prediction, task=task, adapter="a", record={"text": text}, answer={}, confidence=0.5
    )
    said = FeedbackRow(tenant=tenant, id=f"fbk_{prediction}", prediction=prediction, task=task, label=label)
    with database.writing() as c:
        predictions.insert_many(c, [row])
        feedback.insert(c, said)


def test_nothing_is_kept_when_no_row_is_left(
    send: Send, database: Database, files: Files, settings: Settings, tenants: tuple[str, str]
) -> None:
    with pytest.raises(DataError, match="none of 2 rows can be used: line 1, text: ") as refusal:
        send(tenants[0], [{"text": ""}, {"txet": "hi"}])
    assert refusal.value.code == "no_rows"
    with database.reading() as c:
        assert datasets.page(c, tenants[0]) == []
    assert [path for path in Path(settings.files).rglob("*") if path.is_file()] == []


def test_a_tenant_whose_texts_the_base_cannot_read_is_told(send: Send, tenants: tuple[str, str]) -> None:
    made = send(tenants[0], [{"text": "麤黐鱻靐龘", "label": "a"}, {"text": "齾龗厵灪爨癵", "label": "b"}])
    [warning] = [each for each in made.report["warnings"] if "cannot read" in each]
    assert "minilm-l6" in warning and "me5-small" in warning
