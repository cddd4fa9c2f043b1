"""The engine as a process of its own: `python -m podion.hosting.server --socket FILE --bases DIR`.

It listens at once and loads torch, bases and adapters in its compute thread. Its log is JSON lines on standard error.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from podion.errors import BadSettings, DataError, PodionError
from podion.hosting.bases import find_base
from podion.hosting.json_log import log_json_lines
from podion.hosting.protocol import Failed, Json, call_from, message_of, pack, read_message
from podion.hosting.scheduler import Computer, Embedding, Scheduler
from podion.settings import LONGEST_SOCKET_PATH, LogLevel

LONGEST_TIMEOUT = 600.0

log = logging.getLogger(__name__)


class Server:
    """Answers requests of any number of connections, many in flight on each, in the order they are ready."""

    def __init__(self, scheduler: Scheduler, status: "partial[Json]") -> None:
        self._scheduler = scheduler
        self._status = status

    async def serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests until the other side hangs up; what it then still waits for is cancelled."""
        tasks: dict[Any, asyncio.Task[None]] = {}
        try:
            while True:
                message = await read_message(reader)
                number = message.get("id")
                if message.get("op") == "cancel":
                    if number in tasks:
                        tasks[number].cancel()
                    continue
                tasks[number] = task = asyncio.create_task(self._respond(message, writer))
                task.add_done_callback(lambda _, number=number: tasks.pop(number, None))  # type: ignore[misc]
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # hanging up is how a connection ends
        except DataError as error:
            log.warning("connection closed: %s", error.detail)
        finally:
            for task in list(tasks.values()):
                task.cancel()
            writer.close()

    async def _respond(self, message: Json, writer: asyncio.StreamWriter) -> None:
        try:
            reply = pack({"id": message.get("id"), **await self._reply(message)})
        except PodionError as error:
            reply = pack({"id": message.get("id"), "failed": message_of(Failed.of(error))})
        except Exception:
            log.exception("request failed")
            failed = Failed(code="internal", status=500, detail="the engine could not do this; its log says why")
            reply = pack({"id": message.get("id"), "failed": message_of(failed)})
        with contextlib.suppress(ConnectionError):  # nobody waits for it any more
            writer.write(reply)
            await writer.drain()

    async def _reply(self, message: Json) -> Json:
        operation, timeout = message.get("op"), message.get("timeout")
        seconds = min(LONGEST_TIMEOUT, float(timeout)) if isinstance(timeout, int | float) else LONGEST_TIMEOUT
        if operation == "status":
            return {"ok": self._status()}
        if operation == "answer":
            result = await self._scheduler.answer(call_from(message.get("call") or {}), seconds)
            return {"failed" if isinstance(result, Failed) else "ok": message_of(result)}
        if operation == "answer_all":
            calls = [call_from(call) for call in message.get("calls") or ()]
            results = await self._scheduler.answer_all(calls, seconds)
            failed = next((result for result in results if isinstance(result, Failed)), None)
            if failed is not None:
                return {"failed": message_of(failed)}
            return {"ok": {"all": [message_of(result) for result in results]}}
        if operation == "embed":
            vectors = await self._scheduler.embed(_embedding_from(message), seconds)
            return {"ok": {"shape": list(vectors.shape), "vectors": np.ascontiguousarray(vectors, "<f4").tobytes()}}
        raise DataError(f"there is no operation {operation!r}: answer, answer_all, cancel, embed and status are known")


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM, or until the parent that holds the lifeline is gone; return the exit code."""
    options = _parse(arguments)
    log_json_lines(options.log_level)
    os.environ.setdefault("RAYON_NUM_THREADS", str(options.threads))  # the tokenizers' threads count as ours
    if options.lifeline_fd is not None:
        _die_with_parent(options.lifeline_fd)
    try:
        asyncio.run(_serve(options))
    except PodionError as error:
        log.error("engine cannot serve: %s", error.detail)
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    engine: list[Any] = []

    def make() -> Computer:
        from podion.hosting.engine import Engine  # here, not above: torch takes seconds, and the socket need not wait

        made = Engine(options.bases, device=options.device, threads=options.threads)
        for base in options.preload:
            made.encoder(base)
        engine.append(made)
        return made

    for base in options.preload:
        find_base(base, options.bases)  # better said now than after torch has loaded
    _claim(options.socket)
    scheduler = Scheduler(make)
    server = Server(scheduler, partial(_status, scheduler, engine))
    with _private():
        listener = await asyncio.start_unix_server(server.serve_connection, options.socket)
    log.info("engine listens")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopped, scheduler.running}, return_when=asyncio.FIRST_COMPLETED)
        if scheduler.running.done():
            scheduler.running.result()
    finally:
        options.socket.unlink(missing_ok=True)  # before it is closed: afterwards it could be a successor's
        listener.close()
        await scheduler.close()
        log.info("engine stops")


def _status(scheduler: Scheduler, engine: Sequence[Any]) -> Json:
    own = {
        "ready": scheduler.ready,
        "queued_rows": scheduler.queued_rows,
        "dropped": scheduler.dropped,
        "refused": scheduler.refused,
    }
    return {**own, **(engine[0].status() if engine else {"bases": {}})}


def _embedding_from(message: Json) -> Embedding:
    base, texts, kind = message.get("base"), message.get("texts"), message.get("kind")
    if not isinstance(base, str) or kind not in ("query", "passage"):
        raise DataError("embedding needs a base by name and a kind, query or passage")
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError("the texts to embed are a list of texts")
    return Embedding(base=base, texts=tuple(texts), kind=kind)


@contextlib.contextmanager
def _private() -> Iterator[None]:
    """Files made in this block are for this user alone."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


def _claim(path: Path) -> None:
    """Make room for the socket: a private folder, no stale socket; raises `BadSettings` when another engine listens."""
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise BadSettings(f"the socket's path {path} is longer than {LONGEST_SOCKET_PATH} bytes: name a shorter one")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise BadSettings(f"the socket's folder {path.parent} belongs to another user: remove it or name another")
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            path.unlink()  # left behind by an engine that was killed
        else:
            raise BadSettings(f"another engine listens on {path}: stop it first, or set another PODION_HOME")


def _die_with_parent(descriptor: int) -> None:
    """End this process when the write end of the pipe `descriptor` is closed, as it is when the parent dies."""

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        os._exit(3)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m podion.hosting.server", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="unix socket to listen on")
    parser.add_argument("--bases", type=Path, required=True, help="folder of installed base models")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=1, help="compute threads")
    parser.add_argument("--lifeline-fd", type=int, default=None, help="read end of a pipe that only the parent holds")
    parser.add_argument("--log-level", choices=get_args(LogLevel), default="info")
    parser.add_argument("--preload", action="append", default=[], help="base to load at once; may be repeated")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
