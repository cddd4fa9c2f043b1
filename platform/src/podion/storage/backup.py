"""All state of an installation in one file, written while it serves, read back into an empty one.

The file is a zip: `rows/<table>.jsonl`, `files/tenants/…`, `secrets/…` and a manifest. Rows are those of one moment;
the files they name never change, so what is copied after that moment belongs to it. It fits either database.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from podion.errors import BadSettings, Unavailable
from podion.storage import migrations
from podion.storage.archive import ArchiveWriter, new_archive
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.row_lines import dump, kinds
from podion.storage.tables import adapters, datasets, metadata

FORMAT = 1

_CHUNK = 1 << 20
_ATTEMPTS = 5

Progress = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds. `missing` names files that rows name and that are not there."""

    file: Path
    bytes: int
    seconds: float
    schema: str
    rows: Mapping[str, int]
    files: int
    missing: tuple[str, ...]


class _Vanished(Exception):
    """A file went with its row while it was to be copied: a tenant was deleted."""


def write_backup(
    database: Database, files: Files, target: Path, *, secrets: Mapping[str, Path], progress: Progress
) -> Backup:
    """Write all rows, the files they name and these secrets to `target`, and return what it holds.

    A tenant that is deleted meanwhile is not in it: the backup starts again from a later moment. Raises `Conflict`
    where the file exists, `StorageFull`, and `BadSettings` for a schema that is not this version's.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        with suppress(_Vanished):
            return _write(database, files, target, secrets, progress)
        progress(f"a tenant was deleted meanwhile: again from now ({attempt})", None)
    raise Unavailable(f"Tenants were deleted during each of {_ATTEMPTS} attempts. Try again.", retry_after=60)


def _write(database: Database, files: Files, target: Path, secrets: Mapping[str, Path], progress: Progress) -> Backup:
    started = time.monotonic()
    with new_archive(target) as archive:
        with database.reading() as connection:
            schema = _schema(connection)
            copied, missing = _copy_files(connection, database, files, archive, progress)
            rows = _copy_rows(connection, archive, progress)
        for name, path in secrets.items():
            archive.add(f"secrets/{name}", [path.read_bytes()], compressed=False)
        archive.close(
            {
                "format": FORMAT,
                "podion": version("podion"),
                "schema": schema,
                "created_at": datetime.now(UTC).isoformat(),
                "tables": {table.name: kinds(table) for table in metadata.sorted_tables},
                "rows": rows,
                "missing": missing,
            }
        )
    return Backup(
        file=target,
        bytes=target.stat().st_size,
        seconds=round(time.monotonic() - started, 3),
        schema=schema,
        rows=rows,
        files=copied,
        missing=tuple(missing),
    )


def _schema(connection: Connection) -> str:
    if not migrations.is_current(connection):
        seen = migrations.current(connection) or "none"
        raise BadSettings(
            f"The database has schema {seen}, a backup takes {migrations.revisions()[-1]}: run `podion migrate` first, "
            "or back up with the version that wrote it."
        )
    return migrations.revisions()[-1]


def _copy_rows(connection: Connection, archive: ArchiveWriter, progress: Progress) -> dict[str, int]:
    rows: dict[str, int] = {}
    for done, table in enumerate(metadata.sorted_tables):
        progress("rows", done / len(metadata.tables))
        rows[table.name] = 0

        def counted(table: Table = table) -> Iterator[bytes]:
            for line in dump(connection, table):
                rows[table.name] += 1
                yield line

        archive.add(f"rows/{table.name}.jsonl", counted(), compressed=True)
    return rows


def _copy_files(
    connection: Connection, database: Database, files: Files, archive: ArchiveWriter, progress: Progress
) -> tuple[int, list[str]]:
    """Copy what rows name, before the rows, so that a tenant that goes meanwhile is noticed in time."""
    named = [(datasets, *row) for row in connection.execute(select(datasets.c.tenant, datasets.c.id))]
    named += [(adapters, *row) for row in connection.execute(select(adapters.c.tenant, adapters.c.id))]
    missing = []
    for done, (table, tenant, name) in enumerate(sorted(named, key=lambda each: each[1:])):
        progress("files", done / len(named))
        path = files.dataset(tenant, name) if table is datasets else files.adapter(tenant, name)
        try:
            _copy(path, files.root, archive)
        except (FileNotFoundError, NotADirectoryError) as error:
            with database.reading() as later:
                here = later.execute(select(table.c.id).where(table.c.tenant == tenant, table.c.id == name)).first()
            if here is None:
                raise _Vanished from error
            missing.append(str(path.relative_to(files.root)))
    return len(archive.members), missing


def _copy(path: Path, root: Path, archive: ArchiveWriter) -> None:
    parts = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    if not parts:
        raise FileNotFoundError(path)
    for part in parts:
        with part.open("rb") as source:
            chunks = iter(lambda source=source: source.read(_CHUNK), b"")  # type: ignore[misc]
            archive.add(f"files/{part.relative_to(root).as_posix()}", chunks, compressed=part.suffix == ".jsonl")
    if not path.exists():
        # It went while its parts were listed, so some may not have been seen.
        raise FileNotFoundError(path)


def facts(backup: Any) -> dict[str, Any]:
    """Return what a backup or a restore did, as values that JSON knows."""
    found = {name: getattr(backup, name) for name in type(backup).__slots__}
    return {name: str(value) if isinstance(value, Path) else value for name, value in found.items()}
