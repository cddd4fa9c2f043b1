from podion.storage import predictions
from podion.storage.database import Connection
from podion.storage.predictions import PredictionRow


def prediction(tenant: str, name: str) -> PredictionRow:
    return PredictionRow(
        tenant=tenant,
        id=name,
        task="praise/judge",
        adapter="zero-shot",
        record={"text": "好极了"},
        answer={"label": "praise"},
        confidence=0.75,
    )


def test_an_answer_is_its_tenants_alone(connection: Connection) -> None:
    rows = [prediction("ten_ours", "pred_1"), prediction("ten_ours", "pred_2")]
    predictions.insert_many(connection, rows)
    predictions.insert_many(connection, [])
    assert [predictions.get(connection, "ten_ours", row.id) for row in rows] == rows
    assert predictions.get(connection, "ten_theirs", "pred_1") is None
    theirs = prediction("ten_theirs", "pred_1")
    predictions.insert_many(connection, [theirs])
    assert predictions.get(connection, "ten_theirs", "pred_1") == theirs
