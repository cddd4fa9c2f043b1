"""The history of the schema, applied by alembic from inside the package.

A revision is a module `versions/r<number>_<what>.py` whose revision id is the number; the head is the highest. Write
the next one by hand: a test compares what the revisions build with `tables.metadata`.
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from podion.errors import BadSettings
from podion.storage.tables import metadata

_VERSION_TABLE = "alembic_version"


def revisions() -> list[str]:
    """Return the revisions that this version knows, oldest first, read from file names: alembic is slow to import."""
    names = (re.fullmatch(r"r(\d{4})_\w+\.py", path.name) for path in (Path(__file__).parent / "versions").iterdir())
    return sorted(name[1] for name in names if name)


def current(connection: Connection) -> str | None:
    """Return the revision of a database, None for an empty one."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar_one_or_none()


def is_current(connection: Connection) -> bool:
    """Return whether a database has this version's schema; raises `BadSettings` where it has a newer one."""
    found, known = current(connection), revisions()
    if found is not None and found not in known:
        raise BadSettings(
            f"The database has schema {found}, this version of podion knows up to {known[-1]}: "
            "install the version that wrote it, or a newer one, or restore a backup."
        )
    return found == known[-1]


def upgrade(connection: Connection, to: str = "head") -> None:
    """Apply the missing revisions inside the transaction of `connection`, which holds the write lock."""
    if is_current(connection):
        return
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationStep
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(__file__).parent))

    def missing(revision: Any, _context: object) -> list[Any]:
        newest_first = script.iterate_revisions(to, revision, implicit_base=True)
        return [MigrationStep.upgrade_from_script(script.revision_map, each) for each in reversed(list(newest_first))]

    with EnvironmentContext(Config(), script, fn=missing) as environment:
        environment.configure(connection=connection, target_metadata=metadata, version_table=_VERSION_TABLE)
        environment.run_migrations()
