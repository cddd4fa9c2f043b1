"""Follows tenants' events as they happen, in whichever process they were told."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from podion.errors import PodionError, QuotaExceeded, Unavailable
from podion.lifecycle.bell import Bell
from podion.storage import events
from podion.storage.database import Database
from podion.storage.events import EventRow

log = logging.getLogger("podion.events")

MOST_OF_A_TENANT = 16
"""Streams of a tenant in one process."""

MOST_AT_ONCE = 128
"""Streams of one process: each holds one of the places for requests (`PODION_REQUESTS_AT_ONCE`)."""

POLL_SECONDS = 1.0
"""What other processes tell is noticed within this time."""

_PART = 100


class _Followed:
    """A tenant with streams: how many, its latest event as of the last look, and what wakes them."""

    def __init__(self) -> None:
        self.streams = 0
        self.newest = 0
        self.bell = Bell()


class EventStreams:
    """The streams of one process; while there are any, one look a second serves them all."""

    def __init__(self, database: Database, outbox: Bell) -> None:
        self._database = database
        self._outbox = outbox
        self._followed: dict[str, _Followed] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    async def position(self, tenant: str, last: int | None) -> int:
        """Return where a stream begins: after the event `last`, else after the latest there is."""
        newest = await self._database.read(lambda c: events.newest(c, tenant))
        return newest if last is None else min(last, newest)

    def check(self, tenant: str) -> None:
        """Raise `QuotaExceeded` when a tenant has as many streams as it may, `Unavailable` when the process has."""
        found = self._followed.get(tenant)
        if found is not None and found.streams >= MOST_OF_A_TENANT:
            raise QuotaExceeded(
                f"{MOST_OF_A_TENANT} streams of events are open: close one, or use a webhook", retry_after=10
            )

        if sum(each.streams for each in self._followed.values()) >= MOST_AT_ONCE:
            raise Unavailable(f"{MOST_AT_ONCE} streams of events are open here: use a webhook", retry_after=30)

    async def follow(
        self, tenant: str, vertical: str, after: int, quiet_seconds: float
    ) -> AsyncIterator[list[EventRow]]:
        """Yield a vertical's events beyond `after` as they come, and nothing at least every `quiet_seconds`.

        Ends when the server stops.
        """
        followed = self._followed.setdefault(tenant, _Followed())
        followed.streams += 1
        self._look()
        try:
            while not self._closed:
                rings = followed.bell.rings
                rows = await self._database.read(lambda c: events.after(c, tenant, vertical, after, _PART))  # noqa: B023
                if rows:
                    after = rows[-1].sequence
                    yield rows
                    continue
                await followed.bell.heard_since(rings, quiet_seconds)
                if followed.bell.rings == rings:
                    yield []
        finally:
            followed.streams -= 1
            if not followed.streams:
                del self._followed[tenant]

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for followed in self._followed.values():
            followed.bell.ring()
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._watch(), name="looks for events")

    async def _watch(self) -> None:
        while self._followed and not self._closed:
            rings = self._outbox.rings
            with contextlib.suppress(PodionError):  # the database is away: again in a second
                tenants = list(self._followed)
                newest = await self._database.read(lambda c: events.newest_of(c, tenants))  # noqa: B023
                self._wake(newest)
            await self._outbox.heard_since(rings, POLL_SECONDS)

    def _wake(self, newest: dict[str, int]) -> None:
        for tenant, sequence in newest.items():
            followed = self._followed.get(tenant)
            if followed is not None and followed.newest != sequence:
                followed.newest = sequence
                followed.bell.ring()
