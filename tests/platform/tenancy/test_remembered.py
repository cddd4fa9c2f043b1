"""What is remembered is looked up once, for half a second or while nobody writes, and forgotten at a word."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from podion.errors import Unauthenticated
from podion.tenancy import remembered
from podion.tenancy.remembered import Remembered


class Rows:
    """Values by tenant that can be changed, and how often they were read."""

    def __init__(self) -> None:
        self.now = {"ours": 1, "theirs": 1}
        self.mark = 0
        self.reads = 0
        self.go = asyncio.Event()
        self.go.set()

    def of(self, tenant: str) -> Callable[[], Coroutine[Any, Any, tuple[str, int]]]:
        async def look() -> tuple[str, int]:
            self.reads += 1
            seen = self.now[tenant]
            await self.go.wait()
            return tenant, seen

        return look

    def remembered(self) -> Remembered[tuple[str, int]]:
        return Remembered(lambda: self.mark, lambda found: found[0])


def run(story: Callable[[Rows], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await story(Rows())

    asyncio.run(main())


def test_all_who_ask_at_once_share_a_look_and_one_who_gives_up_ends_it_for_nobody() -> None:
    async def story(rows: Rows) -> None:
        memory = rows.remembered()
        rows.go.clear()
        asking = [asyncio.create_task(memory.get("k", rows.of("ours"))) for _ in range(5)]
        await asyncio.sleep(0)
        asking[0].cancel()
        await asyncio.sleep(0)
        rows.go.set()
        assert await asyncio.gather(*asking[1:]) == [("ours", 1)] * 4
        assert rows.reads == 1

    run(story)


def test_forgetting_a_tenant_is_seen_by_the_next_who_asks_also_when_a_look_is_under_way() -> None:
    async def story(rows: Rows) -> None:
        memory = rows.remembered()
        for tenant in ("ours", "theirs"):
            await memory.get(tenant, rows.of(tenant))
        rows.now = {"ours": 2, "theirs": 2}
        memory.forget("ours")
        assert await memory.get("ours", rows.of("ours")) == ("ours", 2)
        assert await memory.get("theirs", rows.of("theirs")) == ("theirs", 1)
        rows.go.clear()
        memory.forget("ours")
        early = asyncio.create_task(memory.get("ours", rows.of("ours")))
        await asyncio.sleep(0.001)
        rows.now["ours"] = 3
        memory.forget("ours")
        late = asyncio.create_task(memory.get("ours", rows.of("ours")))
        await asyncio.sleep(0.001)
        rows.go.set()
        assert [await early, await late] == [("ours", 2), ("ours", 3)]
        assert await memory.get("ours", rows.of("ours")) == ("ours", 3)

    run(story)


def test_it_lasts_half_a_second_and_longer_while_nobody_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "REMEMBERED_SECONDS", 0.02)

    async def story(rows: Rows) -> None:
        memory = rows.remembered()
        await memory.get("k", rows.of("ours"))
        rows.now["ours"] = 2
        await asyncio.sleep(0.03)
        assert await memory.get("k", rows.of("ours")) == ("ours", 1), "the mark stayed"
        rows.mark += 1
        assert await memory.get("k", rows.of("ours")) == ("ours", 2)
        rows.mark += 1
        rows.now["ours"] = 3
        assert await memory.get("k", rows.of("ours")) == ("ours", 2), "young enough"
        await asyncio.sleep(0.03)
        assert await memory.get("k", rows.of("ours")) == ("ours", 3)

    run(story)


def test_what_a_look_raises_is_not_remembered() -> None:
    async def story(rows: Rows) -> None:
        memory = rows.remembered()

        async def refused() -> tuple[str, int]:
            raise Unauthenticated("no")

        for found in await asyncio.gather(*(memory.get("k", refused) for _ in range(2)), return_exceptions=True):
            assert isinstance(found, Unauthenticated)
        assert await memory.get("k", rows.of("ours")) == ("ours", 1)

    run(story)
