from dataclasses import replace

from podion.storage import adapters
from podion.storage.adapters import AdapterRow
from podion.storage.database import Connection


def adapter(tenant: str, name: str, task: str = "praise/judge") -> AdapterRow:
    return AdapterRow(
        tenant=tenant,
        id=name,
        task=task,
        run="run_1",
        method="lora",
        base="me5-small",
        fingerprint="f",
        metrics={"test": {"macro_f1": 0.9}},
    )


def test_an_adapter_is_its_tenants_alone_even_with_equal_bits(connection: Connection) -> None:
    ours, theirs = adapter("ten_ours", "same"), adapter("ten_theirs", "same")
    assert adapters.insert(connection, ours)
    assert adapters.get(connection, "ten_theirs", "same") is None
    assert adapters.insert(connection, theirs)
    assert adapters.get(connection, "ten_ours", "same") == ours
    assert adapters.page(connection, "ten_theirs") == [theirs]


def test_the_same_adapter_twice_changes_nothing(connection: Connection) -> None:
    row = adapter("ten_ours", "a1")
    assert adapters.insert(connection, row)
    assert not adapters.insert(connection, replace(row, run="run_2", metrics={}))
    assert adapters.get(connection, "ten_ours", "a1") == row


def test_pages_are_in_order_of_time_not_of_digest(connection: Connection) -> None:
    rows = [adapter("ten_ours", name) for name in ("c", "a", "b")] + [adapter("ten_ours", "d", "other/task")]
    for row in rows:
        adapters.insert(connection, row)
    assert [row.id for row in adapters.page(connection, "ten_ours", "praise/")] == ["b", "a", "c"]
    assert [row.id for row in adapters.page(connection, "ten_ours", "praise/", after="b", limit=1)] == ["a"]
