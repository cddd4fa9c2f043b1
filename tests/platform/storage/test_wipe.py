"""What a tenant's rows said is on the disk no more once they are deleted and the log is emptied."""

from pathlib import Path

import pytest

from podion.errors import Unavailable
from podion.storage import idempotency, tenants
from podion.storage.database import Database
from podion.storage.idempotency import IdempotencyRow
from podion.storage.tenants import TenantRow

WORD = "canary4711"


def holding(folder: Path) -> list[str]:
    return [path.name for path in sorted(folder.iterdir()) if WORD.encode() in path.read_bytes()]


@pytest.fixture
def kept(tmp_path: Path) -> Database:
    """A database with a tenant, and the operator's request that made it, both of that word."""
    database = Database(f"sqlite:///{tmp_path / 'podion.sqlite'}", lock_seconds=0.2)
    database.migrate()
    with database.writing() as c:
        tenants.insert(c, TenantRow(id="ten_1", name=WORD))
        for tenant in ("ten_1", "ten_2"):
            response = {"id": tenant, "name": WORD if tenant == "ten_1" else "other"}
            row = IdempotencyRow(
                tenant="operator", route="r", key=f"k-{tenant}", body_digest="", status=201, response=response
            )
            idempotency.insert(c, row)
    return database


def test_nothing_is_left_of_what_was_deleted(kept: Database, tmp_path: Path) -> None:
    assert holding(tmp_path)
    with kept.writing() as c:
        assert tenants.delete(c, "ten_1")
    kept.wipe()
    assert holding(tmp_path) == []
    with kept.reading() as c:
        assert idempotency.find(c, "operator", "r", "k-ten_2") is not None
    kept.close()


def test_a_reader_of_an_older_moment_is_waited_for_and_not_for_ever(kept: Database, tmp_path: Path) -> None:
    with kept.reading() as reader:
        tenants.get(reader, "ten_1")
        with kept.writing() as c:
            tenants.delete(c, "ten_1")
        with pytest.raises(Unavailable):
            kept.wipe()
    kept.wipe()
    assert holding(tmp_path) == []
    kept.close()
