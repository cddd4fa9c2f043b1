from podion.storage import audit, tenants
from podion.storage.database import Connection


def test_deeds_are_listed_in_the_name_they_were_done_in(connection: Connection) -> None:
    first = audit.add(connection, "ten_ours", "key_1", "dataset.create", "ds_1", {"rows": 3})
    second = audit.add(connection, "ten_ours", "key_1", "run.create", "run_1")
    theirs = audit.add(connection, "ten_theirs", "key_2", "run.create", "run_2")
    operators = audit.add(connection, None, "operator", "tenant.create", "ten_ours")
    assert audit.page(connection, "ten_ours") == [second, first]
    assert audit.page(connection, "ten_ours", after=second.id) == [first]
    assert audit.page(connection, "ten_theirs") == [theirs]
    assert audit.page(connection, None) == [operators]


def test_the_operators_deeds_outlive_the_tenant(connection: Connection) -> None:
    audit.add(connection, "ten_ours", "key_1", "run.create", "run_1")
    deed = audit.add(connection, None, "operator", "tenant.delete", "ten_ours")
    tenants.delete(connection, "ten_ours")
    assert audit.page(connection, "ten_ours") == []
    assert audit.page(connection, None) == [deed]
