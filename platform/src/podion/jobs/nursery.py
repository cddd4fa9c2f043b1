"""Children forked from one process that has imported what they all need, so that each starts with its work.

The nursery is a process with one thread. It forks a child for each request that comes over its connection and tells
when one has ended. It ends when its parent does, and its children with it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from typing import NoReturn

from podion.jobs import lifeline

IDLE_SECONDS = 600.0
"""After which a nursery without children ends, and gives its memory back."""

_LOOK_SECONDS = 0.02


class Nursery:
    """The parent's side: `start(descriptor)` starts a process that calls `serve` on that end of a connection.

    It is started with the first child, and again once it is gone. Not for several threads.
    """

    def __init__(self, start: Callable[[int], subprocess.Popen[bytes]]) -> None:
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._alive: set[int] = set()
        self._ended: dict[int, int] = {}

    def child(self, *words: str) -> "Nursling":
        """Return a new child, whose work is given `words`; raises `OSError` when none can be started."""
        for again in (True, False):
            try:
                return Nursling(self, self._born(words))
            except (OSError, EOFError) as error:
                self.close()
                if not again:
                    raise OSError(f"the nursery ended: {error}") from error
        raise AssertionError("unreachable")

    def code(self, number: int) -> int | None:
        """Return the exit code of the child with this process id; None while it lives."""
        try:
            while self._line is not None and self._line.poll():
                self._hear()
        except (OSError, EOFError):
            self.close()
        return self._ended.get(number)

    def close(self) -> None:
        """End the nursery, and its children with it."""
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._ended |= dict.fromkeys(self._alive, lifeline.EXIT_CODE)
        self._alive.clear()

    def _born(self, words: Sequence[str]) -> int:
        if self._line is None:
            ours, theirs = Pipe()
            with theirs:
                self._process = self._start(theirs.fileno())
            self._line = ours
        self._line.send_bytes(json.dumps(words).encode())
        while (number := self._hear()) is None:
            continue
        return number

    def _hear(self) -> int | None:
        """Take in one message; returns the id of a child that was born, None when one has ended."""
        assert self._line is not None
        word, number, code = json.loads(self._line.recv_bytes())
        if word == "born":
            self._alive.add(number)
            return int(number)
        self._alive.discard(number)
        self._ended[number] = code
        return None


class Nursling:
    """One child of a nursery, as `subprocess.Popen` is one."""

    def __init__(self, nursery: Nursery, number: int) -> None:
        self._nursery, self.pid = nursery, number

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, None while it lives."""
        return self._nursery.code(self.pid)

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it ended; raises `subprocess.TimeoutExpired`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(_LOOK_SECONDS)
        return code

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def serve(descriptor: int, work: Callable[[list[str]], int], idle_seconds: float = IDLE_SECONDS) -> None:
    """Be the nursery until the parent is gone or nothing was asked for `idle_seconds` and no child is left.

    A child calls `work` with the words of its request and the descriptor of its lifeline (`lifeline.watch`), and ends
    with the status that it returns. Call this from the only thread.
    """
    line, children = lifeline.create(), set[int]()
    bell, ring = os.pipe()
    os.set_blocking(ring, False)
    os.set_blocking(bell, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(ring)
    with Connection(descriptor) as parent:
        while ready := wait([parent, bell], None if children else idle_seconds):
            try:
                if bell in ready:
                    _tell_of_ended(parent, bell, children)
                if parent in ready:
                    words = json.loads(parent.recv_bytes())
                    number = os.fork()
                    if number == 0:
                        for each in (parent.fileno(), bell, ring, line.parent_end):
                            os.close(each)
                        _live(work, [*words, str(line.child_end)])
                    children.add(number)
                    parent.send_bytes(json.dumps(["born", number, 0]).encode())
            except (OSError, EOFError):
                return


def _tell_of_ended(parent: Connection, bell: int, children: set[int]) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(bell, 4096):
            continue
    for number in list(children):
        found, status = os.waitpid(number, os.WNOHANG)
        if found:
            children.discard(number)
            parent.send_bytes(json.dumps(["ended", number, os.waitstatus_to_exitcode(status)]).encode())


def _live(work: Callable[[list[str]], int], words: list[str]) -> NoReturn:
    """What a child does: its work, and nothing of its parent's."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        code = work(words)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
