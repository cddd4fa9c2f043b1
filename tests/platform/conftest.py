"""A database with two tenants, on SQLite and on PostgreSQL."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from podion.storage import tenants
from podion.storage.database import Connection, Database

CLUSTER = "podion_test_cluster"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL server for the session; skips where there is none."""
    if CLUSTER not in sys.modules:
        path = Path(__file__).parents[1] / "fixtures" / "postgresql" / "cluster.py"
        spec = importlib.util.spec_from_file_location(CLUSTER, path)
        assert spec is not None and spec.loader is not None
        sys.modules[CLUSTER] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[CLUSTER])
    module: Any = sys.modules[CLUSTER]
    with module.running() as cluster:
        if cluster is None:
            pytest.skip(reason=module.ABSENT)
        yield cluster


@pytest.fixture(scope="session")
def filled() -> dict[str, Any]:
    """By kind of database: one with two tenants, made once and copied for each test."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a database runs on both."""
    return str(request.param)


@pytest.fixture
def make_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """A function that returns the URL of a new database: an empty one, or a copy of the one that is named."""
    made: list[str] = []
    cluster = request.getfixturevalue("postgresql") if kind == "postgresql" else None

    def make(template: Any = None) -> str:
        if cluster is not None:
            made.append(cluster.create(template or "template0"))
            return str(cluster.url(made[-1]))
        made.append(str(tmp_path / f"home{len(made) or ''}" / "podion.sqlite"))
        if template is not None:
            Path(made[-1]).parent.mkdir(mode=0o700)
            shutil.copy(template, made[-1])
        return f"sqlite:///{made[-1]}"

    yield make
    if cluster is not None:
        for name in made:
            cluster.drop(name)


@pytest.fixture
def url(kind: str, make_url: Callable[..., str], request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, or of `database` for a test that asks for both."""
    if "database" not in request.fixturenames:
        return make_url()
    filled = request.getfixturevalue("filled")
    if kind not in filled:
        if kind == "sqlite":
            filled[kind] = request.getfixturevalue("tmp_path_factory").mktemp("filled") / "podion.sqlite"
            fill(f"sqlite:///{filled[kind]}")
        else:
            cluster = request.getfixturevalue("postgresql")
            filled[kind] = cluster.create()
            fill(cluster.url(filled[kind]))
    return make_url(filled[kind])


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with two tenants, `ten_ours` and `ten_theirs`."""
    database = Database(url)
    database.prepare()
    yield database
    database.close()


def fill(url: str) -> None:
    database = Database(url)
    database.migrate()
    with database.writing() as connection:
        for name in ("ours", "theirs"):
            tenants.insert(connection, tenants.TenantRow(id=f"ten_{name}", name=name))
    database.close()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A transaction of that database."""
    with database.writing() as connection:
        yield connection
