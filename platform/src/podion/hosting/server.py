"""The engine as a process of its own: `python -m podion.hosting.server --socket FILE --bases DIR`.

It listens at once and loads torch, bases and adapters in its compute thread. Its log is JSON lines on standard error.
"""

import argparse
import asyncio
import contextlib
import gc
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

import uvloop

from podion.errors import BadSettings, PodionError
from podion.hosting.admission import QUEUE_SECONDS, Admission
from podion.hosting.bases import find_base
from podion.hosting.connection import Connection
from podion.hosting.json_log import log_json_lines
from podion.hosting.protocol import Json
from podion.hosting.scheduler import Scheduler
from podion.hosting.work import Computer
from podion.settings import LONGEST_SOCKET_PATH, RESTARTS, LogLevel, Runtime

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM, or until the parent that holds the lifeline is gone; return the exit code."""
    options = _parse(arguments)
    log_json_lines(options.log_level)
    os.environ.setdefault("RAYON_NUM_THREADS", str(options.threads))  # the tokenizers' threads count as ours
    if options.lifeline_fd is not None:
        _die_with_parent(options.lifeline_fd)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(options))
    except PodionError as error:
        log.error("engine cannot serve: %s", error.detail)
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    engine: list[Any] = []

    def make() -> Computer:
        from podion.hosting.engine import Engine  # here, not above: torch takes seconds, and the socket need not wait

        made = Engine(
            options.bases,
            device=options.device,
            threads=options.threads,
            runtime=options.runtime,
            adapter_bytes=options.adapter_memory_mb << 20,
            state_bytes=options.state_memory_mb << 20,
        )
        for base in options.preload:
            made.encoder(base)
        log.debug("engine computes by %s with %d threads", options.runtime, options.threads)
        gc.freeze()  # libraries and bases stay as long as the process: collections need not look at them
        engine.append(made)
        return made

    for base in options.preload:
        find_base(base, options.bases)  # better said now than after torch has loaded
    _claim(options.socket)
    scheduler = Scheduler(make, admission=Admission(seconds=options.queue_seconds))
    loop = asyncio.get_running_loop()
    with _private():
        connect = partial(Connection, scheduler, partial(_status, scheduler, engine))
        listener = await loop.create_unix_server(connect, str(options.socket))
    log.info("engine listens")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
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
    """Return what `Scheduler.status` and, once it is loaded, `Engine.status` return, in one object."""
    own: Json = scheduler.status()
    made: Json = engine[0].status() if engine else {"bases": {}}
    own["restarts"] = int(os.environ.get(RESTARTS, "0"))
    return {**own, **made, "stage_seconds": {**own["stage_seconds"], **made.get("stage_seconds", {})}}


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
    parser.add_argument("--runtime", choices=get_args(Runtime), default="fp32", help="how a base computes")
    parser.add_argument("--adapter-memory-mb", type=int, default=1024, help="most memory of adapters")
    parser.add_argument("--state-memory-mb", type=int, default=256, help="most memory of remembered states")
    parser.add_argument("--queue-seconds", type=float, default=QUEUE_SECONDS, help="expected wait that is refused")
    parser.add_argument("--lifeline-fd", type=int, default=None, help="read end of a pipe that only the parent holds")
    parser.add_argument("--log-level", choices=get_args(LogLevel), default="info")
    parser.add_argument("--preload", action="append", default=[], help="base to load at once; may be repeated")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
