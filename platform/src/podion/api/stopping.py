"""Tells streams that the server is about to stop: it waits for the answers under way, and theirs have no end."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_when_stopping(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` on the running loop when the process is asked to end, before the server's own handler acts.

    Does nothing outside the main thread, where no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {number: signal.getsignal(number) for number in _SIGNALS}

    def asked(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        if callable(before[number]):
            before[number](number, frame)

    for number in _SIGNALS:
        if callable(before[number]):
            signal.signal(number, asked)
    try:
        yield
    finally:
        for number in _SIGNALS:
            if signal.getsignal(number) is asked:
                signal.signal(number, before[number])
