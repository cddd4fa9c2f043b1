"""The engine in a child process, over a real socket."""

import asyncio
import dataclasses
import json
import os
import signal
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from podion.errors import PluginError, PodionError, Unavailable
from podion.hosting.client import EngineClient
from podion.hosting.engine import Engine
from podion.hosting.protocol import Answered, Call
from podion.settings import LONGEST_SOCKET_PATH, Settings

Maker = Callable[..., Call]


def talk(path: Path, story: Callable[[EngineClient], Awaitable[None]]) -> None:
    async def main() -> None:
        client = EngineClient(path)
        try:
            await asyncio.wait_for(story(client), 60)
        finally:
            await client.close()

    asyncio.run(main())


def test_many_callers_get_what_the_engine_in_process_answers(engine_process: Any, adapter: Maker, bases: Path) -> None:
    process = engine_process.start("--preload", "tiny")
    calls = [adapter(("the card was lost",), labels=2 + i, seed=i, owner=f"tenant-{i % 2}") for i in range(12)]
    engine = Engine(bases, device="cpu")
    expected = engine.answer(calls)

    async def story(client: EngineClient) -> None:
        assert (await client.status())["ready"] is False  # it listens before torch is there
        found = await asyncio.gather(*(client.answer(call) for call in calls))
        for one, other in zip(found, expected, strict=True):
            assert isinstance(other, Answered)
            assert one.answers[0]["label"] == other.answers[0]["label"]
            assert one.answers[0]["confidence"] == pytest.approx(other.answers[0]["confidence"], abs=1e-5)
        vectors = await client.embed("tiny", ["hello", "the card"])
        np.testing.assert_allclose(vectors, engine.embed("tiny", ["hello", "the card"]), atol=1e-5)
        vectors[0] = 0.0
        status = await client.status()
        assert status["ready"]
        assert status["rows"] == 14
        assert list(status["bases"]) == ["tiny"]
        assert (status["queued_rows"], status["adapter_loads"]) == (0, 12)

    talk(engine_process.socket, story)
    out, err = engine_process.stop()
    assert (out, process.returncode) == ("", 0)
    lines = [json.loads(line) for line in err.splitlines()]
    assert {"engine listens", "base loaded", "engine stops"} <= {line["message"] for line in lines}
    assert not engine_process.socket.exists()


def test_calls_together_share_a_pass_and_fail_together(running_engine: Any, adapter: Maker, tmp_path: Path) -> None:
    texts = ("the card was lost", "refund my money")
    intent = adapter(texts)
    slots = adapter(texts, implementation="podion.hosting.heads:SpanTagger")

    async def story(client: EngineClient) -> None:
        await client.answer(adapter(("hello",)))  # the engine is made and the base loaded
        before = await client.status()
        found = await client.answer_all([intent, slots])
        after = await client.status()
        assert [len(one.answers) for one in found] == [2, 2]
        assert {"label", "spans"} <= {*found[0].answers[0], *found[1].answers[0]}
        assert (after["rows"] - before["rows"], after["lower_rows"] - before["lower_rows"]) == (4, 2)
        assert after["batches"] - before["batches"] == 1
        assert await client.answer_all([]) == []
        with pytest.raises(PodionError) as raised:
            await client.answer_all([intent, dataclasses.replace(slots, folder=str(tmp_path / "absent"))])
        assert raised.value.code == "unknown_adapter"

    talk(running_engine.socket, story)


def test_calls_fail_alone(running_engine: Any, adapter: Maker, tmp_path: Path) -> None:
    async def story(client: EngineClient) -> None:
        good = adapter(("hello",))
        bad = dataclasses.replace(good, folder=str(tmp_path / "absent"))
        exploding = adapter(implementation="podion.hosting.heads:Absent", tensors={})
        nonsense = adapter(tensors={"linear.weight": np.full((3, 32), np.nan, np.float32), "linear.bias": np.zeros(3)})
        results = await asyncio.gather(
            *(client.answer(call) for call in (bad, good, exploding, nonsense)), return_exceptions=True
        )
        assert isinstance(results[0], PodionError)
        assert (results[0].code, results[0].status) == ("unknown_adapter", 500)
        assert isinstance(results[1], Answered)
        assert isinstance(results[2], PluginError)
        assert isinstance(results[3], PluginError)
        assert (results[3].code, results[3].adapter) == ("bad_output", nonsense.digest)
        with pytest.raises(PluginError) as raised:
            await client.answer_all([good, nonsense])
        assert raised.value.adapter == nonsense.digest

    talk(running_engine.socket, story)


def test_a_killed_engine_fails_what_was_in_flight_and_nothing_else(engine_process: Any, adapter: Maker) -> None:
    process = engine_process.start("--preload", "tiny")
    call = adapter(("the card was lost",))

    async def story(client: EngineClient) -> None:
        before = await client.answer(call)
        os.kill(process.pid, signal.SIGSTOP)  # so that the calls are surely in flight
        flying = [asyncio.create_task(client.answer(call)) for _ in range(5)]
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in flying)
        os.kill(process.pid, signal.SIGKILL)
        for result in await asyncio.wait_for(asyncio.gather(*flying, return_exceptions=True), 2):
            assert isinstance(result, Unavailable)
            assert (result.retry_after, result.code) == (2, "unavailable")
        process.wait()
        with pytest.raises(Unavailable, match="the engine is away"):
            await client.answer(call)
        assert engine_process.socket.exists()  # stale: the next engine takes its place
        engine_process.stop()
        await asyncio.to_thread(engine_process.start, "--preload", "tiny")
        assert await client.answer(call) == before

    talk(engine_process.socket, story)


def test_a_missed_deadline_is_told_and_the_connection_lives_on(running_engine: Any, adapter: Maker) -> None:
    process = running_engine.process
    call = adapter(("the card was lost",))

    async def story(client: EngineClient) -> None:
        await client.answer(call)
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(Unavailable) as raised:
            await client.answer(call, timeout=0.1)
        assert raised.value.code == "deadline"
        os.kill(process.pid, signal.SIGCONT)
        assert len((await client.answer(call)).answers) == 1
        waiting = asyncio.create_task(client.answer(call))
        await asyncio.sleep(0)
        waiting.cancel()
        assert len((await client.answer(call)).answers) == 1

    talk(running_engine.socket, story)


def test_the_socket_is_private_and_a_second_engine_is_refused(running_engine: Any) -> None:
    assert stat.S_IMODE(running_engine.socket.stat().st_mode) & 0o077 == 0
    first = running_engine.process
    second = type(running_engine)(running_engine.bases, running_engine.socket)
    second.start()  # the first one's socket answers the probe
    assert second.process.wait(20) == 1
    assert "another engine listens" in second.stop()[1]
    assert first.poll() is None


def test_nonsense_closes_its_own_connection_only(running_engine: Any) -> None:
    async def story(client: EngineClient) -> None:
        await client.status()
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(str(running_engine.socket))
            other.sendall(b"GET / HTTP/1.1\r\n\r\n")
            other.settimeout(10)
            assert await asyncio.to_thread(other.recv, 1) == b""
        await client.status()

    talk(running_engine.socket, story)


def test_the_engine_dies_with_its_parent(engine_process: Any) -> None:
    read_end, write_end = os.pipe()
    process = engine_process.start("--lifeline-fd", str(read_end), pass_fds=[read_end])
    os.close(read_end)
    assert process.poll() is None
    os.close(write_end)
    assert process.wait(10) == 3


def test_a_base_that_cannot_be_preloaded_ends_the_engine(engine_process: Any) -> None:
    with pytest.raises(AssertionError, match="podion bases install absent"):
        engine_process.start("--preload", "absent")
    assert engine_process.process.returncode == 1


def test_a_socket_path_that_is_too_long_is_refused(bases: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from podion.hosting.server import _claim

    with pytest.raises(Exception, match=f"longer than {LONGEST_SOCKET_PATH} bytes"):
        _claim(Path("/") / ("x" * 120) / "engine.sock")


def test_a_deep_home_has_a_short_private_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("deep" * 30)
    one, other = Settings(home=deep), Settings(home=deep / "er")
    assert Settings(home=Path("/p")).socket == Path("/p/engine.sock")
    assert len(os.fsencode(one.socket)) <= LONGEST_SOCKET_PATH
    assert one.socket != other.socket
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert Settings(home=deep).socket == one.socket
    from podion.hosting.server import _claim

    _claim(one.socket)
    assert stat.S_IMODE(one.socket.parent.stat().st_mode) == 0o700
    one.socket.parent.rmdir()
