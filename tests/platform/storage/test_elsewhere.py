"""The mark grows with what another process writes, not with answers of one's own."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from podion.storage import audit, elsewhere
from podion.storage.database import Connection, Database


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """The same database as another process has it open."""
    other = Database(database.url)
    yield other
    other.close()


def note(c: Connection) -> None:
    audit.add(c, "ten_ours", "test", "x", "y")


def marks(database: Database, *, times: int = 3) -> list[int]:
    async def story() -> list[int]:
        seen = []
        for _ in range(times):
            await database.append(note)
            seen.append(database.mark())
        return seen

    return asyncio.run(story())


@pytest.mark.parametrize("kind", ["sqlite"])
def test_own_answers_leave_the_mark_and_others_writes_move_it(database: Database, other: Database) -> None:
    first, *more = marks(database)
    assert set(more) == {first}
    with other.writing() as c:
        note(c)
    assert marks(database, times=1)[0] > first
    after = marks(database)
    assert len(set(after)) == 1
    asyncio.run(database.write(note))
    assert database.mark() > after[0]
    after = marks(database)
    with database.writing() as c:
        note(c)
    assert database.mark() > after[-1]


def test_what_nobody_has_looked_at_for_a_while_counts_as_changed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "NOTICED_SECONDS", 0.02)
    before = database.mark()
    assert database.mark() == before
    time.sleep(0.03)
    assert database.mark() > before
