from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, BigInteger, Boolean, Float, Integer, LargeBinary, func, insert, select
from sqlalchemy.exc import IntegrityError

from podion.storage import tenants
from podion.storage.columns import UtcTime, Words
from podion.storage.database import Connection, Database
from podion.storage.tables import metadata

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMED = {"jobs.state": "queued", "deliveries.state": "pending"}


def some_value(column: Any, tenant: str) -> Any:
    if str(column) in NAMED:
        return NAMED[str(column)]
    kinds: dict[type, Any] = {
        JSON: {},
        Words: (),
        Boolean: False,
        Integer: 1,
        BigInteger: 1,
        LargeBinary: b"1",
        Float: 1.0,
        UtcTime: NOW,
    }
    # Equal within a tenant, so that what refers finds it; different between tenants, for what is unique in a table.
    return kinds.get(type(column.type), tenant)


def fill(connection: Connection, tenant: str) -> None:
    for table in metadata.sorted_tables:
        if table.name != "tenants":
            connection.execute(insert(table).values({column.name: some_value(column, tenant) for column in table.c}))


def counts(connection: Connection, tenant: str) -> dict[str, int]:
    found = {}
    for table in metadata.sorted_tables:
        owner = table.c.id if table.name == "tenants" else table.c.tenant
        query = select(func.count()).select_from(table).where(owner == tenant)
        found[table.name] = connection.execute(query).scalar_one()
    return found


def test_deleting_a_tenant_leaves_no_row_of_it_and_all_of_the_other(database: Database) -> None:
    with database.writing() as connection:
        for tenant in ("ten_ours", "ten_theirs"):
            fill(connection, tenant)
        full = counts(connection, "ten_ours")
        assert set(full.values()) == {1}
        assert tenants.delete(connection, "ten_ours")
        assert set(counts(connection, "ten_ours").values()) == {0}
        assert counts(connection, "ten_theirs") == full
        assert not tenants.delete(connection, "ten_ours")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_was_deleted_is_not_in_the_file(database: Database, url: str) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    with database.writing() as connection:
        tenants.insert(connection, tenants.TenantRow(id="ten_third", name="a-very-peculiar-name"))
    assert b"a-very-peculiar-name" in file.with_name("podion.sqlite-wal").read_bytes()
    with database.writing() as connection:
        tenants.delete(connection, "ten_third")
    database.close()
    assert b"a-very-peculiar-name" not in file.read_bytes()


def test_a_tenant_is_found_by_id_and_by_name(connection: Connection) -> None:
    row = tenants.get(connection, "ten_ours")
    assert row is not None
    assert tenants.by_name(connection, "ours") == row
    assert tenants.get(connection, "ten_nobody") is None
    assert tenants.by_name(connection, "nobody") is None


def test_names_are_unique(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        tenants.insert(connection, tenants.TenantRow(id="ten_other", name="ours"))


def test_pages_are_newest_first_and_gapless(connection: Connection) -> None:
    first = tenants.page(connection, limit=1)
    rest = tenants.page(connection, after=first[-1].id)
    assert [row.id for row in first + rest] == ["ten_theirs", "ten_ours"]


def test_disabling_keeps_the_first_time_and_enabling_undoes_it(connection: Connection) -> None:
    first = tenants.disable(connection, "ten_ours")
    assert first is not None
    assert first.disabled_at is not None
    assert tenants.disable(connection, "ten_ours") == first
    assert tenants.get(connection, "ten_theirs").disabled_at is None  # type: ignore[union-attr]
    assert tenants.enable(connection, "ten_ours").disabled_at is None  # type: ignore[union-attr]
    assert tenants.disable(connection, "ten_nobody") is None
