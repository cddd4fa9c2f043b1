"""Feedback stands under a prediction of the tenant's own, of the vertical that is asked."""

from dataclasses import replace

import pytest
from pydantic import BaseModel

from podion.catalogue.catalogue import Catalogue
from podion.data.masking.policies import Masking
from podion.errors import DataError, NotFound
from podion.head_kinds import LabelHead, MultiLabelHead, RegressionHead
from podion.lifecycle.feedback import Judgement, corrections, give, known_labels, told_label
from podion.storage import feedback, predictions, usage
from podion.storage.database import Connection, Database
from podion.storage.feedback import FeedbackRow
from podion.storage.predictions import PredictionRow
from podion.vertical import Task, Vertical

TASK = "customer_service/intent"


def predict(c: Connection, tenant: str, prediction: str, task: str = TASK) -> None:
    row = PredictionRow(
        tenant=tenant, id=prediction, task=task, adapter="a", record={"text": "hi"}, answer={}, confidence=0.5
    )
    predictions.insert_many(c, [row])


class Note(BaseModel):
    text: str
    label: str | None = None


PRAISE = Vertical(
    name="praise",
    title={"en": "Praise", "zh": "好评"},
    tasks=(
        Task(name="judge", record=Note, head=LabelHead()),
        Task(name="topic", record=Note, head=MultiLabelHead(), labels=("rates", "jobs", "oil")),
        Task(name="stars", record=Note, head=RegressionHead()),
    ),
)


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


def test_several_labels_and_numbers_come_back_as_what_a_record_should_hold(
    database: Database, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    masking = Masking(bytes(32))
    with database.writing() as c:
        for task in PRAISE.tasks:
            for number in range(3):
                predict(c, ada, f"prd_{task.name}{number}", f"praise/{task.name}")
        give(c, ada, PRAISE, Judgement(prediction="prd_topic0", label=["oil", "rates", "oil"]), masking)
        give(c, ada, PRAISE, Judgement(prediction="prd_topic1", label="jobs"), masking)
        give(c, ada, PRAISE, Judgement(prediction="prd_topic2", label=[]), masking)
        give(c, ada, PRAISE, Judgement(prediction="prd_stars0", value=-0.5), masking)
        give(c, ada, PRAISE, Judgement(prediction="prd_judge0", label="[]", value=4.0), masking)
        give(c, ada, PRAISE, Judgement(prediction="prd_judge1", value=4.0), masking)
        judge, topic, stars = PRAISE.tasks
        record = {"text": "hi"}
        assert corrections(c, ada, "praise/topic", topic) == [
            (record, ["oil", "rates"]),
            (record, ["jobs"]),
            (record, []),
        ]
        assert corrections(c, ada, "praise/stars", stars) == [(record, -0.5)]
        assert corrections(c, ada, "praise/judge", judge) == [(record, "[]")]  # a rating corrects nothing
        assert all(corrections(c, bob, f"praise/{task.name}", task) == [] for task in PRAISE.tasks)
    assert told_label(topic, '["oil"]') == ["oil"]
    assert told_label(judge, '["oil"]') == '["oil"]'


@pytest.mark.parametrize(
    ("task", "label", "told"),
    [
        ("stars", "5", "learns a number: tell it as `value`"),
        ("judge", ["good"], "has one label a record; 1 were told as a list"),
        ("topic", ["oil", "gold"], "label 'gold' is not one of rates, jobs, oil"),
    ],
)
def test_a_label_of_the_wrong_kind_is_refused(
    database: Database, tenants: tuple[str, str], task: str, label: str | list[str], told: str
) -> None:
    with database.writing() as c:
        predict(c, tenants[0], "prd_1", f"praise/{task}")
        with pytest.raises(DataError, match=told):
            give(c, tenants[0], PRAISE, Judgement(prediction="prd_1", label=label), Masking(bytes(32)))
