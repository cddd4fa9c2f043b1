"""Every schema that was released, with rows in it, comes up to this version's; none of them is rewritten afterwards."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from podion.storage import adapters, datasets, enablements, feedback, jobs, keys, migrations, tenants
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.restore import read_backup
from podion.storage.tables import metadata

FOLDER = Path(__file__).parent / "released"
RELEASED = sorted(path.name.partition(".")[0] for path in FOLDER.glob("*.schema.sql"))


def statements(name: str) -> list[str]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--")).rstrip(";\n").split(";\n")


def as_released(connection: Connection, revision: str, kind: str) -> None:
    migrations.upgrade(connection, to=revision)
    if kind == "postgresql":
        connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
    for statement in statements(f"{revision}.rows.sql"):
        connection.exec_driver_sql(statement.replace("%", "%%"))


def rows(connection: Connection, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row by table, of these columns."""
    found = {}
    for table, names in columns.items():
        query = text(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1, 2")
        found[table] = [tuple(row) for row in connection.execute(query)]
    return found


def columns_of(revision: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for statement in statements(f"{revision}.rows.sql"):
        table, _, rest = statement.removeprefix("INSERT INTO ").partition(" (")
        found[table] = rest.partition(")")[0].split(", ")
    return found


@pytest.mark.parametrize("revision", RELEASED)
def test_a_released_database_is_upgraded_with_every_row(url: str, kind: str, revision: str) -> None:
    database = Database(url)
    database.prepare()
    columns = columns_of(revision)
    with database.writing() as connection:
        as_released(connection, revision, kind)
        before = rows(connection, columns)
    assert all(len(each) == 2 for each in before.values())
    database.migrate()
    with database.reading() as connection:
        assert migrations.is_current(connection)
        assert rows(connection, columns) == before
        insist_on_what_it_means(connection)
    database.close()


def insist_on_what_it_means(c: Connection) -> None:
    """The rows as this version reads them."""
    ours = tenants.by_name(c, "ours")
    assert ours is not None and ours.created_at.isoformat() == "2026-01-01T03:04:05.000006+00:00"
    (key,) = keys.page(c, "ten_ours")
    assert key.scopes == ("predict", "data") and key.revoked_at is None
    (dataset,) = datasets.page(c, "ten_ours")
    assert dataset.labels == {"refund": 2, "好评": 1} and dataset.report["warnings"] == ['it\'s "quoted"']
    assert adapters.page(c, "ten_ours")[0].metrics == {"test": {"macro_f1": 0.8125}}
    (job,) = jobs.page(c, "ten_ours")
    assert (job.state, job.error, job.result) == ("succeeded", None, {"adapter": "a1"})
    assert feedback.corrections(c, "ten_ours", "customer_service/intent") == [({"text": "it's late"}, "refund")]
    (enabled,) = enablements.page(c, "ten_ours")
    assert enabled.config == {"greeting": "您好"} and enabled.personal == {}


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("revision", RELEASED)
def test_a_released_revision_builds_what_it_built_then(url: str, revision: str) -> None:
    database = Database(url)
    database.prepare()
    with database.writing() as connection:
        migrations.upgrade(connection, to=revision)
        made = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")).scalars()
        assert list(made) == statements(f"{revision}.schema.sql")
    database.close()


@pytest.mark.parametrize("revision", RELEASED)
def test_a_backup_of_a_released_schema_is_restored(
    revision: str, kind: str, make_url: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Database(make_url()), Database(make_url())
    old.prepare()
    columns = columns_of(revision)
    with old.writing() as connection:
        as_released(connection, revision, kind)
        before = rows(connection, columns)
    with monkeypatch.context() as patched:
        back_up_as_then(old, revision, tmp_path / "then.zip", patched)
    read_backup(new, Files(tmp_path / "files"), tmp_path / "then.zip", secrets=tmp_path, progress=lambda *_: None)
    with new.reading() as connection:
        assert migrations.is_current(connection)
        assert rows(connection, columns) == before
    old.close()
    new.close()


def back_up_as_then(database: Database, revision: str, target: Path, patched: pytest.MonkeyPatch) -> None:
    """Write what the version of that revision would have written: its tables and its columns."""
    from sqlalchemy import MetaData

    from podion.storage import backup

    then = MetaData()
    for name, columns in columns_of(revision).items():
        table = metadata.tables[name].to_metadata(then)
        for column in [column for column in table.columns if column.name not in columns]:
            table._columns.remove(column)  # type: ignore[attr-defined]
    patched.setattr(backup, "metadata", then)
    patched.setattr(backup, "_schema", lambda connection: revision)
    backup.write_backup(database, Files(target.parent / "old"), target, secrets={}, progress=lambda *_: None)
