"""A backup into an empty installation: checked before anything is written, then all of it or nothing."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, select

from podion.errors import BadSettings, Conflict
from podion.storage import migrations
from podion.storage.archive import Archive, checked_archive
from podion.storage.backup import FORMAT, Progress
from podion.storage.database import Database
from podion.storage.files import Files, room_needed
from podion.storage.row_lines import load
from podion.storage.tables import metadata

_MARK = "restoring.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back. `schema` is the one it was written with; the database has this version's."""

    file: Path
    seconds: float
    schema: str
    rows: Mapping[str, int]
    files: int


def read_backup(database: Database, files: Files, source: Path, *, secrets: Path, progress: Progress) -> Restored:
    """Read a backup into an empty database, an empty folder of files, and the folder `secrets`.

    Raises `DataError` for a damaged file, `BadSettings` for one that a newer version wrote, and `Conflict` where there
    is state already; then nothing is changed. After a crash all of it is there, or no row; files that were put in place
    for rows that never came are removed when this is called again.
    """
    started = time.monotonic()
    with checked_archive(source, lambda share: progress("checking", share)) as archive:
        _check_version(archive)
        database.prepare()
        _clear_interrupted(database, files)
        with database.reading() as connection:
            _check_empty(connection, files)
        _check_secrets(archive, secrets)
        with files.staging() as staging:
            copied = _extract(archive, staging, progress)
            with _published(database, files), database.writing() as connection:
                rows = _load(connection, archive, files, progress)
                _place(database, files, staging / "tenants", archive, secrets)
    return Restored(
        file=source,
        seconds=round(time.monotonic() - started, 3),
        schema=archive.manifest["schema"],
        rows=rows,
        files=copied,
    )


def _check_version(archive: Archive) -> None:
    wanted = archive.manifest.get("format"), archive.manifest.get("schema")
    if wanted[0] != FORMAT or wanted[1] not in migrations.revisions():
        raise BadSettings(
            f"The backup has format {wanted[0]} and schema {wanted[1]}, this version knows format {FORMAT} and schemas "
            f"up to {migrations.revisions()[-1]}: restore it with the version that wrote it, or a newer one."
        )


def _tables(connection: Connection) -> list[Table]:
    """Return the tables that are there, as they are, those that refer to others last."""
    if migrations.current(connection) is None:
        return []
    found = MetaData()
    found.reflect(connection)
    known = {name for name in found.tables if name in metadata.tables}
    return [table for table in found.sorted_tables if table.name in known]


def _is_empty(connection: Connection) -> bool:
    return all(connection.execute(select(table).limit(1)).first() is None for table in _tables(connection))


def _check_empty(connection: Connection, files: Files) -> None:
    migrations.is_current(connection)
    if not _is_empty(connection):
        raise Conflict("The database holds rows: restore into an empty one (PODION_HOME, PODION_DATABASE_URL)")
    tenants = files.root / "tenants"
    if tenants.is_dir() and any(tenants.iterdir()):
        raise Conflict(f"{tenants} holds files: restore into an empty folder (PODION_HOME, PODION_FILES_URL)")


def _load(connection: Connection, archive: Archive, files: Files, progress: Progress) -> dict[str, int]:
    """Make the schema that the backup was written with, fill it, and bring it to this version's."""
    _check_empty(connection, files)
    schema = archive.manifest["schema"]
    if migrations.current(connection) not in (None, schema):
        for table in reversed(_tables(connection)):
            table.drop(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    if migrations.current(connection) is None:
        migrations.upgrade(connection, to=schema)
    rows = {}
    tables = archive.manifest["tables"]
    for done, (name, written) in enumerate(tables.items()):
        progress("rows", done / len(tables))
        rows[name] = load(connection, name, written, archive.lines(f"rows/{name}.jsonl"))
    migrations.upgrade(connection)
    return rows


def _extract(archive: Archive, staging: Path, progress: Progress) -> int:
    names = [name for name in archive.members if name.startswith("files/tenants/")]
    for done, name in enumerate(names):
        progress("files", done / len(names))
        path = staging / name.removeprefix("files/")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with room_needed(), path.open("xb") as target:
            for chunk in archive.chunks(name):
                target.write(chunk)
    return len(names)


def _place(database: Database, files: Files, staged: Path, archive: Archive, secrets: Path) -> None:
    """Put files and secrets where they belong, after a mark that says so: the rows are not committed yet."""
    new = {secrets / name: content for name, content in _secrets(archive).items() if not (secrets / name).exists()}
    files.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(_mark(files), json.dumps({"database": _name(database), "secrets": [*map(str, new)]}).encode())
    if staged.is_dir():
        tenants = files.root / "tenants"
        if tenants.is_dir():
            tenants.rmdir()
        files.publish(staged, tenants)
    for path, content in new.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, content)


def _write(path: Path, content: bytes) -> None:
    with room_needed(), os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


@contextmanager
def _published(database: Database, files: Files) -> Iterator[None]:
    """Take the files back unless their rows were committed, whatever it was that went wrong."""
    try:
        yield
    except BaseException:
        _clear_interrupted(database, files)
        raise
    _mark(files).unlink(missing_ok=True)


def _clear_interrupted(database: Database, files: Files) -> None:
    """Remove the files of a restore whose rows were never committed; its mark says which database it was for."""
    mark = _mark(files)
    if not mark.is_file():
        return
    said = json.loads(mark.read_text("utf-8") or "{}")
    if said.get("database", _name(database)) != _name(database):
        raise Conflict(f"{mark} is of a restore into another database: finish that one, or remove the mark")
    with database.reading() as connection:
        empty = _is_empty(connection)
    if empty:
        for secret in said.get("secrets", ()):
            Path(secret).unlink(missing_ok=True)
        if said:
            shutil.rmtree(files.root / "tenants", ignore_errors=True)
    mark.unlink()


def _mark(files: Files) -> Path:
    return files.root / _MARK


def _name(database: Database) -> str:
    return hashlib.sha256(database.url.encode()).hexdigest()


def _secrets(archive: Archive) -> dict[str, bytes]:
    names = [name for name in archive.members if name.startswith("secrets/")]
    return {name.removeprefix("secrets/"): b"".join(archive.chunks(name)) for name in names}


def _check_secrets(archive: Archive, folder: Path) -> None:
    for name, content in _secrets(archive).items():
        if (folder / name).exists() and (folder / name).read_bytes() != content:
            raise Conflict(f"{folder / name} is another than the backup's: move it away, it protects nothing here yet")
