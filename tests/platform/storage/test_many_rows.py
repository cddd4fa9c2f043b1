"""Rows that go in together come out as those that went in one by one, in every type of column; or none goes in."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from podion.storage import many_rows, predictions, usage
from podion.storage.database import Connection
from podion.storage.many_rows import ManyRows
from podion.storage.predictions import PredictionRow
from podion.storage.rows import values
from podion.storage.tables import predictions as table


def row(number: int, tenant: str = "ten_ours") -> PredictionRow:
    return PredictionRow(
        tenant=tenant,
        id=f"prd_{number}",
        task="praise/judge",
        adapter="zero-shot",
        record={"text": '好极了 "quoted" \' \\ %s :x ?', "n": None},
        answer={"label": "praise", "spans": [{"start": 0}]},
        confidence=0.1 + number,
        at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=8))),
    )


def test_they_are_kept_as_one_by_one(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_rows, "_MOST_VALUES", 30)  # three rows a statement
    rows = [row(number) for number in range(10)]
    ManyRows(table).add(connection, [values(each) for each in rows])
    connection.execute(insert(table), [values(row(number, "ten_theirs")) for number in range(10)])
    ours, theirs = (
        connection.execute(select(*table.c[1:]).where(table.c.tenant == tenant).order_by(table.c.id)).all()
        for tenant in ("ten_ours", "ten_theirs")
    )
    assert ours == theirs
    assert [predictions.get(connection, "ten_ours", each.id) for each in rows] == rows
    assert ours[0].at.tzinfo is UTC
    raw = "SELECT record, answer, confidence, at FROM predictions WHERE tenant = 'ten_{}' ORDER BY id"
    same = [connection.exec_driver_sql(raw.format(name)).all() for name in ("ours", "theirs")]
    assert same[0] == same[1]


def test_one_that_cannot_be_kept_takes_the_others_along(connection: Connection) -> None:
    with pytest.raises(IntegrityError), connection.begin_nested():
        predictions.insert_many(connection, [row(1), row(2), row(1)])
    with pytest.raises(IntegrityError), connection.begin_nested():
        usage.add_many(connection, "predictions", [("ten_ours", 1, ""), ("ten_nobody", 1, "")])
    assert predictions.get(connection, "ten_ours", "prd_2") is None
    assert usage.totals(connection, "ten_ours") == {}


def test_a_bill_is_entered_for_each_tenant(connection: Connection) -> None:
    usage.add_many(connection, "predictions", [("ten_ours", 3, "prd_1"), ("ten_theirs", 1, "prd_2")])
    usage.add_many(connection, "predictions", [])
    assert usage.totals(connection, "ten_ours") == {"predictions": 3}
    assert [entry.reference for entry in usage.page(connection, "ten_theirs")] == ["prd_2"]
