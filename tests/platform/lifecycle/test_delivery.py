"""Events on their way to endpoints that behave well, badly, or not at all."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import update

from podion.background import EventType
from podion.errors import Conflict, TooLarge
from podion.lifecycle import delivery as module
from podion.lifecycle.delivery import PAUSES, Delivery
from podion.lifecycle.endpoints import MOST_ENDPOINTS, register, send_test
from podion.lifecycle.outbound import Answer, NoAnswer
from podion.lifecycle.outbox import Outbox, message
from podion.lifecycle.public_addresses import PrivateAddress
from podion.lifecycle.webhook_signing import WebhookSecrets
from podion.storage import deliveries, events, webhooks
from podion.storage.clock import now
from podion.storage.database import Database
from podion.storage.deliveries import DeliveryRow
from podion.storage.tables import deliveries as table
from podion.vertical import Vertical


class Kept(BaseModel):
    note: str


KEPT = EventType(name="note.kept", payload=Kept)
DIARY = Vertical(name="diary", title={}, tasks=(), events=(KEPT,))


@pytest.fixture(params=["sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    """The statements are tested on both in tests/platform/storage."""
    return str(request.param)


class Scene:
    """Endpoints that answer what a test says, by the last part of their address."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outbox = Outbox(database)
        self.sent: list[tuple[str, str, bytes]] = []
        self.outcomes: Counter[str] = Counter()
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.answers: dict[str, list[Any]] = {}

    async def send(self, method: str, url: Any, *, headers: Any, content: bytes, **_: Any) -> Answer:
        name = url.path.removeprefix("/")
        self.sent.append((name, headers["webhook-id"], content))
        self.under_way[name] += 1
        self.most[name] = max(self.most[name], self.under_way[name])
        try:
            told = self.answers.get(name, [200])
            answer = told.pop(0) if len(told) > 1 else told[0]
            if answer == "hangs":
                await asyncio.sleep(60)
            if isinstance(answer, Exception):
                raise answer
            status, after = answer if isinstance(answer, tuple) else (answer, "")
            return Answer(status=status, headers={"retry-after": after}, body=b"said\0 so", complete=True)
        finally:
            self.under_way[name] -= 1

    def endpoint(self, tenant: str, name: str, *types: str) -> str:
        with self.database.writing() as c:
            return register(c, tenant, f"https://hooks.example/{name}", types).id

    def worker(self, retry_seconds: float = 1e-6) -> Delivery:
        outbound: Any = self
        secrets = WebhookSecrets(b"installation")
        return Delivery(
            self.database, outbound, secrets, self.outbox.bell, retry_seconds=retry_seconds, note=self._note
        )

    def _note(self, outcome: str) -> None:
        self.outcomes[outcome] += 1

    @asynccontextmanager
    async def working(self, *workers: Delivery) -> Any:
        some = workers or (self.worker(),)
        tasks = [asyncio.create_task(worker.run()) for worker in some]
        try:
            yield
        finally:
            await asyncio.gather(*(worker.close() for worker in some), *tasks)

    async def until(self, found: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not found():
            assert time.monotonic() < deadline, (self.outcomes, self.sent)
            await asyncio.sleep(0.01)

    async def emit(self, tenant: str, note: str = "n") -> Any:
        return await self.outbox.emit(tenant, DIARY, KEPT, Kept(note=note))

    def rows(self, tenant: str) -> list[DeliveryRow]:
        with self.database.reading() as c:
            return deliveries.page(c, tenant)


@pytest.fixture
def scene(database: Database, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    return Scene(database)


def test_an_event_goes_to_its_tenants_endpoints_that_want_it_and_to_no_other(
    scene: Scene, tenants: tuple[str, str]
) -> None:
    async def act() -> None:
        ours, theirs = tenants
        for name, types in (("all", ()), ("some", ("diary.note.kept",)), ("others", ("diary.other",))):
            scene.endpoint(ours, name, *types)
        scene.endpoint(theirs, "theirs")
        async with scene.working(scene.worker(), scene.worker()):
            row = await scene.emit(ours, "钱")
            await scene.until(lambda: scene.outcomes["delivered"] == 2)
        assert sorted(scene.sent) == [("all", row.id, message(row)), ("some", row.id, message(row))]
        assert '"data":{"note":"钱"}'.encode() in message(row)

    asyncio.run(act())


def test_what_fails_is_tried_on_the_schedule_and_at_last_dead(scene: Scene, tenants: tuple[str, str]) -> None:
    scene.answers = {
        "never": [500],
        "redirects": [302],
        "private": [PrivateAddress("10.0.0.1 is not public")],
        "silent": [NoAnswer("no answer within 15 s")],
        "late": [503, NoAnswer("reset"), 200],
    }

    async def act() -> None:
        for name in scene.answers:
            scene.endpoint(tenants[0], name)
        async with scene.working():
            row = await scene.emit(tenants[0])
            await scene.until(lambda: scene.outcomes["dead"] == 4 and scene.outcomes["delivered"] == 1)
        assert {id for _, id, _ in scene.sent} == {row.id}, "the same webhook-id in every attempt"

    asyncio.run(act())
    tries = Counter(name for name, _, _ in scene.sent)
    assert tries == {**dict.fromkeys(("never", "redirects", "private", "silent"), len(PAUSES) + 1), "late": 3}
    told = sorted((row.state, row.last_status or 0, row.last_answer) for row in scene.rows(tenants[0]))
    assert told == [
        ("dead", 0, "no answer within 15 s"),
        ("dead", 0, "private_address: 10.0.0.1 is not public"),
        ("dead", 302, "it redirects, which is not followed: name the address that it leads to"),
        ("dead", 500, "said so"),
        ("delivered", 200, "said so"),
    ]


def test_pauses_grow_with_jitter_and_an_endpoint_may_ask_for_longer(scene: Scene, tenants: tuple[str, str]) -> None:
    scene.answers = {"busy": [(429, "3600")], "down": [500]}

    async def act() -> None:
        for name in scene.answers:
            scene.endpoint(tenants[0], name)
        async with scene.working(scene.worker(retry_seconds=5)):
            await scene.emit(tenants[0])
            await scene.until(lambda: scene.outcomes["retried"] == 2)

    asyncio.run(act())
    due = sorted((row.due_at - now()).total_seconds() for row in scene.rows(tenants[0]))
    assert 2 < due[0] < 6 and 3500 < due[1] <= 3600
    assert sum(PAUSES) * 5 > 3 * 86_400 - 3600, "three days in all, as the specification suggests"


def test_an_endpoint_that_is_gone_is_told_nothing_more(scene: Scene, tenants: tuple[str, str]) -> None:
    scene.answers = {"gone": [410]}

    async def act() -> None:
        webhook = scene.endpoint(tenants[0], "gone")
        await scene.emit(tenants[0])
        async with scene.working():
            await scene.until(lambda: scene.outcomes["dead"] == 1)
            await scene.emit(tenants[0])
        with scene.database.reading() as c:
            row = webhooks.get(c, tenants[0], webhook)
        assert row is not None and row.disabled_why == "the endpoint answered 410 Gone"

    asyncio.run(act())
    assert len(scene.sent) == len(scene.rows(tenants[0])) == 1


def test_a_slow_endpoint_holds_up_nobody_and_is_asked_a_few_things_at_a_time(
    scene: Scene, tenants: tuple[str, str]
) -> None:
    scene.answers = {"slow": ["hangs"]}

    async def act() -> None:
        scene.endpoint(tenants[0], "slow"), scene.endpoint(tenants[0], "ours"), scene.endpoint(tenants[1], "theirs")
        for number in range(12):
            await scene.emit(tenants[number % 2], f"{number}")
        async with scene.working():
            await scene.until(lambda: scene.outcomes["delivered"] == 12)
            assert scene.most["slow"] == module.MOST_OF_AN_ENDPOINT
        cut = [row for row in scene.rows(tenants[0]) if row.state == "pending"]
        assert [row.attempts for row in cut] == [0] * 6 and all(row.due_at <= now() for row in cut), "given back"

    asyncio.run(act())


def test_what_a_killed_server_had_begun_is_sent_again_under_the_same_id(scene: Scene, tenants: tuple[str, str]) -> None:
    async def act() -> None:
        scene.endpoint(tenants[0], "x")
        row = await scene.emit(tenants[0])
        with scene.database.writing() as c:
            assert deliveries.claim(c, lease_seconds=-1, limit=9)
        async with scene.working():
            await scene.until(lambda: scene.outcomes["delivered"] == 1)
        assert [id for _, id, _ in scene.sent] == [row.id]

    asyncio.run(act())
    assert [row.attempts for row in scene.rows(tenants[0])] == [2]


def test_what_was_told_a_week_ago_is_forgotten(scene: Scene, tenants: tuple[str, str]) -> None:
    async def act() -> None:
        scene.endpoint(tenants[0], "x")
        async with scene.working():
            await scene.emit(tenants[0]), await scene.emit(tenants[0])
            await scene.until(lambda: scene.outcomes["delivered"] == 2)
        with scene.database.writing() as c:
            old = now() - timedelta(days=8)
            c.execute(update(table).values(created_at=old))
            c.execute(update(events.events).values(at=old))
        async with scene.working():
            await scene.until(lambda: scene.rows(tenants[0]) == [])

    asyncio.run(act())
    with scene.database.reading() as c:
        assert [row.sequence for row in events.after(c, tenants[0], "diary", 0)] == [2]


def test_a_test_message_goes_to_one_endpoint_whatever_it_wants(scene: Scene, tenants: tuple[str, str]) -> None:
    async def act() -> None:
        wanted, _ = scene.endpoint(tenants[0], "x", "diary.other"), scene.endpoint(tenants[0], "y")
        with scene.database.writing() as c:
            row = webhooks.get(c, tenants[0], wanted)
            assert row is not None
            send_test(c, row)
        async with scene.working():
            await scene.until(lambda: scene.outcomes["delivered"] == 1)
        [(name, _, body)] = scene.sent
        assert name == "x" and b'"type":"podion.test"' in body

    asyncio.run(act())


def test_endpoints_and_events_have_their_limits(scene: Scene, tenants: tuple[str, str]) -> None:
    for number in range(MOST_ENDPOINTS):
        scene.endpoint(tenants[0], f"{number}")
    with pytest.raises(Conflict):
        scene.endpoint(tenants[0], "more")
    with suppress(Conflict):
        scene.endpoint(tenants[1], "theirs")
    other = EventType(name="other", payload=Kept)

    class Other(BaseModel):
        note: str = ""

    for error, event, payload in (
        (ValueError, other, Kept(note="")),
        (TypeError, KEPT, Other()),
        (TooLarge, KEPT, Kept(note="x" * 300_000)),
    ):
        with pytest.raises(error):
            asyncio.run(scene.outbox.emit(tenants[0], DIARY, event, payload))
    assert scene.rows(tenants[0]) == []
