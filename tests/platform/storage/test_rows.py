import pytest
from sqlalchemy import literal, select
from sqlalchemy.exc import IntegrityError

from podion.storage import adapters, datasets
from podion.storage.database import Connection
from podion.storage.rows import insert_once, starts_with
from podion.storage.tables import adapters as table


def adapter(tenant: str) -> adapters.AdapterRow:
    return adapters.AdapterRow(
        tenant=tenant, id="a1", task="praise/judge", run=None, method="head", base="b", fingerprint="f"
    )


def test_insert_once_tells_new_from_known_and_keeps_the_transaction(connection: Connection) -> None:
    assert insert_once(connection, table, adapter("ten_ours"))
    assert not insert_once(connection, table, adapter("ten_ours"))
    assert insert_once(connection, table, adapter("ten_theirs"))


def test_insert_once_hides_no_other_fault(connection: Connection) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        insert_once(connection, table, adapter("ten_nobody"))


@pytest.mark.parametrize(
    ("text", "prefix", "expected"),
    [("praise/judge", "praise/", True), ("Praise/judge", "praise/", False), ("praise", "p_", False), ("x", "", True)],
)
def test_starts_with_takes_letters_literally(connection: Connection, text: str, prefix: str, expected: bool) -> None:
    assert bool(connection.execute(select(starts_with(literal(text), prefix))).scalar_one()) is expected


def test_pages_by_creation_are_gapless_when_times_are_equal(connection: Connection) -> None:
    row = datasets.DatasetRow(tenant="ten_ours", id="d0", task="t/t", digest="d", rows=1)
    for name in ("d2", "d0", "d1"):
        same_time = datasets.DatasetRow(
            tenant="ten_ours", id=name, task="t/t", digest="d", rows=1, created_at=row.created_at
        )
        datasets.insert(connection, same_time)
    first = datasets.page(connection, "ten_ours", limit=2)
    rest = datasets.page(connection, "ten_ours", after=first[-1].id, limit=2)
    assert [each.id for each in first + rest] == ["d2", "d1", "d0"]
    assert datasets.page(connection, "ten_ours", after="unknown") == []
