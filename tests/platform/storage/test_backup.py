import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from podion.errors import BadSettings, Conflict, DataError, StorageFull
from podion.storage import adapters, audit, datasets, migrations, predictions, restore, tenants
from podion.storage.backup import Backup, write_backup
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.restore import Restored, read_backup
from podion.storage.tables import collections, metadata, segments

ON_SQLITE = pytest.mark.parametrize("kind", ["sqlite"])


def quiet(stage: str, share: float | None) -> None:
    pass


def publish(files: Files, final: Path, content: dict[str, bytes]) -> None:
    with files.staging() as staging:
        staged = staging / "it"
        if final.suffix:
            staged.write_bytes(content[""])
        else:
            for name, data in content.items():
                (staged / name).parent.mkdir(parents=True, exist_ok=True)
                (staged / name).write_bytes(data)
        files.publish(staged, final)


def add(database: Database, files: Files, tenant: str, number: int) -> None:
    """A dataset, an adapter and an answer, as a server adds them: file first, row with it, all or nothing."""
    name = f"{number:06d}"
    publish(files, files.dataset(tenant, f"dst_{name}"), {"": os.urandom(200)})
    publish(files, files.adapter(tenant, f"a{name}"), {"card.json": b"{}", "adapter/w.safetensors": os.urandom(300)})
    adapter = {"task": "t/t", "run": None, "method": "head", "base": "b", "fingerprint": "f"}
    with database.writing() as c:
        labels = {"好评": number, "a\x01\u2028": 1}
        datasets.insert(
            c, datasets.DatasetRow(tenant=tenant, id=f"dst_{name}", task="t/t", digest="d", rows=1, labels=labels)
        )
        adapters.insert(c, adapters.AdapterRow(tenant=tenant, id=f"a{name}", **adapter, metrics={"f1": 1 / 3}))
        answer = {"task": "t/t", "adapter": "x", "record": {"text": "é"}, "answer": {"label": None}, "confidence": 0.1}
        predictions.insert_many(c, [predictions.PredictionRow(tenant=tenant, id=f"p{name}", **answer)])


def content(database: Database) -> dict[str, list[Any]]:
    """Every row of every table."""
    with database.reading() as c:
        return {
            table.name: [tuple(row) for row in c.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def bytes_of(files: Files) -> dict[str, bytes]:
    tenants = files.root / "tenants"
    return {str(path.relative_to(tenants)): path.read_bytes() for path in tenants.rglob("*") if path.is_file()}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


@pytest.fixture
def full(database: Database, files: Files) -> Database:
    """Rows in many tables, files of two tenants."""
    for tenant in ("ten_ours", "ten_theirs"):
        for number in range(3):
            add(database, files, tenant, number)
        with database.writing() as c:
            audit.add(c, tenant, "test", "x", "x", {"n": [1, 2.5, None, "文"]})
            key = {"tenant": tenant, "vertical": "v", "name": "faq"}
            row = c.execute(select(tenants.tenants)).first()
            assert row is not None
            more = {"id": "c", "recipe": "r", "generation": 1, "next_number": 2**40, "created_at": row.created_at}
            c.execute(insert(collections).values(**key, **more))
            place = {"document": "d", "field": "f", "start": 0, "stop": 1, "fingerprint": "f", "generation": 1}
            vector = bytes(range(256))
            key = {"tenant": tenant, "vertical": "v", "collection": "faq"}
            c.execute(insert(segments).values(**key, number=2**33, vector=vector, **place))
    return database


@pytest.fixture
def back_up(full: Database, files: Files, tmp_path: Path) -> Callable[[], Backup]:
    (tmp_path / "masking.key").write_text("the secret of pseudonyms")
    secrets = {"masking.key": tmp_path / "masking.key"}
    return lambda: write_backup(full, files, tmp_path / "backup.zip", secrets=secrets, progress=quiet)


@pytest.fixture
def empty(make_url: Callable[..., str], tmp_path: Path) -> Iterator["Empty"]:
    found = Empty(Database(make_url()), tmp_path / "empty")
    yield found
    found.database.close()


class Empty:
    """An installation that holds nothing."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.home = home
        self.files = Files(home / "files")

    def read(self, source: Path) -> Restored:
        return read_backup(self.database, self.files, source, secrets=self.home, progress=quiet)

    def insist_on_nothing(self) -> None:
        self.database.prepare()
        with self.database.reading() as c:
            assert restore._is_empty(c)
        assert [path for path in self.home.rglob("*") if path.is_file()] == []


def test_what_is_restored_is_what_was_there(
    full: Database, files: Files, back_up: Callable[[], Backup], empty: Empty
) -> None:
    made = back_up()
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert made.rows["predictions"] == 6 and made.files == 18 and made.missing == ()
    restored = empty.read(made.file)
    assert dict(restored.rows) == made.rows
    assert content(empty.database) == content(full)
    assert bytes_of(empty.files) == bytes_of(files)
    assert (empty.home / "masking.key").read_text() == "the secret of pseudonyms"
    assert (empty.home / "masking.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in empty.files.root.iterdir() if path.name != "staging"] == ["tenants"]
    with pytest.raises(Conflict, match="holds rows"):
        empty.read(made.file)
    with empty.database.reading() as c:
        assert migrations.is_current(c)


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_backup_moves_between_the_databases(
    full: Database, files: Files, back_up: Callable[[], Backup], tmp_path: Path, make_url: Callable[..., str]
) -> None:
    made = back_up()
    light = Empty(Database(f"sqlite:///{tmp_path / 'light' / 'podion.sqlite'}"), tmp_path / "light")
    light.read(made.file)
    assert content(light.database) == content(full)
    again = tmp_path / "again.zip"
    write_backup(light.database, light.files, again, secrets={}, progress=quiet)
    heavy = Empty(Database(make_url()), tmp_path / "heavy")
    heavy.read(again)
    assert content(heavy.database) == content(full)
    assert bytes_of(heavy.files) == bytes_of(files)
    light.database.close()
    heavy.database.close()


def test_a_backup_under_load_is_of_one_moment(full: Database, files: Files, empty: Empty, tmp_path: Path) -> None:
    stop, made = threading.Event(), []

    def keep_adding() -> None:
        number = 100
        while not stop.is_set():
            add(full, files, "ten_ours", number)
            made.append(number)
            number += 1

    writer = threading.Thread(target=keep_adding)
    writer.start()
    while len(made) < 5:
        time.sleep(0.01)
    acknowledged = len(made)
    backup = write_backup(full, files, tmp_path / "backup.zip", secrets={}, progress=lambda *_: time.sleep(0.002))
    stop.set()
    writer.join()
    assert len(made) > acknowledged, "it was written to meanwhile"
    empty.read(backup.file)
    then, now = content(empty.database), content(full)
    found = {row.id for row in datasets_of(empty.database)}
    assert {f"dst_{number:06d}" for number in made[:acknowledged]} <= found, "what was acknowledged before is in it"
    for name, rows in then.items():
        assert set(map(repr, rows)) <= set(map(repr, now[name]))
    there = bytes_of(files)
    restored = bytes_of(empty.files)
    assert restored == {name: there[name] for name in restored}
    named = {f"{row.tenant}/datasets/{row.id}.jsonl" for row in datasets_of(empty.database, everybody=True)}
    assert named == {name for name in restored if "/datasets/" in name}
    assert len(then["adapters"]) == len(then["datasets"]) == len(then["predictions"])


def datasets_of(database: Database, everybody: bool = False) -> list[datasets.DatasetRow]:
    owners = ("ten_ours", "ten_theirs") if everybody else ("ten_ours",)
    with database.reading() as c:
        return [row for owner in owners for row in datasets.page(c, owner, limit=10_000)]


def test_a_tenant_that_is_deleted_meanwhile_is_not_in_it(
    full: Database, files: Files, empty: Empty, tmp_path: Path
) -> None:
    said = []

    def delete_once(stage: str, share: float | None) -> None:
        if not said:
            with full.writing() as c:
                tenants.delete(c, "ten_theirs")
            files.delete_tenant("ten_theirs")
        said.append(stage)

    backup = write_backup(full, files, tmp_path / "backup.zip", secrets={}, progress=delete_once)
    assert any("again" in stage for stage in said)
    assert b"ten_theirs" not in backup.file.read_bytes()
    empty.read(backup.file)
    assert content(empty.database) == content(full)


def test_a_lost_file_is_named_and_the_rest_is_kept(full: Database, files: Files, back_up: Callable[[], Backup]) -> None:
    files.dataset("ten_ours", "dst_000001").unlink()
    made = back_up()
    assert made.missing == ("tenants/ten_ours/datasets/dst_000001.jsonl",)
    assert made.files == 17


@ON_SQLITE
def test_every_damage_is_refused_or_harmless(full: Database, back_up: Callable[[], Backup], empty: Empty) -> None:
    file = back_up().file
    whole = file.read_bytes()
    with zipfile.ZipFile(file) as archive_before:
        members = {name: archive_before.read(name) for name in archive_before.namelist() if name != "manifest.json"}
    refused = 0
    step = max(1, len(whole) // 250)
    for place in range(0, len(whole), step):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        try:
            with restore.checked_archive(file, lambda share: None) as archive:
                assert {name: b"".join(archive.chunks(name)) for name in archive.members} == members
        except DataError:
            refused += 1
    assert refused > 200
    for damaged in (whole[: len(whole) // 2], whole[:-1], b"", b"PK", b"\0" * 1000):
        file.write_bytes(damaged)
        with pytest.raises(DataError, match="nothing was written"):
            empty.read(file)
    empty.insist_on_nothing()


@ON_SQLITE
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, 9, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_a_member_that_says_it_is_packed_otherwise_is_refused(
    back_up: Callable[[], Backup], empty: Empty, method: int
) -> None:
    file = back_up().file
    whole = bytearray(file.read_bytes())
    for sign, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        place = whole.find(sign)
        while place >= 0:
            whole[place + offset] = method if whole[place + offset] == zipfile.ZIP_DEFLATED else whole[place + offset]
            place = whole.find(sign, place + 1)
    file.write_bytes(whole)
    with pytest.raises(DataError, match="nothing was written"):
        empty.read(file)


@ON_SQLITE
def test_a_member_that_was_exchanged_is_refused(back_up: Callable[[], Backup], empty: Empty, tmp_path: Path) -> None:
    made = back_up()
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(made.file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"ours", b"mine") if name == "rows/tenants.jsonl" else data)
    with pytest.raises(DataError, match=r"rows/tenants.jsonl does not have its checksum"):
        empty.read(other)
    with zipfile.ZipFile(made.file, "a") as more:
        more.writestr("files/tenants/x", b"extra")
    with pytest.raises(DataError, match="not those of its manifest"):
        empty.read(made.file)
    empty.insist_on_nothing()


@pytest.mark.parametrize("moment", ["rows", "files", "commit"])
def test_a_restore_that_fails_leaves_nothing_and_may_be_tried_again(
    full: Database, files: Files, back_up: Callable[[], Backup], empty: Empty, moment: str, monkeypatch: Any
) -> None:
    made = back_up()

    def fail(*arguments: Any, **more: Any) -> Any:
        raise StorageFull("full")

    with monkeypatch.context() as patched:
        if moment == "rows":
            patched.setattr(restore, "load", fail)
        elif moment == "files":
            patched.setattr(Files, "publish", fail)
        else:
            place = restore._place
            patched.setattr(restore, "_place", lambda *arguments: (place(*arguments), fail()))
        with pytest.raises(StorageFull):
            empty.read(made.file)
    empty.insist_on_nothing()
    empty.read(made.file)
    assert content(empty.database) == content(full)


KILLED = """
import os, signal, sys
from pathlib import Path
from podion.storage import restore
from podion.storage.database import Database
from podion.storage.files import Files

place = restore._place
restore._place = lambda *arguments: (place(*arguments), os.kill(os.getpid(), signal.SIGKILL))
url, source, home = sys.argv[1], *map(Path, sys.argv[2:])
restore.read_backup(Database(url), Files(home / "files"), source, secrets=home, progress=lambda *_: None)
"""


def test_a_restore_that_is_killed_has_no_row_and_may_be_tried_again(
    full: Database, files: Files, back_up: Callable[[], Backup], empty: Empty
) -> None:
    made = back_up()
    command = [sys.executable, "-c", KILLED, empty.database.url, str(made.file), str(empty.home)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == -9, ran.stderr
    assert bytes_of(empty.files), "the worst moment: files are in place, rows are not committed"
    empty.database.prepare()
    with empty.database.reading() as c:
        assert restore._is_empty(c)
    empty.read(made.file)
    assert content(empty.database) == content(full)
    assert bytes_of(empty.files) == bytes_of(files)


@ON_SQLITE
def test_it_restores_into_nothing_but_an_empty_place(back_up: Callable[[], Backup], empty: Empty) -> None:
    made = back_up()
    (empty.files.root / "tenants" / "ten_other").mkdir(parents=True)
    with pytest.raises(Conflict, match="holds files"):
        empty.read(made.file)
    (empty.files.root / "tenants" / "ten_other").rmdir()
    (empty.home / "masking.key").write_text("another")
    with pytest.raises(Conflict, match="another than the backup's"):
        empty.read(made.file)
    (empty.home / "masking.key").unlink()
    empty.insist_on_nothing()


@ON_SQLITE
def test_an_existing_file_is_kept_and_a_failed_backup_leaves_none(
    full: Database, files: Files, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    (tmp_path / "backup.zip").write_text("precious")
    with pytest.raises(Conflict, match="exists"):
        back_up()
    assert (tmp_path / "backup.zip").read_text() == "precious"
    before = sorted(tmp_path.iterdir())

    def fail(stage: str, share: float | None) -> None:
        if stage == "rows":
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageFull):
        write_backup(full, files, tmp_path / "other.zip", secrets={}, progress=fail)
    assert sorted(tmp_path.iterdir()) == before


@ON_SQLITE
def test_a_database_without_this_versions_schema_is_not_backed_up(empty: Empty, tmp_path: Path) -> None:
    empty.database.prepare()
    with pytest.raises(BadSettings, match="podion migrate"):
        write_backup(empty.database, empty.files, tmp_path / "backup.zip", secrets={}, progress=quiet)
    assert not (tmp_path / "backup.zip").exists()
