from collections.abc import Iterator
from pathlib import Path

import pytest

from podion.storage import tenants
from podion.storage.database import Connection, Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'home' / 'podion.sqlite'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with two tenants, `ten_ours` and `ten_theirs`."""
    database = Database(url)
    database.migrate()
    with database.writing() as connection:
        for name in ("ours", "theirs"):
            tenants.insert(connection, tenants.TenantRow(id=f"ten_{name}", name=name))
    yield database
    database.close()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A transaction of that database."""
    with database.writing() as connection:
        yield connection
