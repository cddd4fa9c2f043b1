"""Work in turns: the next one at a bell's ring, else after a while; none that fails ends it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from podion.errors import PodionError
from podion.lifecycle.bell import Bell

AFTER_A_FAILURE_SECONDS = 1.0


class Turns:
    """The turns of one kind of work, which log lines call `what`. Of one event loop."""

    def __init__(self, bell: Bell, log: logging.Logger, what: str) -> None:
        self._bell = bell
        self._log = log
        self._what = what
        self._ended = asyncio.Event()
        self.closing = False

    async def take(self, turn: Callable[[], Awaitable[float]]) -> None:
        """Take turns until `close`; each returns the seconds after which, at the latest, the next is due."""
        try:
            while not self.closing:
                rings, wait = self._bell.rings, AFTER_A_FAILURE_SECONDS
                try:
                    wait = await turn()
                except PodionError as error:
                    self._log.warning("%s wait for the database: %s", self._what, error)
                except Exception:
                    self._log.exception("%s: a turn failed", self._what)
                if not self.closing:
                    await self._bell.heard_since(rings, wait)
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Let no turn begin any more; return once the one under way is over."""
        self.closing = True
        self._bell.ring()
        await self._ended.wait()
