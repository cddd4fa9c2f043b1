from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from podion.storage.tables import metadata, tenants


def test_every_row_names_its_tenant() -> None:
    without_key = set()
    for table in metadata.sorted_tables:
        if table is not tenants:
            assert table.c.tenant.nullable == (table.name == "audit")
            if not any(key.column is tenants.c.id for key in table.c.tenant.foreign_keys):
                without_key.add(table.name)
    # The operator's own requests are kept beside those of tenants.
    assert without_key == {"idempotency"}


def test_the_tables_are_postgresql_too() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(index.name) in str(CreateIndex(index).compile(dialect=dialect))
