"""Many documents at once: read in one look, changed together or not at all, searchable and removed in one batch."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import BaseModel

from podion.caller import Found
from podion.errors import TooLarge
from podion.head_kinds import LabelHead
from podion.lifecycle.store import VerticalStore
from podion.retrieval.collections import Collections
from podion.storage import tenants as rows
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.ids import new_id
from podion.vertical import CollectionSpec, Task, Vertical


class Count(BaseModel):
    id: str = ""
    value: int = 0


class Mark(BaseModel):
    id: str = ""
    words: str = ""


class Page(BaseModel):
    id: str = ""
    text: str
    shelf: str = "a"


class Record(BaseModel):
    text: str
    label: str | None = None


PAGES = CollectionSpec(name="pages", kind=Page, filters=("shelf",))
VERTICAL = Vertical(
    name="library",
    title={"en": "Library", "zh": "图书馆"},
    tasks=(Task(name="sort", record=Record, head=LabelHead()),),
    kinds=(Count, Mark),
    collections=(PAGES,),
)


async def embed(texts: Sequence[str], kind: str = "query", owner: str = "") -> NDArray[np.float32]:
    """Return the sum of a vector a word."""

    def word(each: str) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.blake2b(each.encode(), digest_size=8).digest(), "little")
        return np.random.default_rng(seed).standard_normal(128).astype(np.float32)

    rows = np.stack([sum(word(each) for each in ["", *text.lower().split()]) for text in texts])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class Tenant:
    """A tenant's store, and searches in its collection."""

    def __init__(self, database: Database, collections: Collections, name: str) -> None:
        self.name, self.collections = name, collections
        self.store = VerticalStore(
            database=database,
            collections=collections,
            tenant=name,
            vertical=VERTICAL,
            mask=lambda document: document,
            new_id=new_id,
        )

    async def found(self, words: str, **where: Any) -> list[str]:
        hits = await self.collections.search(self.name, VERTICAL.name, PAGES, words, 5, where)
        return [hit.document for hit in hits if hit.score > 0.6]


@pytest.fixture
def tenants(database: Database, tmp_path: Path) -> tuple[Tenant, Tenant]:
    with database.writing() as c:
        for name in ("ten_ours", "ten_theirs"):
            rows.insert(c, rows.TenantRow(id=name, name=name))
    collections = Collections(database=database, files=Files(tmp_path), embed=embed, fingerprint=lambda: "base")
    return Tenant(database, collections, "ten_ours"), Tenant(database, collections, "ten_theirs")


def test_many_are_read_at_once_in_the_order_asked(tenants: Any) -> None:
    async def story() -> None:
        ours, theirs = tenants
        await ours.store.put_all([Count(id=f"c{n}", value=n) for n in range(300)])
        await theirs.store.put(Count(id="c7", value=-7))
        asked = ["c9", "gone", "c7", "c9", *(f"no-{n}" for n in range(20_000))]
        found = await ours.store.get_all(Count, asked)
        assert [(id, one.value) for id, one in found.items()] == [("c9", 9), ("c7", 7)]
        assert (await theirs.store.get_all(Count, asked)) == {"c7": Count(id="c7", value=-7)}
        assert await ours.store.get_all(Mark, ["c7"]) == {}
        assert await ours.store.get_all(Count, []) == {}
        with pytest.raises(TypeError, match="declares no kind"):
            await ours.store.get_all(Record, ["c7"])

    asyncio.run(story())


def test_documents_of_several_kinds_change_together(tenants: Any) -> None:
    async def story() -> None:
        ours, theirs = tenants
        await ours.store.put(Count(id="c", value=1))

        def change(found: Found) -> list[BaseModel]:
            kept = found.get(Count, "c") or Count(id="c", value=100)
            assert found.get(Mark, "m") is None and found.all(Mark) == {}
            return [Count(id="c", value=kept.value + 1), Mark(id="m", words="new"), Mark(words="made up")]

        wanted = {Count: ["c", "other"], Mark: ["m"]}
        kept = await ours.store.update_all(wanted, change)
        assert kept[:2] == [Count(id="c", value=2), Mark(id="m", words="new")] and kept[2].id.startswith("mar_")
        await theirs.store.update_all(wanted, change)
        assert (await ours.store.get(Count, "c")).value == 2
        assert (await theirs.store.get(Count, "c")).value == 101

    asyncio.run(story())


def test_what_fails_changes_nothing(tenants: Any) -> None:
    async def story() -> None:
        ours, _ = tenants
        await ours.store.put(Count(id="c", value=1))

        def fail(found: Found) -> list[BaseModel]:
            raise ZeroDivisionError

        def too_many(found: Found) -> list[BaseModel]:
            return [Count(id="c", value=9), *(Count(id=f"x{n}") for n in range(1_000))]

        for change, error in ((fail, ZeroDivisionError), (too_many, TooLarge)):
            with pytest.raises(error):
                await ours.store.update_all({Count: ["c"]}, change)
        with pytest.raises(TypeError, match="use put or put_all"):
            await ours.store.update_all({Page: ["p"]}, lambda found: [])
        with pytest.raises(TypeError, match="use put or put_all"):
            await ours.store.update_all({Count: ["c"]}, lambda found: [Count(id="c", value=9), Page(id="p", text="t")])
        assert await ours.store.get(Count, "c") == Count(id="c", value=1)
        assert (await ours.store.list(Count)).data == [Count(id="c", value=1)]

    asyncio.run(story())


def test_nobody_comes_in_between(tenants: Any) -> None:
    async def story() -> None:
        ours, _ = tenants

        def rise(found: Found) -> list[BaseModel]:
            return [Count(id=id, value=(found.get(Count, id) or Count()).value + 1) for id in ("a", "b")]

        await asyncio.gather(*(ours.store.update_all({Count: ["a", "b"]}, rise) for _ in range(60)))
        assert {one.value for one in (await ours.store.get_all(Count, ["a", "b"])).values()} == {60}

    asyncio.run(story())


def test_a_collections_documents_are_kept_found_and_removed_in_one_go(tenants: Any) -> None:
    async def story() -> None:
        ours, theirs = tenants
        pages = [Page(id=f"p{n}", text=f"word{n} word{n} word{n}", shelf="ab"[n % 2]) for n in range(150)]
        await ours.store.put_all([*pages, Count(id="c", value=1)])
        assert await ours.found("word77") == ["p77"]
        assert await ours.found("word77", shelf="a") == []
        assert await theirs.found("word77") == []
        await ours.store.put_all([Page(id="p77", text="other thing", shelf="a"), Page(id="p77", text="later thing")])
        assert await ours.found("word77") == []
        assert await ours.found("later thing", shelf="a") == ["p77"]
        assert await theirs.store.delete_all(Page, ["p77"]) == 0
        assert await ours.store.delete_all(Page, ["p77", "p78", "gone"]) == 2
        assert await ours.found("later thing") == [] and await ours.found("word79") == ["p79"]
        assert await ours.store.delete_all(Count, ["c"]) == 1 and await ours.store.get_all(Count, ["c"]) == {}

    asyncio.run(story())


def test_kept_vectors_are_read_and_not_computed_again(tenants: Any) -> None:
    async def story() -> None:
        ours, theirs = tenants
        long = " ".join(f"sentence number {n} of many." for n in range(300))
        await ours.store.put_all([Page(id="one", text="red lamp"), Page(id="many", text=long)])
        found = await ours.collections.vectors("ten_ours", VERTICAL.name, PAGES, ["one", "many", "gone"])
        assert set(found) == {"one", "many"}
        assert all(np.linalg.norm(vector) == pytest.approx(1) for vector in found.values())
        np.testing.assert_allclose(found["one"], (await embed(["red lamp"]))[0], atol=1e-6)
        assert await theirs.collections.vectors("ten_theirs", VERTICAL.name, PAGES, ["one"]) == {}

    asyncio.run(story())
