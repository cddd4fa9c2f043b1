from podion.storage import enablements
from podion.storage.database import Connection


def test_what_a_tenant_switches_on_is_on_for_it_alone(connection: Connection) -> None:
    row = enablements.put(connection, "ten_ours", "praise", {"tone": "mild"})
    assert enablements.get(connection, "ten_ours", "praise") == row
    assert enablements.get(connection, "ten_theirs", "praise") is None
    assert enablements.page(connection, "ten_theirs") == []
    assert not enablements.delete(connection, "ten_theirs", "praise")
    assert enablements.page(connection, "ten_ours") == [row]


def test_setting_anew_keeps_the_first_time(connection: Connection) -> None:
    first = enablements.put(connection, "ten_ours", "praise", {})
    second = enablements.put(connection, "ten_ours", "praise", {"tone": "harsh"})
    assert second.enabled_at == first.enabled_at
    assert enablements.get(connection, "ten_ours", "praise") == second


def test_pages_are_by_name(connection: Connection) -> None:
    for name in ("medical", "finance_risk", "praise"):
        enablements.put(connection, "ten_ours", name, {})
    assert [row.vertical for row in enablements.page(connection, "ten_ours", limit=2)] == ["finance_risk", "medical"]
    assert [row.vertical for row in enablements.page(connection, "ten_ours", after="medical")] == ["praise"]


def test_deleting_switches_off(connection: Connection) -> None:
    enablements.put(connection, "ten_ours", "praise", {})
    enablements.put(connection, "ten_theirs", "praise", {})
    assert enablements.delete(connection, "ten_ours", "praise")
    assert not enablements.delete(connection, "ten_ours", "praise")
    assert enablements.get(connection, "ten_theirs", "praise") is not None
