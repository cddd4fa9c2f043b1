import pytest

from podion.errors import Conflict, DataError
from podion.storage import tenants as rows
from podion.storage.database import Connection
from podion.tenancy import keys, tenants


def test_a_new_tenant_has_a_key_that_works(connection: Connection) -> None:
    tenant, key, plaintext = tenants.create(connection, "shop-24", ["predict"])
    assert rows.by_name(connection, "shop-24") == tenant
    assert keys.authenticate(connection, plaintext) == keys.Identity(tenant=tenant.id, key=key.id, scopes=("predict",))


def test_a_taken_name_is_a_conflict(connection: Connection) -> None:
    tenants.create(connection, "shop")
    with pytest.raises(Conflict, match="'shop' exists") as refused:
        tenants.create(connection, "shop")
    assert refused.value.code == "name_taken"


@pytest.mark.parametrize("name", ["", "Shop", "a" * 64, "a b", "a_b", "商店", "a\n", "../x"])
def test_a_bad_name_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(DataError, match="1 to 63"):
        tenants.create(connection, name)


def test_a_bad_scope_leaves_no_tenant_behind_once_undone(connection: Connection) -> None:
    with pytest.raises(DataError), connection.begin_nested():
        tenants.create(connection, "shop", ["root"])
    assert rows.by_name(connection, "shop") is None
