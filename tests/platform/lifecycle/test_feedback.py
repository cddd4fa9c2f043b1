"""Feedback stands under a prediction of the tenant's own, of the vertical that is asked."""

from dataclasses import replace

import pytest

from podion.catalogue.catalogue import Catalogue
from podion.data.masking.policies import Masking
from podion.errors import DataError, NotFound
from podion.lifecycle.feedback import Judgement, give, known_labels
from podion.storage import feedback, predictions, usage
from podion.storage.database import Connection, Database
from podion.storage.feedback import FeedbackRow
from podion.storage.predictions import PredictionRow
from podion.vertical import Vertical

TASK = "customer_service/intent"


def predict(c: Connection, tenant: str, prediction: str, task: str = TASK) -> None:
    row = PredictionRow(
        tenant=tenant, id=prediction, task=task, adapter="a", record={"text": "hi"}, answer={}, confidence=0.5
    )
    predictions.insert_many(c, [row])


def say(c: Connection, tenant: str, vertical: Vertical, prediction: str, label: str | None = "refund") -> FeedbackRow:
    return give(c, tenant, vertical, Judgement(prediction=prediction, label=label), Masking(bytes(32)))


def test_it_is_stored_and_metered_with_its_tenant(
    database: Database, vertical: Vertical, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    with database.writing() as c:
        predict(c, ada, "prd_1")
        said = say(c, ada, vertical, "prd_1")
        assert (said.task, said.label) == (TASK, "refund")
        assert feedback.corrections(c, ada, TASK) == [({"text": "hi"}, "refund")]
        assert feedback.corrections(c, bob, TASK) == []
        assert usage.totals(c, ada) == {"feedback": 1}
        assert usage.totals(c, bob) == {}
        assert known_labels(c, ada, TASK) == frozenset()


def test_a_foreign_prediction_is_as_absent_as_one_that_never_was(
    database: Database, catalogue: Catalogue, vertical: Vertical, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    with database.writing() as c:
        predict(c, bob, "prd_his")
        predict(c, ada, "prd_praise", "praise/judge")
        said = set()
        for prediction in ("prd_his", "prd_nobodys", "prd_praise"):
            with pytest.raises(NotFound) as refusal:
                say(c, ada, vertical, prediction)
            said.add(refusal.value.detail)
        assert len(said) == 1
        assert usage.totals(c, ada) == {}


def test_a_task_that_lists_its_labels_takes_no_other(
    database: Database, catalogue: Catalogue, tenants: tuple[str, str]
) -> None:
    praise = catalogue.vertical("praise")
    praise = replace(praise, tasks=(replace(praise.tasks[0], labels=("complaint", "praise")),))
    with database.writing() as c:
        predict(c, tenants[0], "prd_1", "praise/judge")
        with pytest.raises(DataError, match="complaint, praise"):
            say(c, tenants[0], praise, "prd_1", "meh")
        assert say(c, tenants[0], praise, "prd_1", "praise").label == "praise"
