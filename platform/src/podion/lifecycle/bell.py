"""Wakes whoever waits for work of this process; what others write is found by looking now and then."""

import asyncio


class Bell:
    """Rings are counted, so that one between a look and the wait is not missed. Of one event loop."""

    def __init__(self) -> None:
        self.rings = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake all who wait."""
        self.rings += 1
        for waiter in self._waiting:
            _wake(waiter)

    async def heard_since(self, rings: int, seconds: float) -> None:
        """Return at once if there were more than `rings` of them, else at the next one, or after `seconds`."""
        if self.rings != rings:
            return
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        timer = loop.call_later(seconds, _wake, waiter)
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiting.discard(waiter)


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
