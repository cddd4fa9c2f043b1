"""A tenant at the routes of one vertical: what a plugin may do for it, done."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sqlalchemy import Connection

from podion.answers import AdapterCard, Deed, Hit, Page, Prediction, Span
from podion.api.services import Services
from podion.background import EventType
from podion.data.masking.finding import find
from podion.errors import TooLarge
from podion.lifecycle.feedback import Judgement, give
from podion.lifecycle.store import VerticalStore
from podion.storage import audit
from podion.storage.audit import Asked
from podion.storage.cursors import decode, encode
from podion.storage.enablements import EnablementRow
from podion.tenancy.keys import Identity
from podion.tenancy.usage import Meter, record
from podion.vertical import CollectionSpec, PersonalKinds, Task, Vertical, config_defaults

MOST_EMBEDDED = 1_000
MOST_FETCHED = 32 << 20
MOST_NOTED = 1_000

KindT = TypeVar("KindT", bound=BaseModel)


class VerticalCaller:
    """See `podion.caller.TenantCaller`; `new_id` makes the ids of the request that it serves."""

    def __init__(
        self,
        *,
        identity: Identity,
        enablement: EnablementRow | None,
        vertical: Vertical,
        services: Services,
        new_id: Callable[[str], str],
    ) -> None:
        self._identity = identity
        self._enablement = enablement
        self._vertical = vertical
        self._services = services
        self.new_id = new_id

    @property
    def tenant(self) -> str:
        """The opaque id of the tenant."""
        return self._identity.tenant

    @property
    def actor(self) -> str:
        """The id of the key that calls."""
        return self._identity.key

    @property
    def config(self) -> Mapping[str, Any]:
        """What the tenant set, over the vertical's defaults."""
        return {**config_defaults(self._vertical), **(self._enablement.config if self._enablement else {})}

    @property
    def store(self) -> VerticalStore:
        """The tenant's documents at this vertical."""
        return VerticalStore(
            database=self._services.database,
            collections=self._services.collections,
            tenant=self.tenant,
            vertical=self._vertical,
            mask=self._masked,
            new_id=self.new_id,
        )

    def _masked(self, document: BaseModel) -> BaseModel:
        chosen = self._enablement.personal if self._enablement else None
        masker = self._services.masking.documents(self.tenant, type(document), chosen)
        return masker.accepted(document).record

    async def predict(self, task: Task, records: Sequence[BaseModel], *, adapter: str | None = None) -> Prediction[Any]:
        """Return one answer a record by the tenant's live adapter, or by the version that is named."""
        prediction = await self._services.predictor.predict(self.tenant, self._vertical, task, records, adapter)
        self._count(prediction)
        return prediction

    async def adapters(self, task: Task) -> Sequence[AdapterCard]:
        """Return the tenant's adapters of a task, newest first."""
        return await self._services.predictor.cards(self.tenant, self._vertical, task)

    async def predict_together(
        self, asked: Sequence[tuple[Task, Sequence[BaseModel]]]
    ) -> Sequence[Prediction[Any] | None]:
        """Return what `predict` returns for each task, out of one pass; None for a task that is untrained."""
        predictions = await self._services.predictor.predict_together(self.tenant, self._vertical, asked)
        for prediction in predictions:
            if prediction is not None:
                self._count(prediction)
        return predictions

    def _count(self, prediction: Prediction[Any]) -> None:
        self._services.metrics.predictions.labels(prediction.task).inc(len(prediction.answers))

    async def search(
        self, collection: str, query: str, k: int = 5, where: Mapping[str, Any] | None = None
    ) -> Sequence[Hit]:
        """Return the best stretches of at most `k` documents of a collection, best first."""
        spec = self._declared(collection)
        hits = await self._services.collections.search(self.tenant, self._vertical.name, spec, query, k, where or {})
        await self._meter(Meter.SEARCHES, 1, f"{self._vertical.name}/{collection}")
        return hits

    async def vectors(self, collection: str, ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return the kept vector of each document of a collection that is there."""
        spec = self._declared(collection)
        return await self._services.collections.vectors(self.tenant, self._vertical.name, spec, ids)

    def _declared(self, collection: str) -> CollectionSpec:
        spec = self._vertical.collection(collection)
        if spec is None:
            declared = ", ".join(each.name for each in self._vertical.collections) or "none"
            raise ValueError(f"{self._vertical.name} declares no collection {collection!r} (declared: {declared})")
        return spec

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return one vector of length 1 a text, by the installation's base."""
        if len(texts) > MOST_EMBEDDED:
            raise TooLarge(f"{len(texts)} texts in one call: at most {MOST_EMBEDDED:,} are allowed")
        vectors = await self._services.embed(texts, "query", self.tenant)
        await self._meter(Meter.EMBEDDINGS, len(texts), self._vertical.name)
        return [row.tolist() for row in vectors]

    async def as_kept(self, document: KindT) -> KindT:
        """Return a document as the store would keep it."""
        kept = await asyncio.to_thread(self._masked, document)
        assert isinstance(kept, type(document))
        return kept

    async def find_personal(self, text: str, kinds: PersonalKinds = "usual") -> Sequence[Span]:
        """Return what identifies a person in a text, in reading order."""
        found = await asyncio.to_thread(find, text, kinds)
        return [Span(start=each.start, end=each.end, label=each.kind) for each in found]

    async def review(
        self,
        prediction_id: str,
        *,
        label: str | Sequence[str] | None = None,
        value: float | None = None,
        out_of_scope: bool = False,
        comment: str | None = None,
    ) -> None:
        """Store feedback on an answer of this vertical."""
        said = Judgement(
            prediction=prediction_id,
            label=label,
            value=value,
            out_of_scope=out_of_scope,
            comment=comment,
            id=self.new_id("fbk"),
        )
        masking = self._services.masking
        await self._services.database.write(lambda c: give(c, self.tenant, self._vertical, said, masking))

    async def _meter(self, meter: Meter, quantity: int, reference: str) -> None:
        await self._services.database.write(lambda c: record(c, self.tenant, meter, quantity, reference))

    async def note(self, action: str, targets: Sequence[str]) -> None:
        """Write into the tenant's audit what this key has done, one row a target."""
        if len(targets) > MOST_NOTED:
            raise TooLarge(f"{len(targets):,} targets in one call: at most {MOST_NOTED:,} are noted at once")
        named = f"{self._vertical.name}.{action}"

        def write(c: Connection) -> None:
            for target in targets:
                audit.add(c, self.tenant, self.actor, named, target)

        if targets:
            await self._services.database.write(write)

    async def noted(
        self, *, action: str | None = None, target: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Deed]:
        """Return a page of what was noted at this vertical, newest first."""
        named, after, shown = f"{self._vertical.name}.{action or ''}", decode(cursor), min(max(1, limit), MOST_NOTED)
        asked = Asked(action=named, whole=action is not None, target=target)
        rows = await self._services.database.read(lambda c: audit.page(c, self.tenant, after, shown + 1, asked))
        return Page(
            data=[
                Deed(id=row.id, at=row.at, actor=row.actor, action=row.action, target=row.target)
                for row in rows[:shown]
            ],
            next=encode(rows[shown - 1].id) if len(rows) > shown else None,
        )

    async def emit(self, event: EventType, payload: BaseModel) -> None:
        """Tell the tenant's webhooks and streams, at least once."""
        await self._services.outbox.emit(self.tenant, self._vertical, event, self._masked(payload))

    async def enqueue(self, job: str, payload: BaseModel, *, delay_seconds: float = 0) -> None:
        """Leave a job for later, unless an equal one waits."""
        await self._services.queue.enqueue(self.tenant, self._vertical, job, self._masked(payload), delay_seconds)

    async def fetch(self, url: str, *, most_bytes: int = 5 << 20) -> bytes:
        """Return what an http(s) address that the tenant named answers to a GET."""
        body = await self._services.outbound.fetch(url, min(most_bytes, MOST_FETCHED))
        await self._meter(Meter.FETCHES, 1, self._vertical.name)
        return body
