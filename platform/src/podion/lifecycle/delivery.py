"""Brings events to tenants' endpoints: signed, tried again, at least once, none held up by another."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from podion.errors import DataError, PodionError
from podion.lifecycle.bell import Bell
from podion.lifecycle.outbound import Answer, NoAnswer, Outbound, checked_url
from podion.lifecycle.outbox import message
from podion.lifecycle.turns import Turns
from podion.lifecycle.webhook_signing import WebhookSecrets
from podion.storage import deliveries, events, webhooks
from podion.storage.clock import now
from podion.storage.database import Database
from podion.storage.deliveries import DeliveryRow
from podion.storage.events import EventRow
from podion.storage.webhooks import WebhookRow

log = logging.getLogger("podion.delivery")

PAUSES = (1, 60, 360, 1_440, 3_600, 7_200, 10_080, 14_400, 17_280)
"""Between attempts, times `PODION_RETRY_SECONDS`: with its 5 seconds the schedule that Standard Webhooks suggests, from
5 s, 5 min, 30 min, 2 h … to 24 h, three days in all."""

ATTEMPT_SECONDS = 15.0
LEASE_SECONDS = 30.0
POLL_SECONDS = 1.0
MOST_AT_ONCE = 64
MOST_OF_AN_ENDPOINT = 4
MOST_OF_A_TENANT = 16

KEPT = timedelta(days=7)
"""For so long events, and deliveries that arrived, are kept; dead letters for `DEAD_KEPT`, with their events."""
DEAD_KEPT = timedelta(days=30)

_ANSWER_BYTES = 2_000
_SHOWN = 500
_LATEST_RETRY = timedelta(days=1)
_SWEEP_SECONDS = 3600.0
_GONE = 410


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an attempt; `after` is how long the endpoint asked us to wait."""

    delivered: bool
    status: int | None
    words: str
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Parcel:
    row: DeliveryRow
    event: EventRow
    webhook: WebhookRow


class Delivery:
    """One process's share of the deliveries."""

    def __init__(
        self,
        database: Database,
        outbound: Outbound,
        secrets: WebhookSecrets,
        bell: Bell,
        *,
        retry_seconds: float,
        note: Callable[[str], None],
    ) -> None:
        self._database = database
        self._outbound = outbound
        self._secrets = secrets
        self._bell = bell
        self._retry_seconds = retry_seconds
        self._note = note
        self._under_way: dict[asyncio.Task[None], DeliveryRow] = {}
        self._swept = 0.0
        self._turns = Turns(bell, log, "deliveries")

    async def run(self) -> None:
        """Work until `close` is called."""
        await self._turns.take(self._turn)

    async def close(self) -> None:
        """Stop what is under way, and let others deliver it."""
        await self._turns.close()
        cut = dict(self._under_way)
        for task in cut:
            task.cancel()
        await asyncio.gather(*cut, return_exceptions=True)
        if cut:
            await self._database.write(lambda c: deliveries.give_back(c, list(cut.values())))

    async def _turn(self) -> float:
        """Begin what is due; return the seconds until the next look."""
        if not self._swept or time.monotonic() - self._swept > _SWEEP_SECONDS:
            self._swept = time.monotonic()
            await self._database.write(_sweep)
        while not self._turns.closing:
            due = await self._database.read(deliveries.next_due)
            if due is None or (until := (due - now()).total_seconds()) > 0:
                return POLL_SECONDS if due is None else min(POLL_SECONDS, until)
            room = MOST_AT_ONCE - len(self._under_way)
            parcels = await self._database.append(lambda c: self._claim(c, room)) if room > 0 else []  # noqa: B023
            if not parcels:
                return POLL_SECONDS
            for parcel in parcels:
                self._begin(parcel)
        return 0.0

    def _claim(self, c: Connection, room: int) -> list[_Parcel]:
        endpoints = Counter((row.tenant, row.webhook) for row in self._under_way.values())
        owners = Counter(row.tenant for row in self._under_way.values())
        rows = deliveries.claim(
            c,
            lease_seconds=LEASE_SECONDS,
            limit=room,
            busy=[endpoint for endpoint, number in endpoints.items() if number >= MOST_OF_AN_ENDPOINT],
            busy_tenants=[tenant for tenant, number in owners.items() if number >= MOST_OF_A_TENANT],
        )
        return [parcel for row in rows if (parcel := _parcel(c, row)) is not None]

    def _begin(self, parcel: _Parcel) -> None:
        task = asyncio.create_task(self._deliver(parcel), name=f"delivers {parcel.row.id}")
        self._under_way[task] = parcel.row

        def ended(task: "asyncio.Task[None]") -> None:
            del self._under_way[task]
            self._bell.ring()

        task.add_done_callback(ended)

    async def _deliver(self, parcel: _Parcel) -> None:
        outcome = await self._tried(parcel)
        try:
            word = await self._database.append(lambda c: self._settle(c, parcel, outcome))
        except PodionError as error:
            log.warning("%s: what came of it could not be kept, it is sent again: %s", parcel.row.id, error)
        else:
            self._note(word)

    async def _tried(self, parcel: _Parcel) -> Outcome:
        body = message(parcel.event)
        headers = {
            "Content-Type": "application/json",
            **self._secrets.headers(parcel.webhook, parcel.event.id, now(), body),
        }
        try:
            answer = await self._outbound.send(
                "POST",
                checked_url(parcel.webhook.url),
                headers=headers,
                content=body,
                seconds=ATTEMPT_SECONDS,
                most_bytes=_ANSWER_BYTES,
            )
        except NoAnswer as error:
            return Outcome(delivered=False, status=None, words=str(error))
        except DataError as error:
            return Outcome(delivered=False, status=None, words=f"{error.code}: {error.detail}")
        return _outcome(answer)

    def _settle(self, c: Connection, parcel: _Parcel, outcome: Outcome) -> str:
        """Keep what came of an attempt, and return it in a word."""
        row, words = parcel.row, outcome.words[:_SHOWN]
        if outcome.delivered:
            deliveries.settle(c, row, "delivered", outcome.status, words)
            return "delivered"
        pause = self._pause(row.attempts)
        if outcome.status == _GONE or pause is None:
            deliveries.settle(c, row, "dead", outcome.status, words)
            if outcome.status == _GONE:
                webhooks.disable(c, row.tenant, row.webhook, "the endpoint answered 410 Gone")
            return "dead"
        deliveries.settle(c, row, "pending", outcome.status, words, _later(max(pause, outcome.after)))
        return "retried"

    def _pause(self, attempts: int) -> timedelta | None:
        """Return how long to wait after so many attempts, jittered by a tenth; None after the last."""
        if attempts > len(PAUSES):
            return None
        return timedelta(seconds=self._retry_seconds * PAUSES[attempts - 1] * random.uniform(0.9, 1.1))


def _parcel(c: Connection, row: DeliveryRow) -> _Parcel | None:
    event, webhook = events.get(c, row.tenant, row.event), webhooks.get(c, row.tenant, row.webhook)
    return None if event is None or webhook is None else _Parcel(row, event, webhook)


def _outcome(answer: Answer) -> Outcome:
    words = answer.body.decode("utf-8", "replace").replace("\0", "")
    if 300 <= answer.status < 400:
        words = "it redirects, which is not followed: name the address that it leads to"
    asked = answer.headers.get("retry-after", "")
    after = timedelta(seconds=min(int(asked), _LATEST_RETRY.total_seconds())) if asked.isdecimal() else timedelta(0)
    return Outcome(delivered=200 <= answer.status < 300, status=answer.status, words=words, after=after)


def _later(pause: timedelta) -> datetime:
    return now() + pause


def _sweep(c: Connection) -> None:
    deliveries.forget(c, now() - KEPT, now() - DEAD_KEPT)
    events.forget(c, now() - KEPT)
