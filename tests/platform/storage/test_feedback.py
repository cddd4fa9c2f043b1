import pytest
from sqlalchemy.exc import IntegrityError

from podion.storage import feedback, predictions
from podion.storage.database import Connection
from podion.storage.feedback import FeedbackRow
from podion.storage.ids import new_id
from podion.storage.predictions import PredictionRow


def ask(connection: Connection, tenant: str, name: str, text: str, task: str = "praise/judge") -> None:
    row = PredictionRow(
        tenant=tenant, id=name, task=task, adapter="a", record={"text": text}, answer={}, confidence=0.5
    )
    predictions.insert_many(connection, [row])


def say(
    connection: Connection, tenant: str, prediction: str, label: str | None, task: str = "praise/judge"
) -> FeedbackRow:
    row = FeedbackRow(
        tenant=tenant, id=new_id("fb"), prediction=prediction, task=task, label=label, value=0.5, comment="hm"
    )
    feedback.insert(connection, row)
    return row


def test_feedback_is_its_tenants_alone(connection: Connection) -> None:
    ask(connection, "ten_ours", "pred_1", "ours")
    row = say(connection, "ten_ours", "pred_1", "praise")
    assert feedback.page(connection, "ten_ours", "praise/") == [row]
    assert feedback.page(connection, "ten_ours", "other/") == []
    assert feedback.page(connection, "ten_theirs") == []
    assert feedback.corrections(connection, "ten_theirs", "praise/judge") == []


def test_feedback_on_a_foreign_prediction_is_refused(connection: Connection) -> None:
    ask(connection, "ten_ours", "pred_1", "ours")
    with pytest.raises(IntegrityError):
        say(connection, "ten_theirs", "pred_1", "praise")


def test_equal_ids_of_two_tenants_do_not_mix(connection: Connection) -> None:
    for tenant in ("ten_ours", "ten_theirs"):
        ask(connection, tenant, "pred_1", f"text of {tenant}")
        say(connection, tenant, "pred_1", f"label of {tenant}")
    expected = [({"text": "text of ten_theirs"}, "label of ten_theirs")]
    assert feedback.corrections(connection, "ten_theirs", "praise/judge") == expected


def test_the_latest_label_of_a_prediction_wins(connection: Connection) -> None:
    for name in ("pred_1", "pred_2", "pred_3"):
        ask(connection, "ten_ours", name, name)
    ask(connection, "ten_ours", "pred_4", "pred_4", task="praise/other")
    say(connection, "ten_ours", "pred_1", "praise")
    say(connection, "ten_ours", "pred_2", "praise")
    say(connection, "ten_ours", "pred_1", "complaint")
    say(connection, "ten_ours", "pred_1", None)
    say(connection, "ten_ours", "pred_3", None)
    say(connection, "ten_ours", "pred_4", "praise", task="praise/other")
    assert feedback.corrections(connection, "ten_ours", "praise/judge") == [
        ({"text": "pred_2"}, "praise"),
        ({"text": "pred_1"}, "complaint"),
    ]


def test_pages_are_newest_first(connection: Connection) -> None:
    ask(connection, "ten_ours", "pred_1", "x")
    rows = [say(connection, "ten_ours", "pred_1", str(number)) for number in range(3)]
    assert feedback.page(connection, "ten_ours", limit=2) == [rows[2], rows[1]]
    assert feedback.page(connection, "ten_ours", after=rows[1].id) == [rows[0]]
