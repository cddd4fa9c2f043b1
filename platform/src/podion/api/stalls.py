"""A plugin's coroutine that holds up the event loop is interrupted; the loop itself and everybody else go on.

A route that is declared `async` runs on the one thread that serves everybody. What sleeps or loops there, without an
`await`, can be ended by a signal only.
"""

import asyncio
import logging
import signal
import threading
import time
from types import FrameType

log = logging.getLogger("podion.api")

STALL_SECONDS = 5.0
"""What one step of a plugin's coroutine may take."""

_MARK = "plugin "
_BEAT_SECONDS = 0.5


class Stalled(BaseException):
    """Raised inside a plugin's coroutine that held up the event loop; no `except Exception` stops it."""


def mark_of(plugin: str) -> str:
    """Return the name of tasks that run a plugin's code."""
    return _MARK + plugin


class StallWatch:
    """Looks at the pulse of the running event loop; interrupts the main thread while a plugin's task holds it up."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._beat = time.monotonic()
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; does nothing on a loop outside the main thread, where no signal arrives."""
        if threading.current_thread() is not threading.main_thread():
            return
        signal.signal(signal.SIGALRM, self._interrupt)
        self._pulse()
        threading.Thread(target=self._watch, name="podion-stalls", daemon=True).start()

    def close(self) -> None:
        """End the watch."""
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()

    def _pulse(self) -> None:
        self._beat = time.monotonic()
        self._timer = self._loop.call_later(_BEAT_SECONDS, self._pulse)

    def _stalls(self) -> bool:
        return time.monotonic() - self._beat > STALL_SECONDS

    def _watch(self) -> None:
        main = threading.main_thread().ident
        while main is not None and not self._ended.wait(_BEAT_SECONDS):
            if self._stalls():
                signal.pthread_kill(main, signal.SIGALRM)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        task = asyncio.current_task(self._loop)
        if self._stalls() and task is not None and task.get_name().startswith(_MARK):
            self._beat = time.monotonic()  # what unwinds now has as long again
            raise Stalled(f"{task.get_name()} held up the server for {STALL_SECONDS:g} seconds")
