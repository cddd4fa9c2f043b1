"""Both ends of the socket with an engine that computes nothing: what is sent when, and what hanging up costs."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from podion.errors import DataError, PodionError, QuotaExceeded, TooLarge, Unavailable
from podion.hosting import protocol
from podion.hosting.admission import Admission
from podion.hosting.client import EngineClient
from podion.hosting.connection import Connection
from podion.hosting.protocol import Answered, Call, Failed
from podion.hosting.scheduler import Scheduler


def call(owner: str, text: str = "hello") -> Call:
    return Call(owner=owner, base="b", folder="f", digest="d", records=({"text": text},))


class Echo:
    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.passes: list[list[str]] = []
        self.embedded: list[int] = []

    def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
        self.passes.append([one.owner for one in calls])
        assert self.gate.wait(10)
        return [Answered(answers=tuple({"label": record["text"]} for record in one.records)) for one in calls]

    def embed(self, base: str, texts: Sequence[str], kind: str = "query") -> np.ndarray:
        self.embedded.append(len(texts))
        return np.ones((len(texts), 4), np.float32)


class Counting(Connection):
    """Counts the pieces that were read and written."""

    def __init__(self, counts: dict[str, int], scheduler: Scheduler, status: Callable[[], Any]) -> None:
        super().__init__(scheduler, status)
        self.counts = counts

    def data_received(self, data: bytes) -> None:
        self.counts["read"] += 1
        super().data_received(data)

    def _flush(self) -> None:
        self.counts["written"] += 1
        super()._flush()


Story = Callable[[EngineClient, Scheduler, dict[str, int]], Awaitable[None]]


def talk(tmp_path: Path, echo: Echo, story: Story, **bounds: Any) -> None:
    async def main() -> None:
        counts = {"read": 0, "written": 0}
        scheduler = Scheduler(lambda: echo, admission=Admission(**bounds))
        loop = asyncio.get_running_loop()
        listener = await loop.create_unix_server(
            partial(Counting, counts, scheduler, scheduler.status), str(tmp_path / "s")
        )
        client = EngineClient(tmp_path / "s")
        try:
            await client.status()
            counts.update(read=0, written=0)
            await asyncio.wait_for(story(client, scheduler, counts), 20)
        finally:
            echo.gate.set()
            await client.close()
            listener.close()
            await scheduler.close()

    asyncio.run(main())


def test_what_is_asked_at_once_goes_in_one_write_one_pass_and_one_reply(tmp_path: Path) -> None:
    echo = Echo()

    async def story(client: EngineClient, scheduler: Scheduler, counts: dict[str, int]) -> None:
        found = await asyncio.gather(*(client.answer(call(f"o{n}", f"text {n}")) for n in range(10)))
        assert [one.answers[0]["label"] for one in found] == [f"text {n}" for n in range(10)]
        assert echo.passes == [[f"o{n}" for n in range(10)]]
        assert counts == {"read": 1, "written": 1}

    talk(tmp_path, echo, story)


def test_texts_of_several_owners_are_embedded_together(tmp_path: Path) -> None:
    echo = Echo()

    async def story(client: EngineClient, scheduler: Scheduler, counts: dict[str, int]) -> None:
        found = await asyncio.gather(*(client.embed("b", ["x"] * (n + 1), owner=f"o{n}") for n in range(3)))
        assert [one.shape for one in found] == [(1, 4), (2, 4), (3, 4)]
        assert echo.embedded == [6]

    talk(tmp_path, echo, story)


def test_refusals_cross_the_socket_with_the_time_to_wait(tmp_path: Path) -> None:
    echo = Echo()

    async def story(client: EngineClient, scheduler: Scheduler, counts: dict[str, int]) -> None:
        echo.gate.clear()
        first = asyncio.create_task(client.answer(call("first")))
        while not echo.passes:
            await asyncio.sleep(0.001)
        asked = [client.answer(call("greedy")) for _ in range(9)] + [client.answer(call(f"o{n}")) for n in range(8)]
        waiting = [asyncio.create_task(each) for each in asked]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        errors = [task.exception() for task in done]
        assert {(type(error), error.code) for error in errors if isinstance(error, PodionError)} == {
            (QuotaExceeded, "tenant_queue_full"), (Unavailable, "overloaded"),
        }  # fmt: skip
        assert all(isinstance(error, PodionError) and (error.retry_after or 0) >= 1 for error in errors)
        echo.gate.set()
        await asyncio.gather(first, *waiting, return_exceptions=True)

    talk(tmp_path, echo, story, rows=8)


def test_hanging_up_takes_what_waits_out_of_the_queue(tmp_path: Path) -> None:
    echo = Echo()

    async def story(client: EngineClient, scheduler: Scheduler, counts: dict[str, int]) -> None:
        echo.gate.clear()
        first = asyncio.create_task(client.answer(call("first")))
        while not echo.passes:
            await asyncio.sleep(0.001)
        waiting = [asyncio.create_task(client.answer(call("waiting"))) for _ in range(5)]
        while len(scheduler._queue) < 5:
            await asyncio.sleep(0.001)
        waiting[0].cancel()
        while len(scheduler._queue) == 5:
            await asyncio.sleep(0.001)
        await client.close()
        for task in (first, *waiting[1:]):
            with pytest.raises(Unavailable, match="the engine is away"):
                await task
        while len(scheduler._queue):
            await asyncio.sleep(0.001)
        echo.gate.set()
        assert (await client.answer(call("again"))).answers, "it connects again"
        assert echo.passes == [["first"], ["again"]]
        assert scheduler.status()["dropped"] == 5

    talk(tmp_path, echo, story)


def test_what_is_too_large_or_unknown_is_an_error_of_its_own_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(client: EngineClient, scheduler: Scheduler, counts: dict[str, int]) -> None:
        monkeypatch.setattr(protocol, "LARGEST_FRAME", 300)
        with pytest.raises(TooLarge):
            await client.answer(call("a", "x" * 400))
        with pytest.raises(TooLarge):
            await client.embed("b", ["x"] * 40)
        with pytest.raises(DataError, match="no operation 'sing'"):
            await client._ask({"op": "sing"}, 5.0)
        with pytest.raises(DataError, match="query or passage"):
            await client._ask({"op": "embed", "base": "b", "texts": []}, 5.0)
        assert (await client.answer(call("a"))).answers

    talk(tmp_path, Echo(), story)
