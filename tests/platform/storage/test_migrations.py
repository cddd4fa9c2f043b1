import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, inspect, text

from podion.errors import BadSettings
from podion.storage import migrations
from podion.storage.database import Database
from podion.storage.tables import metadata

MIGRATE = """
import sys, time
from podion.storage.database import Database
database = Database(sys.argv[1])
time.sleep(max(0, float(sys.argv[2]) - time.time()))
started = time.process_time()
database.migrate()
print(time.process_time() - started, "alembic" in sys.modules)
"""


def compare_default(_context: object, _found: object, column: Any, found: str | None, wanted: Any, text: str) -> Any:
    """PostgreSQL has no equality of JSON, which alembic would ask it for."""
    if isinstance(column.type, JSON):
        return (found is None) != (wanted is None) or not str(found).startswith(text)
    return None


def test_migrations_build_what_the_tables_say(url: str, kind: str) -> None:
    database = Database(url)
    database.migrate()
    with database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": compare_default}
        )
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == migrations.revisions()[-1]
        found = {name for name in inspect(connection).get_table_names() if name != "alembic_version"}
        # alembic compares neither check constraints nor the conditions of partial indexes.
        (state,) = inspect(connection).get_check_constraints("jobs")
        (live,) = [each for each in inspect(connection).get_indexes("deployments") if each["unique"]]
    database.close()
    assert found == set(metadata.tables)
    assert "'cancelled'" in state["sqltext"]
    condition = live["dialect_options"][f"{kind}_where"]
    for word in ("to_at IS NULL", "AND", "mode", "'live'"):
        assert word in str(condition)


def test_the_head_is_alembics_head() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_heads() == [migrations.revisions()[-1]]
    assert sorted(each.revision for each in script.walk_revisions()) == migrations.revisions()


def test_migrating_again_changes_nothing_and_needs_no_alembic(url: str) -> None:
    database = Database(url)
    database.migrate()
    database.close()
    run = subprocess.run([sys.executable, "-c", MIGRATE, url, "0"], capture_output=True, text=True, check=True)
    seconds, imported = run.stdout.split()
    assert float(seconds) < 0.3
    assert imported == "False"


def test_processes_that_start_at_once_migrate_once(url: str, tmp_path: Path) -> None:
    start = str(time.time() + 2)
    command = [sys.executable, "-c", MIGRATE, url, start]
    running = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in running:
        _out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    database = Database(url)
    with database.reading() as connection:
        assert (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
            == migrations.revisions()[-1:]
        )
    database.close()


def test_a_newer_database_is_refused(url: str) -> None:
    database = Database(url)
    database.migrate()
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadSettings, match="schema 9999"):
        database.migrate()
    database.close()


def test_a_failing_migration_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(url)
    upgrade = migrations.upgrade

    def fail_late(connection: object) -> None:
        upgrade(connection)  # type: ignore[arg-type]
        raise RuntimeError("power cut")

    monkeypatch.setattr(migrations, "upgrade", fail_late)
    with pytest.raises(RuntimeError, match="power cut"):
        database.migrate()
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []
    monkeypatch.undo()
    database.migrate()
    with database.reading() as connection:
        assert migrations.is_current(connection)
    database.close()
