"""What the tests of public-opinion monitoring share: a tenant in memory, and one at the live server."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from podion import Alternative, EventType, LabelAnswer, LabelsAnswer, NotFound, Page, Prediction, Task
from podion_sentiment_monitor.config import MonitorSettings
from podion_sentiment_monitor.digest import digest
from podion_sentiment_monitor.filing import Nothing

API = "/v1/sentiment-monitor"
DAY = timedelta(days=1)


class MemoryStore:
    """The tenant's documents in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[type[BaseModel], dict[str, BaseModel]] = {}
        self.writes = 0
        self.numbers = itertools.count()
        self.fails_at: int | None = None

    async def put(self, document: Any) -> Any:
        return (await self.put_all([document]))[0]

    async def put_all(self, documents: Sequence[Any]) -> Sequence[Any]:
        await asyncio.sleep(0)
        assert len(documents) <= 1_000, "more than the store takes at once"
        self.writes += 1
        if self.fails_at == self.writes:
            raise OSError("the machine goes down here")
        named = [
            each if each.id else each.model_copy(update={"id": f"made-{next(self.numbers)}"}) for each in documents
        ]
        for each in named:
            self.kept.setdefault(type(each), {})[each.id] = type(each).model_validate_json(each.model_dump_json())
        return named

    async def get(self, kind: Any, id: str) -> Any:
        await asyncio.sleep(0)
        if id not in self.kept.get(kind, {}):
            raise NotFound(f"no {kind.__name__} {id}")
        return self.kept[kind][id].model_copy(deep=True)

    async def list(
        self, kind: Any, where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Any:
        await asyncio.sleep(0)
        wanted = (where or {}).items()
        kept = reversed(list(self.kept.get(kind, {}).values()))
        found = [each for each in kept if all(getattr(each, name) == value for name, value in wanted)]
        start = int(cursor or 0)
        more = str(start + limit) if len(found) > start + limit else None
        return Page(data=found[start : start + limit], next=more)

    async def update(self, kind: Any, id: str, change: Callable[[Any], Any]) -> Any:
        return await self.put(change(await self.get(kind, id)))

    async def delete(self, kind: Any, id: str) -> None:
        await self.get(kind, id)
        del self.kept[kind][id]

    def all(self, kind: Any) -> Sequence[Any]:
        """Return what is kept of a kind."""
        return list(self.kept.get(kind, {}).values())


@dataclass
class MemoryCaller:
    """A tenant without a server. `tones` and `topics` say what a text is, where trained; feeds are its web."""

    tenant: str = "ten_a"
    settings: MonitorSettings = field(default_factory=MonitorSettings)
    tones: dict[str, str] | None = None
    topics: dict[str, list[str]] | None = None
    store: MemoryStore = field(default_factory=MemoryStore)
    emitted: list[tuple[str, BaseModel]] = field(default_factory=list)
    reviews: list[tuple[str, Any]] = field(default_factory=list)
    web: dict[str, bytes] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=itertools.count)

    @property
    def config(self) -> Mapping[str, Any]:
        return self.settings.model_dump(mode="json")

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self.ids):06}"

    async def predict_together(self, asked: Sequence[tuple[Task, Sequence[Any]]]) -> list[Prediction[Any] | None]:
        await asyncio.sleep(0)
        return [self._predicted(task, records) for task, records in asked]

    def _predicted(self, task: Task, records: Sequence[Any]) -> Prediction[Any] | None:
        self.asked.append((task.name, len(records)))
        if task.name == "sentiment" and self.tones is not None:
            answers: list[Any] = [
                LabelAnswer(prediction_id=f"prd_{each.text[:20]}", label=self.tones.get(each.text, "neutral"),
                            confidence=0.9)
                for each in records
            ]  # fmt: skip
        elif task.name == "topic" and self.topics is not None:
            answers = [
                LabelsAnswer(
                    prediction_id=f"top_{each.text[:20]}",
                    confidence=0.9,
                    labels=tuple(Alternative(label=name, confidence=0.9) for name in self.topics.get(each.text, [])),
                )
                for each in records
            ]
        else:
            return None
        return Prediction(task=f"sentiment_monitor/{task.name}", adapter="adapter-1", answers=answers)

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return vectors by letters: texts with the same letters are near."""
        return [_letters(text) for text in texts]

    async def review(
        self,
        prediction_id: str,
        *,
        label: str | Sequence[str] | None = None,
        value: float | None = None,
        out_of_scope: bool = False,
        comment: str | None = None,
    ) -> None:
        self.reviews.append((prediction_id, label if value is None else value))

    async def emit(self, event: EventType, payload: BaseModel) -> None:
        self.emitted.append((event.name, payload))

    async def enqueue(self, job: str, payload: BaseModel, *, delay_seconds: float = 0) -> None:
        if job not in self.waiting:
            self.waiting.append(job)

    async def fetch(self, url: str, *, most_bytes: int = 5 << 20) -> bytes:
        return self.web[url]

    async def settle(self) -> None:
        """Do the job that waits."""
        self.waiting.clear()
        await digest(self, Nothing())


def _letters(text: str) -> list[float]:
    counts = [0.0] * 64
    for character in text.casefold():
        counts[ord(character) % 64] += 1
    length = sum(count * count for count in counts) ** 0.5 or 1.0
    return [count / length for count in counts]


@pytest.fixture(scope="session")
def new_caller() -> type[MemoryCaller]:
    """What makes a tenant in memory, for tests that need many."""
    return MemoryCaller


@pytest.fixture
def caller() -> MemoryCaller:
    return MemoryCaller()


@pytest.fixture
def other() -> MemoryCaller:
    return MemoryCaller(tenant="ten_b")


_SYLLABLES = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za")


def words(number: int, count: int = 14) -> str:
    """Return a text of words that no other number has."""
    told = []
    for place in range(count):
        value = number * count + place + 300
        syllables = []
        while value:
            value, rest = divmod(value, 16)
            syllables.append(_SYLLABLES[rest])
        told.append("".join(syllables))
    return " ".join(told)


def row(number: int, at: datetime, **more: Any) -> dict[str, Any]:
    """Return an article as it is sent: distinct from those of other numbers, negative, about deposits."""
    labels = {"sentiment": "negative", "topics": ["deposits"]}
    told = {
        "doc_id": f"doc-{number}",
        "source": "herald.example",
        "url": f"https://herald.example/{number}",
        "published_at": at.isoformat(),
        "title": words(number),
        "labels": labels,
    }
    return told | more


def quiet_week(now: datetime, first: int = 0, days: int = 6) -> list[dict[str, Any]]:
    """Return a history: one article every two hours up to three hours ago."""
    moments = [now - timedelta(hours=hour) for hour in range(4, 24 * days, 2)]
    return [row(first + place, at) for place, at in enumerate(reversed(moments))]


@dataclass
class Desk:
    """A tenant at the live server's routes of this vertical."""

    tenant: Any

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> dict[str, Any]:
        return dict(self.tenant.json(method, f"{API}{path}", status, **arguments))

    def send(self, articles: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return self.call("POST", "/articles", 202, json={"articles": list(articles)})

    def wait(self, ask: Callable[[], Any], seconds: float = 20) -> Any:
        """Return what `ask` gives once it is something."""
        deadline = time.monotonic() + seconds
        while not (told := ask()):
            assert time.monotonic() < deadline, "nothing came in time"
            time.sleep(0.1)
        return told

    def articles(self, **query: Any) -> int:
        points = self.call("GET", "/trends", params={"bucket": "day", **query})["points"]
        return sum(point["articles"] for point in points)


@pytest.fixture(scope="session")
def press(server: Any) -> Desk:
    """A press office with a quiet week behind it, at the session's live server."""
    desk = Desk(server.tenant("sentiment_monitor"))
    desk.call("PUT", "/entities", json={"entities": [{"name": "Harbour Bank", "aliases": ["海港银行"]}]})
    week = quiet_week(datetime.now(UTC))
    desk.send(week)
    desk.wait(lambda: desk.articles() == len(week))
    return desk
