"""What was looked up for a tenant, remembered for a moment."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

V = TypeVar("V")

REMEMBERED_SECONDS = 0.5
"""What is as young as this is not looked up again, even where somebody has written meanwhile."""

_MOST = 10_000


@dataclass(slots=True, eq=False)
class _Found(Generic[V]):
    until: float
    mark: int
    looking: "asyncio.Task[V]"
    tenant: str | None = None


class Remembered(Generic[V]):
    """Looks things up once for all who ask at the same time, and not again for half a second, nor while `mark` stays.

    Who changes what was looked up calls `forget` after the commit: whoever asks from then on looks anew. `mark` is
    `Database.mark`, so that a change by another process is seen within half a second. What a look-up raises is raised
    to all who waited for it, and not remembered. It belongs to one event loop.
    """

    def __init__(self, mark: Callable[[], int], tenant_of: Callable[[V], str]) -> None:
        self._mark = mark
        self._tenant_of = tenant_of
        self._found: dict[Hashable, _Found[V]] = {}

    async def get(self, key: Hashable, look: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return what is remembered under a key, else what `look` returns."""
        now = time.monotonic()
        found = self._found.get(key)
        if found is None or (found.until < now and found.mark != self._mark()):
            found = self._look(key, now, look)
        if found.looking.done():
            return found.looking.result()
        # One who gives up waiting does not end the look-up for the others.
        return await asyncio.shield(found.looking)

    def tenant_of(self, key: Hashable) -> str | None:
        """Return whose it is what was found under a key at last, None where nothing is remembered."""
        found = self._found.get(key)
        return found.tenant if found else None

    def forget(self, tenant: str) -> None:
        """Drop what is remembered of a tenant, and every look-up under way: it may have seen what was before."""
        self._found = {key: each for key, each in self._found.items() if each.tenant not in (None, tenant)}

    def _look(self, key: Hashable, now: float, look: Callable[[], Coroutine[Any, Any, V]]) -> _Found[V]:
        if len(self._found) >= _MOST:
            self._found.clear()
        whose = self.tenant_of(key)
        found = self._found[key] = _Found(now + REMEMBERED_SECONDS, self._mark(), asyncio.create_task(look()), whose)

        def ended(task: "asyncio.Task[V]") -> None:
            if not task.cancelled() and task.exception() is None:
                found.tenant = self._tenant_of(task.result())
            elif self._found.get(key) is found:
                del self._found[key]

        found.looking.add_done_callback(ended)
        return found
