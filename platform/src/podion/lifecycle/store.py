"""A tenant's documents of one vertical: kept, found again, and searchable where the vertical says so."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy import Connection

from podion.answers import Page
from podion.caller import Found
from podion.errors import Conflict, NotFound, TooLarge
from podion.retrieval.collections import Collections, Cut
from podion.storage import documents as rows
from podion.storage.cursors import decode, encode
from podion.storage.database import Database
from podion.storage.documents import DocumentRow
from podion.tenancy.usage import Meter, record
from podion.vertical import CollectionSpec, Vertical

MOST_BYTES = 1 << 20
MOST_LISTED = 1_000
MOST_PUT = 1_000
_ATTEMPTS = 10

KindT = TypeVar("KindT", bound=BaseModel)
Mask = Callable[[BaseModel], BaseModel]


class VerticalStore:
    """The store of one tenant at one vertical; see `podion.caller.Store`.

    `mask` gives a document as it may be kept, `new_id` a fresh id out of a prefix.
    """

    def __init__(
        self,
        *,
        database: Database,
        collections: Collections,
        tenant: str,
        vertical: Vertical,
        mask: Mask,
        new_id: Callable[[str], str],
    ) -> None:
        self._database = database
        self._collections = collections
        self._tenant = tenant
        self._vertical = vertical
        self._mask = mask
        self._new_id = new_id

    async def put(self, document: KindT) -> KindT:
        """Keep a document under its `id`, in place of the one that was there."""
        spec = self._collection(type(document))
        kept = self._keepable(document)
        body = _body(kept)
        cut = await self._collections.cut(spec, kept, self._tenant) if spec else None

        def write(c: Connection) -> None:
            self._write(c, type(kept), body, spec, cut)
            record(c, self._tenant, Meter.DOCUMENTS, 1, body["id"])

        await self._database.write(write)
        return kept

    async def put_all(self, documents: Sequence[KindT]) -> Sequence[KindT]:
        """Keep documents as `put` does, all of them or none, and return them as they were kept.

        Of two with one id the later one stays. Raises `TooLarge` above 1,000.
        """
        for kind in {type(document) for document in documents}:
            self._collection(kind)
        kept = self._keepable_all(documents)
        newest = {(type(document), document.id): document for document in kept}  # type: ignore[attr-defined]
        cuts = await self._cuts(list(newest.values()))

        def write(c: Connection) -> None:
            self._write_all(c, kept)
            for spec, searched in cuts:
                self._collections.put_all(c, self._tenant, self._vertical.name, spec, searched)

        if kept:
            await self._database.write(write)
        return kept

    async def update_all(
        self,
        wanted: Mapping[type[BaseModel], Collection[str]],
        change: Callable[[Found], Sequence[BaseModel]],
    ) -> Sequence[BaseModel]:
        """Keep what `change` makes of the documents that it is given; no other writer comes in between."""
        for kind in wanted:
            self._plain(kind)

        def write(c: Connection) -> Sequence[BaseModel]:
            found = Found({kind: self._found(c, kind, ids) for kind, ids in wanted.items()})
            kept = self._keepable_all(change(found))
            for kind in {type(document) for document in kept}:
                self._plain(kind)
            if kept:
                self._write_all(c, kept)
            return kept

        return await self._database.write(write)

    async def get(self, kind: type[KindT], id: str) -> KindT:
        """Return a document; raises `NotFound`."""
        self._collection(kind)
        row = await self._database.read(lambda c: self._row(c, kind, id))
        return kind.model_validate(row.body)

    async def get_all(self, kind: type[KindT], ids: Collection[str]) -> dict[str, KindT]:
        """Return those of the documents that are there, by id, in the order asked."""
        self._collection(kind)
        wanted = list(dict.fromkeys(ids))
        return await self._database.read(lambda c: self._found(c, kind, wanted)) if wanted else {}

    async def list(
        self, kind: type[KindT], where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[KindT]:
        """Return a page, newest first, of the documents whose top-level fields equal `where`."""
        self._collection(kind)
        _check_fields(kind, where or {})
        wanted = {name: to_jsonable_python(value) for name, value in (where or {}).items()}
        after = decode(cursor)
        shown = min(max(1, limit), MOST_LISTED)

        def read(c: Connection) -> list[DocumentRow]:
            return rows.page(c, self._tenant, self._vertical.name, kind.__name__, wanted, after, shown + 1)

        found = await self._database.read(read)
        more = len(found) > shown
        data = [kind.model_validate(row.body) for row in found[:shown]]
        return Page[kind](data=data, next=encode(found[shown - 1].position) if more else None)  # type: ignore[valid-type]

    async def update(
        self, kind: type[KindT], id: str, change: Callable[[KindT], KindT], *, begin: KindT | None = None
    ) -> KindT:
        """Replace a document by what `change` makes of it, and return that; no other writer comes in between."""
        spec = self._collection(kind)
        if spec is None:
            return await self._database.write(lambda c: self._changed(c, kind, id, change, begin))
        if begin is not None:
            raise TypeError(f"{kind.__name__} is of a collection, whose documents begin by put")
        for _attempt in range(_ATTEMPTS):
            row = await self._database.read(lambda c: self._row(c, kind, id))
            kept = self._keepable(_same_id(kind.model_validate(row.body), id, change))
            cut = await self._collections.cut(spec, kept, self._tenant)
            if await self._database.write(lambda c: self._replace(c, row, kept, spec, cut)):  # noqa: B023
                return kept
        raise Conflict(f"{kind.__name__} {id} is written by many at once: ask again", code="busy", retry_after=1)

    async def delete(self, kind: type[KindT], id: str) -> None:
        """Remove a document, from searches too; raises `NotFound`."""
        spec = self._collection(kind)

        def write(c: Connection) -> None:
            self._row(c, kind, id)
            rows.delete(c, self._tenant, self._vertical.name, kind.__name__, id)
            if spec is not None:
                self._collections.delete(c, self._tenant, self._vertical.name, spec, id)

        await self._database.write(write)

    async def delete_all(self, kind: type[KindT], ids: Collection[str]) -> int:
        """Remove documents, from searches too, and return how many were there."""
        spec = self._collection(kind)
        wanted = list(dict.fromkeys(ids))

        def write(c: Connection) -> int:
            gone = rows.delete_many(c, self._tenant, self._vertical.name, kind.__name__, wanted)
            if spec is not None and gone:
                self._collections.delete_all(c, self._tenant, self._vertical.name, spec, wanted)
            return gone

        return await self._database.write(write) if wanted else 0

    def _collection(self, kind: type[BaseModel]) -> CollectionSpec | None:
        """Return the collection that a kind belongs to; raises `TypeError` for a kind that was not declared."""
        spec = next((spec for spec in self._vertical.collections if spec.kind is kind), None)
        if spec is None and kind not in self._vertical.kinds:
            declared = ", ".join(each.__name__ for each in self._vertical.kinds) or "none"
            raise TypeError(f"{self._vertical.name} declares no kind {kind.__name__} (declared: {declared})")
        return spec

    def _plain(self, kind: type[BaseModel]) -> None:
        """Raise `TypeError` for a kind that was not declared, or is a collection's."""
        if self._collection(kind) is not None:
            raise TypeError(f"{kind.__name__} is of a collection, whose texts are embedded first: use put or put_all")

    def _keepable_all(self, documents: Sequence[KindT]) -> Sequence[KindT]:
        if len(documents) > MOST_PUT:
            raise TooLarge(f"{len(documents):,} documents in one call: at most {MOST_PUT:,} are kept at once")
        return [self._keepable(document) for document in documents]

    async def _cuts(
        self, kept: Sequence[BaseModel]
    ) -> Sequence[tuple[CollectionSpec, Sequence[tuple[DocumentRow, Cut]]]]:
        """Return, a collection, its documents with their cuts."""
        cuts = []
        for spec in self._vertical.collections:
            searched = [document for document in kept if type(document) is spec.kind]
            if searched:
                made = await self._collections.cut_all(spec, searched, self._tenant)
                cuts.append((spec, list(zip(map(self._as_row, searched), made, strict=True))))
        return cuts

    def _as_row(self, document: BaseModel) -> DocumentRow:
        kind, body = type(document).__name__, _body(document)
        return DocumentRow(tenant=self._tenant, vertical=self._vertical.name, kind=kind, id=body["id"], body=body)

    def _found(self, c: Connection, kind: type[KindT], ids: Collection[str]) -> dict[str, KindT]:
        asked = list(dict.fromkeys(ids))
        held = rows.bodies(c, self._tenant, self._vertical.name, kind.__name__, asked)
        return {id: kind.model_validate(held[id]) for id in asked if id in held}

    def _write_all(self, c: Connection, kept: Sequence[BaseModel]) -> None:
        bodies: dict[str, dict[str, dict[str, Any]]] = {}
        for document in kept:
            body = _body(document)
            bodies.setdefault(type(document).__name__, {})[body["id"]] = body
        for kind, by_id in bodies.items():
            rows.put_many(c, self._tenant, self._vertical.name, kind, by_id)
        record(c, self._tenant, Meter.DOCUMENTS, len(kept), self._vertical.name)

    def _keepable(self, document: KindT) -> KindT:
        """Return a document with an id, masked."""
        masked = self._mask(document)
        assert isinstance(masked, type(document))
        if getattr(masked, "id", ""):
            return masked
        return masked.model_copy(update={"id": self._new_id(type(document).__name__[:3].lower())})

    def _row(self, c: Connection, kind: type[BaseModel], id: str) -> DocumentRow:
        row = rows.get(c, self._tenant, self._vertical.name, kind.__name__, id)
        if row is None:
            raise NotFound(f"there is no {kind.__name__.lower()} of this id")
        return row

    def _write(
        self, c: Connection, kind: type[BaseModel], body: dict[str, Any], spec: CollectionSpec | None, cut: Cut | None
    ) -> None:
        row = rows.put(c, self._tenant, self._vertical.name, kind.__name__, body["id"], body)
        if spec is not None and cut is not None:
            self._collections.put(c, self._tenant, self._vertical.name, spec, row, cut)

    def _changed(
        self, c: Connection, kind: type[KindT], id: str, change: Callable[[KindT], KindT], begin: KindT | None
    ) -> KindT:
        row = rows.get(c, self._tenant, self._vertical.name, kind.__name__, id)
        if row is None and begin is not None:
            kept = self._keepable(_same_id(begin, id, change))
            record(c, self._tenant, Meter.DOCUMENTS, 1, id)
        else:
            kept = self._keepable(_same_id(kind.model_validate(self._row(c, kind, id).body), id, change))
        self._write(c, kind, _body(kept), None, None)
        return kept

    def _replace(self, c: Connection, seen: DocumentRow, kept: BaseModel, spec: CollectionSpec, cut: Cut) -> bool:
        """Write unless somebody else has written since `seen`; return whether it was written."""
        if self._row(c, type(kept), seen.id).revision != seen.revision:
            return False
        self._write(c, type(kept), _body(kept), spec, cut)
        return True


def _same_id(document: KindT, id: str, change: Callable[[KindT], KindT]) -> KindT:
    changed = change(document)
    if getattr(changed, "id", None) != id:
        raise ValueError(f"a change of {type(document).__name__} {id} may not change its id")
    return changed


def _body(document: BaseModel) -> dict[str, Any]:
    body = document.model_dump(mode="json")
    size = len(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise TooLarge(f"a {type(document).__name__.lower()} of {size:,} bytes: at most {MOST_BYTES:,} are kept")
    return body


def _check_fields(kind: type[BaseModel], where: Mapping[str, Any]) -> None:
    strange = [name for name in where if name not in kind.model_fields]
    if strange:
        raise ValueError(f"{kind.__name__} has no field {strange[0]!r} to ask for")
