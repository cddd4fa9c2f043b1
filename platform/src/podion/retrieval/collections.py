"""Collections of one installation: what is put is found by the next search, by any process, and nothing else is."""

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from podion.answers import Hit
from podion.errors import DataError, Unavailable
from podion.retrieval.collection_index import CollectionIndex, Found, OtherBase
from podion.retrieval.cuts import Cut, Embed, Floats, cut_all, embed_all, recipe_of, searched_text
from podion.retrieval.index import VectorIndex
from podion.retrieval.index_files import IndexFiles, Manifest
from podion.retrieval.lexical import LexicalIndex
from podion.storage import documents, segments
from podion.storage.database import Connection, Database
from podion.storage.documents import DocumentRow
from podion.storage.files import Files
from podion.storage.segments import CollectionRow
from podion.vertical import CollectionSpec

__all__ = ["Collections", "Cut", "Embed", "kind_of"]

MEMORY_BYTES = 512 << 20
"""Bytes of loaded indexes that a process keeps."""

_PATIENCE = 20.0
"""Seconds that a search waits while documents are cut or embedded anew."""
_PAGE = 50
_CHANGED_SHARE = 0.1
"""A file is written again once this share of an index has changed: until then, loading adds the rest from rows."""

log = logging.getLogger(__name__)

Key = tuple[str, str, str]


@dataclass
class _Slot:
    """The place of one collection's index in memory, and the lock that its users hold."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    collection: str = ""
    index: CollectionIndex | None = None


@dataclass(frozen=True, kw_only=True)
class _Question:
    """A search, ready to be looked up."""

    key: Key
    spec: CollectionSpec
    fingerprint: str
    vector: Floats
    query: str
    k: int
    where: Mapping[str, Any]
    at: datetime


class _ToMend(Exception):
    """Documents have to be cut, or segments embedded, before this collection can be searched."""


class Collections:
    """Cuts, keeps and finds documents; one object a process.

    `embed` gives vectors of the default base and `fingerprint` names that base. All coroutines run on one event loop;
    `put` and `delete` are called in the transaction of the document that they go with.
    """

    def __init__(
        self,
        *,
        database: Database,
        files: Files,
        embed: Embed,
        fingerprint: Callable[[], str],
        memory_bytes: int = MEMORY_BYTES,
        gpu: bool = False,
    ) -> None:
        self._database = database
        self._files = IndexFiles(files)
        self._embed = embed
        self._fingerprint = fingerprint
        self._memory_bytes = memory_bytes
        self._gpu = gpu
        self._slots: OrderedDict[Key, _Slot] = OrderedDict()
        self._lock = threading.Lock()
        self._mending: dict[Key, asyncio.Task[None]] = {}

    async def cut(self, spec: CollectionSpec, document: BaseModel, owner: str = "") -> Cut:
        """Return a document's segments with their vectors, to be `put` with its row.

        Raises `Unavailable` while the engine is away.
        """
        return (await self.cut_all(spec, [document], owner))[0]

    async def cut_all(self, spec: CollectionSpec, documents: Sequence[BaseModel], owner: str = "") -> list[Cut]:
        """Return the cuts of many documents at once, in order: quicker than one by one."""
        bodies = [document.model_dump(mode="json") for document in documents]
        return await cut_all(spec, bodies, self._embed, self._fingerprint(), owner)

    def put(
        self, c: Connection, tenant: str, vertical: str, spec: CollectionSpec, document: DocumentRow, cut: Cut
    ) -> None:
        """Make a document that is kept in the same transaction searchable, in place of what it said before.

        The collection is made with its first document. Raises `ValueError` for a cut of other texts than the row's.
        """
        self.put_all(c, tenant, vertical, spec, [(document, cut)])

    def put_all(
        self,
        c: Connection,
        tenant: str,
        vertical: str,
        spec: CollectionSpec,
        cuts: Sequence[tuple[DocumentRow, Cut]],
    ) -> None:
        """Do for many documents what `put` does for one, in a few statements; their cuts are by one base."""
        for document, cut in cuts:
            if any(document.body.get(name) != text for name, text in cut.texts.items()):
                raise ValueError(f"{document.kind} {document.id} was cut from other texts than those that are kept")
        row = segments.get(c, tenant, vertical, spec.name)
        if row is None:
            row = CollectionRow(tenant=tenant, vertical=vertical, name=spec.name, recipe=recipe_of(spec))
            segments.create(c, row)
        new = {document.id: cut.segments for document, cut in cuts}
        if segments.replace_all(c, row, cuts[0][1].fingerprint, new):
            self._files.discard(tenant, row.id)

    def delete(self, c: Connection, tenant: str, vertical: str, spec: CollectionSpec, document_id: str) -> None:
        """Make a document unfindable, in the transaction that removes it; its vectors leave the disk, too."""
        self.delete_all(c, tenant, vertical, spec, [document_id])

    def delete_all(
        self, c: Connection, tenant: str, vertical: str, spec: CollectionSpec, document_ids: Sequence[str]
    ) -> None:
        """Make documents unfindable, in the transaction that removes them."""
        row = segments.get(c, tenant, vertical, spec.name)
        if row is not None and segments.replace_all(c, row, "", dict.fromkeys(document_ids, ())):
            self._files.discard(tenant, row.id)

    def drop(self, c: Connection, tenant: str, vertical: str, spec: CollectionSpec) -> bool:
        """Remove a collection with all its documents; return whether it was there."""
        row = segments.get(c, tenant, vertical, spec.name)
        if row is None:
            return False
        self._files.discard(tenant, row.id)
        return segments.drop(c, tenant, vertical, spec.name, kind_of(vertical, spec))

    async def search(
        self,
        tenant: str,
        vertical: str,
        spec: CollectionSpec,
        query: str,
        k: int = 5,
        where: Mapping[str, Any] | None = None,
        at: datetime | None = None,
    ) -> list[Hit]:
        """Return the best segment of each of the `k` best documents that are valid at `at` (now), best first.

        Sees every write that was acknowledged before. `where` asks for equality in the spec's `filters`. Raises
        `DataError` for another field, `Unavailable` while the engine is away or the collection is being embedded anew.
        """
        strange = [name for name in where or {} if name not in spec.filters]
        if strange:
            allowed = ", ".join(spec.filters) or "none"
            raise DataError(f"collection {spec.name} has no filter {strange[0]!r} (filters: {allowed})")
        question = _Question(
            key=(tenant, vertical, spec.name),
            spec=spec,
            fingerprint=self._fingerprint(),
            vector=(await self._embed([query], "query", tenant))[0],
            query=query,
            k=k,
            where={name: to_jsonable_python(value) for name, value in (where or {}).items()},
            at=at or datetime.now(UTC),
        )
        while True:
            try:
                return await asyncio.to_thread(self._look_up, question)
            except _ToMend:
                await self._mend(question)

    async def vectors(self, tenant: str, vertical: str, spec: CollectionSpec, ids: Sequence[str]) -> dict[str, Floats]:
        """Return one vector of length 1 a document that is there: the middle of its segments', by the base of now."""

        def read(c: Connection) -> dict[str, list[bytes]]:
            row = segments.get(c, tenant, vertical, spec.name)
            return {} if row is None else segments.vectors_of(c, row, self._fingerprint(), ids)

        found = await self._database.read(read)
        if not found:
            return {}
        rows = np.frombuffer(b"".join(one for own in found.values() for one in own), "<f4")
        counts = np.array([len(own) for own in found.values()])
        sums = np.add.reduceat(rows.reshape(int(counts.sum()), -1), np.cumsum(counts) - counts, axis=0)
        middles = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        return dict(zip(found, middles, strict=True))

    @property
    def loaded(self) -> tuple[Key, ...]:
        """The collections (tenant, vertical, name) whose indexes are in memory, the one used last at the end."""
        with self._lock:
            return tuple(key for key, slot in self._slots.items() if slot.index is not None)

    def sweep(self) -> int:
        """Remove the index files of collections that are gone; return how many."""
        with self._database.reading() as c:
            living = segments.ids(c)
        return self._files.sweep(living)

    async def close(self) -> None:
        """Let go of what is being cut or embedded anew: the next search takes it up."""
        for task in self._mending.values():
            task.cancel()
        await asyncio.gather(*self._mending.values(), return_exceptions=True)

    def _look_up(self, question: _Question) -> list[Hit]:
        slot = self._slot(question.key)
        # The lock comes first: a view of the rows that is older than the index could not be answered from it.
        with slot.lock, self._database.reading() as c:
            row = segments.get(c, *question.key)
            if row is None or row.recipe != recipe_of(question.spec):
                slot.index = None
                if row is None and not _has_documents(c, question):
                    return []
                raise _ToMend
            index = self._ready(c, slot, row, question)
            found = index.search(question.vector, question.query, question.k, question.where, question.at)
            hits = _hits(c, question, found)
            self._keep_file(index, row)
        self._make_room(question.key)
        return hits

    def _ready(self, c: Connection, slot: _Slot, row: CollectionRow, question: _Question) -> CollectionIndex:
        """Return the collection's index, equal to its rows; raises `_ToMend`."""
        index = slot.index
        fits = index is not None and slot.collection == row.id and index.fingerprint == question.fingerprint
        if index is None or not fits or index.generation > row.generation:
            index = self._loaded(row, question) or self._empty(question)
        kind = kind_of(question.key[1], question.spec)
        slot.index = None
        try:
            if not index.catch_up(c, row, question.spec, kind):
                log.warning("index did not match its rows, made again", extra={"collection": row.id})
                self._files.discard(row.tenant, row.id)
                index = self._empty(question)
                index.catch_up(c, row, question.spec, kind)
        except OtherBase:
            raise _ToMend from None
        slot.index, slot.collection = index, row.id
        return index

    def _loaded(self, row: CollectionRow, question: _Question) -> CollectionIndex | None:
        """Return the index that a file holds, if it is of this collection, this base and this recipe."""
        found = self._files.load(row.tenant, row.id)
        if found is None:
            return None
        manifest, arrays = found
        same = (manifest.fingerprint, manifest.recipe) == (question.fingerprint, row.recipe)
        if not same or manifest.generation > row.generation:
            self._files.discard(row.tenant, row.id)
            return None
        try:
            return CollectionIndex(
                fingerprint=manifest.fingerprint,
                vectors=VectorIndex.of(arrays.pop("vectors"), gpu=self._gpu),
                lexical=LexicalIndex.of(arrays),
                generation=manifest.generation,
            )
        except (DataError, KeyError, ValueError) as error:
            log.warning("index of another make removed", extra={"collection": row.id, "why": str(error)})
            self._files.discard(row.tenant, row.id)
            return None

    def _empty(self, question: _Question) -> CollectionIndex:
        vectors = VectorIndex(len(question.vector), gpu=self._gpu)
        return CollectionIndex(fingerprint=question.fingerprint, vectors=vectors)

    def _keep_file(self, index: CollectionIndex, row: CollectionRow) -> None:
        if index.changed <= _CHANGED_SHARE * len(index):
            return
        manifest = Manifest(
            collection=row.id,
            generation=index.generation,
            fingerprint=index.fingerprint,
            recipe=row.recipe,
            count=len(index),
        )
        self._files.save(row.tenant, manifest, index.arrays())
        index.changed = 0

    async def _mend(self, question: _Question) -> None:
        """Cut or embed anew, once for all who wait; raises `Unavailable` when it takes long, and goes on."""
        task = self._mending.get(question.key)
        if task is None:
            task = asyncio.create_task(self._renew(question), name=f"renew {question.spec.name}")
            self._mending[question.key] = task
            task.add_done_callback(lambda _: self._mending.pop(question.key, None))
        done, _ = await asyncio.wait({task}, timeout=_PATIENCE)
        if not done:
            raise Unavailable(
                f"collection {question.spec.name} is being read anew for this base: ask again shortly",
                code="indexing",
                retry_after=5,
            )
        task.result()

    async def _renew(self, question: _Question) -> None:
        tenant, vertical, _ = question.key
        row = await self._database.read(lambda c: segments.get(c, *question.key))
        if row is None or row.recipe != recipe_of(question.spec):
            await self._cut_again(question)
            return
        while True:
            stale = await self._database.read(lambda c: segments.outdated(c, row, question.fingerprint, 4 * _PAGE))
            if not stale:
                return
            log.info("embedding anew", extra={"collection": row.id, "segments": len(stale)})
            kind, wanted = kind_of(vertical, question.spec), sorted({one.document for one in stale})
            bodies = await self._database.read(lambda c: segments.documents_of(c, tenant, vertical, kind, wanted))  # noqa: B023
            places = [one for one in stale if one.document in bodies]
            texts = [searched_text(bodies[one.document].body, one.field, one.start, one.stop) for one in places]
            vectors = await embed_all(texts, self._embed, tenant)
            new = {one.number: vector.astype("<f4").tobytes() for one, vector in zip(places, vectors, strict=True)}
            await self._database.write(lambda c: segments.revector(c, row, question.fingerprint, new))  # noqa: B023

    async def _cut_again(self, question: _Question) -> None:
        """Cut every document of a kind: the collection is new to it, or is cut in another way than before."""
        tenant, vertical, name = question.key
        kind, recipe = kind_of(vertical, question.spec), recipe_of(question.spec)
        after: str | None = None
        while True:
            rows = await self._database.read(
                lambda c: documents.page(c, tenant, vertical, kind, None, after, _PAGE)  # noqa: B023
            )
            if not rows:
                break
            after = rows[-1].position
            bodies = [row.body for row in rows]
            cuts = await cut_all(question.spec, bodies, self._embed, self._fingerprint(), tenant)

            def keep(c: Connection, rows: list[DocumentRow] = rows, cuts: list[Cut] = cuts) -> None:
                for row, cut in zip(rows, cuts, strict=True):
                    now = documents.get(c, tenant, vertical, kind, row.id)
                    if now is not None and now.revision == row.revision:
                        self.put(c, tenant, vertical, question.spec, now, cut)

            await self._database.write(keep)
        await self._database.write(lambda c: segments.set_recipe(c, tenant, vertical, name, recipe))

    def _slot(self, key: Key) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            return slot

    def _make_room(self, just_used: Key) -> None:
        """Forget the indexes that were not used for longest, but for the one just used."""
        with self._lock:
            sizes = {key: slot.index.nbytes if slot.index else 0 for key, slot in self._slots.items()}
            total = sum(sizes.values())
            for key in list(self._slots):
                if total <= self._memory_bytes:
                    return
                if key != just_used:
                    total -= sizes[key]
                    del self._slots[key]


def kind_of(vertical: str, spec: CollectionSpec) -> str:
    """Return the kind under which a collection's documents are stored: the model's name, or the host's collection's."""
    return spec.kind.__name__ if vertical else spec.name


def _has_documents(c: Connection, question: _Question) -> bool:
    tenant, vertical, _ = question.key
    return bool(documents.page(c, tenant, vertical, kind_of(vertical, question.spec), limit=1))


def _hits(c: Connection, question: _Question, found: Sequence[Found]) -> list[Hit]:
    tenant, vertical, _ = question.key
    spec, wanted = question.spec, [one.entry.document for one in found]
    rows = segments.documents_of(c, tenant, vertical, kind_of(vertical, spec), wanted)
    return [_hit(rows[one.entry.document], one) for one in found if one.entry.document in rows]


def _hit(row: DocumentRow, found: Found) -> Hit:
    body, place = row.body, found.entry
    version = body.get("version")
    return Hit(
        document=row.id,
        version=str(row.revision if version is None else version),
        title=str(body.get("title") or ""),
        url=body.get("url") if isinstance(body.get("url"), str) else None,
        field=place.field,
        start=place.start,
        end=place.stop,
        quote=body[place.field][place.start : place.stop],
        score=found.score,
    )
