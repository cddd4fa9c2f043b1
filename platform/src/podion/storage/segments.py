"""Collections of documents to search: their segments with vectors, which every index is made of."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update
from sqlalchemy import delete as delete_from

from podion.storage.clock import now
from podion.storage.documents import DocumentRow
from podion.storage.ids import new_id
from podion.storage.rows import insert_once, many, one, values
from podion.storage.tables import collections, documents, segments


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRow:
    """A collection; `generation` counts its writes, so that an index knows whether it has seen them all.

    `recipe` is the digest of how its documents were cut.
    """

    tenant: str
    vertical: str
    name: str
    id: str = field(default_factory=lambda: new_id("col"))
    recipe: str
    generation: int = 0
    next_number: int = 1
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSegment:
    """A stretch of a document's field and its vector (float32, little endian), before it has a number."""

    field: str
    start: int
    stop: int
    vector: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """A kept segment; `number` is given once in the collection's life."""

    number: int
    document: str
    field: str
    start: int
    stop: int
    vector: bytes
    fingerprint: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """Where a segment stands."""

    number: int
    document: str
    field: str
    start: int
    stop: int


def create(connection: Connection, row: CollectionRow) -> bool:
    """Keep a new collection; return whether its name was free."""
    return insert_once(connection, collections, row)


def get(connection: Connection, tenant: str, vertical: str, name: str) -> CollectionRow | None:
    """Return a collection of the tenant."""
    return one(CollectionRow, connection.execute(select(collections).where(*_named(tenant, vertical, name))))


def ids(connection: Connection) -> set[str]:
    """Return the id of every collection of every tenant, for sweeping what is derived from them."""
    return set(connection.execute(select(collections.c.id)).scalars())


def page(
    connection: Connection, tenant: str, vertical: str, after: str | None = None, limit: int = 100
) -> list[CollectionRow]:
    """Return the tenant's collections of a vertical, newest first; `after` is the last id shown."""
    mine = [collections.c.tenant == tenant, collections.c.vertical == vertical]
    query = select(collections).where(*mine).order_by(collections.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(collections.c.id < after)
    return many(CollectionRow, connection.execute(query))


def set_recipe(connection: Connection, tenant: str, vertical: str, name: str, recipe: str) -> None:
    """Note how all documents of a collection are cut now."""
    connection.execute(update(collections).where(*_named(tenant, vertical, name)).values(recipe=recipe))


def drop(connection: Connection, tenant: str, vertical: str, name: str, kind: str) -> bool:
    """Delete a collection with its segments and with its documents of `kind`; return whether it was there."""
    connection.execute(delete_from(segments).where(*_of(tenant, vertical, name)))
    connection.execute(delete_from(documents).where(*_of_kind(tenant, vertical, kind)))
    return connection.execute(delete_from(collections).where(*_named(tenant, vertical, name))).rowcount == 1


def replace(
    connection: Connection,
    collection: CollectionRow,
    document: str,
    fingerprint: str,
    new: Sequence[NewSegment],
) -> int:
    """Put the segments of a document in place of those that it had, as one more generation of the collection.

    Returns how many it had.
    """
    return replace_all(connection, collection, fingerprint, {document: new})


def replace_all(
    connection: Connection,
    collection: CollectionRow,
    fingerprint: str,
    new: Mapping[str, Sequence[NewSegment]],
) -> int:
    """Do for many documents, by id, what `replace` does for one, as a single generation and in a few statements."""
    key = (collection.tenant, collection.vertical, collection.name)
    row = _bumped(connection, key)
    assert row is not None
    had = 0
    ids = list(new)
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        these = segments.c.document.in_(ids[start : start + _ASKED_AT_ONCE])
        had += connection.execute(delete_from(segments).where(*_of(*key), these)).rowcount
    same = dict(zip(("tenant", "vertical", "collection"), key, strict=True))
    fresh = [(document, one) for document, own in new.items() for one in own]
    # By the clock: also after a restore from a backup, no number means two different texts.
    first = max(row.next_number, time.time_ns() // 1_000)
    connection.execute(update(collections).where(*_named(*key)).values(next_number=first + len(fresh)))
    rows = [
        {**same, **values(one), "number": number, "document": document, "fingerprint": fingerprint}
        | {"generation": row.generation}
        for number, (document, one) in enumerate(fresh, first)
    ]
    if rows:
        connection.execute(insert(segments), rows)
    return had


def revector(connection: Connection, collection: CollectionRow, fingerprint: str, vectors: Mapping[int, bytes]) -> None:
    """Give segments, those that are still there, the vectors of another base, as one more generation."""
    key = (collection.tenant, collection.vertical, collection.name)
    row = _bumped(connection, key)
    if row is None or not vectors:
        return
    change = update(segments).where(*_of(*key), segments.c.number == bindparam("which")).values(
        vector=bindparam("new_vector"), fingerprint=fingerprint, generation=row.generation
    )  # fmt: skip
    connection.execute(change, [{"which": number, "new_vector": vector} for number, vector in vectors.items()])


def since(connection: Connection, collection: CollectionRow, generation: int) -> list[SegmentRow]:
    """Return the segments that were written after `generation`, by number."""
    mine = _of(collection.tenant, collection.vertical, collection.name)
    query = select(segments).where(*mine, segments.c.generation > generation).order_by(segments.c.number)
    return many(SegmentRow, connection.execute(query))


def places(connection: Connection, collection: CollectionRow, until: int) -> list[PlaceRow]:
    """Return where the segments stand that were written up to generation `until`, by number; no vectors."""
    columns = [segments.c[one.name] for one in fields(PlaceRow)]
    mine = _of(collection.tenant, collection.vertical, collection.name)
    query = select(*columns).where(*mine, segments.c.generation <= until).order_by(segments.c.number)
    return many(PlaceRow, connection.execute(query))


def numbers(connection: Connection, collection: CollectionRow) -> list[int]:
    """Return the numbers of every segment of a collection."""
    mine = _of(collection.tenant, collection.vertical, collection.name)
    return list(connection.execute(select(segments.c.number).where(*mine)).scalars())


def count(connection: Connection, collection: CollectionRow) -> int:
    """Return how many segments a collection has."""
    mine = _of(collection.tenant, collection.vertical, collection.name)
    return connection.execute(select(func.count()).select_from(segments).where(*mine)).scalar_one()


def outdated(connection: Connection, collection: CollectionRow, fingerprint: str, limit: int) -> list[SegmentRow]:
    """Return segments whose vectors are of another base than `fingerprint`."""
    mine = _of(collection.tenant, collection.vertical, collection.name)
    query = select(segments).where(*mine, segments.c.fingerprint != fingerprint)
    return many(SegmentRow, connection.execute(query.order_by(segments.c.number).limit(limit)))


def documents_of(
    connection: Connection, tenant: str, vertical: str, kind: str, ids: Sequence[str]
) -> dict[str, DocumentRow]:
    """Return those of the documents that are there, by id; any number of them may be asked for."""
    found: dict[str, DocumentRow] = {}
    mine = _of_kind(tenant, vertical, kind)
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        wanted = documents.c.id.in_(ids[start : start + _ASKED_AT_ONCE])
        rows = many(DocumentRow, connection.execute(select(documents).where(*mine, wanted)))
        found.update({row.id: row for row in rows})
    return found


def vectors_of(
    connection: Connection, collection: CollectionRow, fingerprint: str, ids: Sequence[str]
) -> dict[str, list[bytes]]:
    """Return the vectors, by a base, of the segments of those documents that are there, by document, in no order."""
    found: dict[str, list[bytes]] = {}
    mine = _of(collection.tenant, collection.vertical, collection.name)
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        wanted = segments.c.document.in_(ids[start : start + _ASKED_AT_ONCE])
        query = select(segments.c.document, segments.c.vector).where(*mine, wanted)
        # In no order: for one, SQLite would walk the whole collection by number instead of looking documents up.
        for document, vector in connection.execute(query.where(segments.c.fingerprint == fingerprint)):
            found.setdefault(document, []).append(vector)
    return found


_ASKED_AT_ONCE = 500


def _bumped(connection: Connection, key: tuple[str, str, str]) -> CollectionRow | None:
    """Return a collection at its next generation; its row stays locked until the transaction ends."""
    connection.execute(update(collections).where(*_named(*key)).values(generation=collections.c.generation + 1))
    return get(connection, *key)


def _named(tenant: str, vertical: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return collections.c.tenant == tenant, collections.c.vertical == vertical, collections.c.name == name


def _of(tenant: str, vertical: str, collection: str) -> tuple[ColumnElement[bool], ...]:
    same = segments.c
    return same.tenant == tenant, same.vertical == vertical, same.collection == collection


def _of_kind(tenant: str, vertical: str, kind: str) -> tuple[ColumnElement[bool], ...]:
    same = documents.c
    return same.tenant == tenant, same.vertical == vertical, same.kind == kind
