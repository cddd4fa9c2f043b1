"""Who calls, and what a plugin's route may do for that tenant."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, cast

from fastapi import Request, Security
from fastapi.params import Security as SecurityParameter
from fastapi.security import SecurityScopes
from pydantic import BaseModel

from podion.answers import AdapterCard, Deed, Hit, Page, Prediction, Span
from podion.background import EventType
from podion.vertical import PersonalKinds, Scope, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KindT = TypeVar("KindT", bound=BaseModel)


class Found:
    """The documents that an `update_all` asked for and that are there, by kind and id."""

    def __init__(self, documents: Mapping[type[BaseModel], Mapping[str, BaseModel]]) -> None:
        self._documents = documents

    def all(self, kind: type[KindT]) -> Mapping[str, KindT]:
        """Return those of one kind, by id."""
        return cast(Mapping[str, KindT], self._documents.get(kind, {}))

    def get(self, kind: type[KindT], id: str) -> KindT | None:
        """Return one of them, None where it is not there."""
        return self.all(kind).get(id)


class Store(Protocol):
    """The tenant's documents of the kinds that the vertical declares. What a call returned from is on the disk."""

    async def put(self, document: KindT) -> KindT:
        """Keep a document under its `id`, in place of the one that was there, and return it as it was kept.

        An empty `id` is filled in. Fields marked `Personal` are masked, and a kind that is a collection's is found by
        the next search. Raises `DataError` for what the masking policy rejects, `TooLarge` above 1 MiB of JSON.
        """

    async def get(self, kind: type[KindT], id: str) -> KindT:
        """Return a document; raises `NotFound`."""

    async def put_all(self, documents: Sequence[KindT]) -> Sequence[KindT]:
        """Keep up to 1,000 documents as `put` does, all of them or none, and return them as they were kept."""

    async def get_all(self, kind: type[KindT], ids: Collection[str]) -> dict[str, KindT]:
        """Return those of the documents that are there, by id, in the order asked: one look instead of many."""

    async def update_all(
        self, wanted: Mapping[type[BaseModel], Collection[str]], change: Callable[[Found], Sequence[BaseModel]]
    ) -> Sequence[BaseModel]:
        """Keep what `change` makes of the documents that are wanted, by kind and id, all of it or nothing.

        `change` gets those that are there and returns up to 1,000 documents to be kept, of any kind but a
        collection's; no other writer comes in between. It must do nothing else, and waits for nothing: all writers
        wait for it. What it raises undoes everything. Returns the documents as they were kept.
        """

    async def list(
        self, kind: type[KindT], where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[KindT]:
        """Return a page, newest first, of the documents whose top-level fields equal `where`."""

    async def update(
        self, kind: type[KindT], id: str, change: Callable[[KindT], KindT], *, begin: KindT | None = None
    ) -> KindT:
        """Replace a document by what `change` makes of it, and return that; no other writer comes in between.

        One that is not there is changed from `begin`, which has that id, where it is given: not for a collection's.

        `change` must do nothing else: it may be called again. What it raises undoes the update. Raises `NotFound`.
        """

    async def delete(self, kind: type[KindT], id: str) -> None:
        """Remove a document, from searches too; raises `NotFound`."""

    async def delete_all(self, kind: type[KindT], ids: Collection[str]) -> int:
        """Remove documents, from searches too, in one transaction; return how many were there."""


class TenantCaller(Protocol):
    """The tenant behind a request. A plugin never sees a key, a table, a device or a path."""

    @property
    def tenant(self) -> str:
        """An opaque id of the tenant."""

    @property
    def actor(self) -> str:
        """The id of the key that calls, never its secret: who is written down as having asked; of a job, its id."""

    @property
    def config(self) -> Mapping[str, Any]:
        """What the tenant set when it enabled the vertical, with defaults filled in."""

    @property
    def store(self) -> Store:
        """The tenant's documents."""

    def new_id(self, prefix: str) -> str:
        """Return a fresh id, as `msg_01J…`; a request that is sent again under its `Idempotency-Key` gets the same."""

    async def predict(self, task: Task, records: Sequence[BaseModel], *, adapter: str | None = None) -> Prediction[Any]:
        """Return one answer a record, in order, by the adapter that is live for this tenant.

        With `adapter`, by that version of the tenant's, whatever is live: an answer of long ago is replayed. Metered.
        Raises `Conflict` (code `untrained`) while nothing can answer, `Unavailable` while the engine is away,
        `NotFound` for a version that is not the tenant's.
        """

    async def adapters(self, task: Task) -> Sequence[AdapterCard]:
        """Return the tenant's adapters of a task, newest first, with what was measured of them."""

    async def predict_together(
        self, asked: Sequence[tuple[Task, Sequence[BaseModel]]]
    ) -> Sequence[Prediction[Any] | None]:
        """Return what `predict` returns for each task and its records, out of one pass over the shared layers.

        None stands for a task that has nothing to answer with yet.
        """

    async def search(
        self, collection: str, query: str, k: int = 5, where: Mapping[str, Any] | None = None
    ) -> Sequence[Hit]:
        """Return the best stretches of at most `k` documents of a collection, best first; metered.

        `where` asks for equality in fields that the collection declares as filters.
        """

    async def vectors(self, collection: str, ids: Sequence[str]) -> "Mapping[str, NDArray[np.float32]]":
        """Return one vector of length 1, [width], for each document of a collection that is there, by id.

        They were computed when the documents were kept: this reads rows, asks no base, and is not metered.
        """

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Return one vector of length 1 a text, by the shared base: near in meaning is near by dot product; metered."""

    async def as_kept(self, document: KindT) -> KindT:
        """Return a document as the store would keep it, its fields marked `Personal` masked; nothing is kept.

        Raises `DataError` for what the masking policy rejects.
        """

    async def find_personal(self, text: str, kinds: PersonalKinds = "usual") -> Sequence[Span]:
        """Return what identifies a person in a text, in reading order, none overlapping; each label is a kind.

        It is what masking would replace in a field marked `Personal(kinds=…)`; nothing is kept of the text.
        """

    async def review(
        self,
        prediction_id: str,
        *,
        label: str | Sequence[str] | None = None,
        value: float | None = None,
        out_of_scope: bool = False,
        comment: str | None = None,
    ) -> None:
        """Store feedback on an answer, as the vertical's feedback route does: the next `:grow` of a dataset takes it.

        `label` is what would have been right, a list where a record has several, `value` the right number.
        Raises `NotFound` for an answer that is not this vertical's, `DataError` for a label outside a closed set.
        """

    async def note(self, action: str, targets: Sequence[str]) -> None:
        """Write into the tenant's audit that this key has done `action` (`note.read`) to each of `targets`, now.

        It is durable when this returns, and never changed: call it before the answer goes out. At most 1,000 targets.
        """

    async def noted(
        self, *, action: str | None = None, target: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[Deed]:
        """Return a page of what `note` wrote at this vertical, newest first: all, one action's, or one target's."""

    async def emit(self, event: EventType, payload: BaseModel) -> None:
        """Tell the tenant's webhooks and streams: at least once, also after a kill, when this has returned.

        Raises `ValueError` for an event that the vertical does not declare.
        """

    async def enqueue(self, job: str, payload: BaseModel, *, delay_seconds: float = 0) -> None:
        """Leave a job for later, durably; one that waits under the same name with an equal payload is not doubled."""

    async def fetch(self, url: str, *, most_bytes: int = 5 << 20) -> bytes:
        """Return what an http(s) address that the tenant named answers to a GET.

        Raises `DataError` for an address that is not public (unless the operator allows it), for a redirect to one,
        for more than `most_bytes`, and for what is no success.
        """


class Gatekeeper(Protocol):
    """What the host puts into `app.state.gatekeeper`."""

    async def admit(self, request: Request, scopes: Sequence[str]) -> TenantCaller:
        """Return the caller whose key holds all `scopes`; raises `Unauthenticated`, `Forbidden` or `NotFound`."""


async def admit(request: Request, security: SecurityScopes) -> TenantCaller:
    """Return the caller of a request whose key holds every scope that the route requires."""
    gatekeeper = cast(Gatekeeper, request.app.state.gatekeeper)
    return await gatekeeper.admit(request, security.scopes)


def requires(scope: Scope) -> SecurityParameter:
    """Return the dependency that lets only keys with `scope` through, for a router or a route."""
    return cast(SecurityParameter, Security(admit, scopes=[scope]))


Caller = Annotated[TenantCaller, Security(admit)]
"""The dependency that a plugin's route names to act for the tenant who calls."""
