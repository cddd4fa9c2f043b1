"""Documents that a vertical keeps for a tenant: JSON by kind and id."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, bindparam, cast, insert, select, update
from sqlalchemy import delete as delete_from

from podion.storage.clock import now
from podion.storage.ids import new_id
from podion.storage.many_rows import ManyRows
from podion.storage.rows import many, one, values
from podion.storage.tables import documents


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A document; `revision` counts its versions from 1, `position` sorts by the time of its first one."""

    tenant: str
    vertical: str
    kind: str
    id: str
    body: dict[str, Any]
    revision: int = 1
    position: str = field(default_factory=lambda: new_id("pos"))
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)


_ROWS = ManyRows(documents)

_MOST_IDS = 10_000
"""Ids of one statement; SQLite takes 32,766 parameters."""


def put(connection: Connection, tenant: str, vertical: str, kind: str, id: str, body: dict[str, Any]) -> DocumentRow:
    """Keep a document, in place of the one that was there, and return its row."""
    before = get(connection, tenant, vertical, kind, id)
    if before is None:
        row = DocumentRow(tenant=tenant, vertical=vertical, kind=kind, id=id, body=body)
        connection.execute(insert(documents).values(values(row)))
        return row
    row = replace(before, body=body, revision=before.revision + 1, updated_at=now())
    connection.execute(update(documents).where(*_is(tenant, vertical, kind, id)).values(values(row)))
    return row


def put_many(
    connection: Connection, tenant: str, vertical: str, kind: str, bodies: Mapping[str, dict[str, Any]]
) -> None:
    """Keep documents by id, in place of those that were there: the same as `put` of each, in a few statements."""
    before = _taken(connection, tenant, vertical, kind, list(bodies))
    fresh = [
        DocumentRow(tenant=tenant, vertical=vertical, kind=kind, id=id, body=body)
        for id, body in bodies.items()
        if id not in before
    ]
    _ROWS.add(connection, [values(row) for row in fresh])
    if before:
        same = [getattr(documents.c, name) == bindparam(f"its_{name}") for name in ("tenant", "vertical", "kind", "id")]
        raised = documents.c.revision + 1
        change = update(documents).where(*same).values(body=bindparam("new_body"), revision=raised, updated_at=now())
        mine = {"its_tenant": tenant, "its_vertical": vertical, "its_kind": kind}
        connection.execute(change, [{**mine, "its_id": id, "new_body": bodies[id]} for id in before])


def _taken(connection: Connection, tenant: str, vertical: str, kind: str, ids: Sequence[str]) -> set[str]:
    """Return those of the ids that are taken."""
    return set(connection.execute(select(documents.c.id).where(*_among(tenant, vertical, kind, ids))).scalars())


def get(connection: Connection, tenant: str, vertical: str, kind: str, id: str) -> DocumentRow | None:
    """Return a document of the tenant."""
    return one(DocumentRow, connection.execute(select(documents).where(*_is(tenant, vertical, kind, id))))


def bodies(connection: Connection, tenant: str, vertical: str, kind: str, ids: Sequence[str]) -> dict[str, Any]:
    """Return what those of the documents hold that are there, by id."""
    found: dict[str, Any] = {}
    for start in range(0, len(ids), _MOST_IDS):
        asked = _among(tenant, vertical, kind, ids[start : start + _MOST_IDS])
        found |= {
            row.id: row.body for row in connection.execute(select(documents.c.id, documents.c.body).where(*asked))
        }
    return found


def delete_many(connection: Connection, tenant: str, vertical: str, kind: str, ids: Sequence[str]) -> int:
    """Remove documents; return how many were there."""
    return sum(
        connection.execute(
            delete_from(documents).where(*_among(tenant, vertical, kind, ids[start : start + _MOST_IDS]))
        ).rowcount
        for start in range(0, len(ids), _MOST_IDS)
    )


def delete(connection: Connection, tenant: str, vertical: str, kind: str, id: str) -> bool:
    """Remove a document; return whether it was there."""
    return connection.execute(delete_from(documents).where(*_is(tenant, vertical, kind, id))).rowcount == 1


def page(
    connection: Connection,
    tenant: str,
    vertical: str,
    kind: str,
    where: Mapping[str, Any] | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[DocumentRow]:
    """Return documents whose top-level fields equal `where`, newest first; `after` is the last `position` shown."""
    mine = [documents.c.tenant == tenant, documents.c.vertical == vertical, documents.c.kind == kind]
    query = select(documents).where(*mine, *(_equals(name, value) for name, value in (where or {}).items()))
    if after is not None:
        query = query.where(documents.c.position < after)
    return many(DocumentRow, connection.execute(query.order_by(documents.c.position.desc()).limit(limit)))


def _is(tenant: str, vertical: str, kind: str, id: str) -> tuple[ColumnElement[bool], ...]:
    same = documents.c
    return same.tenant == tenant, same.vertical == vertical, same.kind == kind, same.id == id


def _among(tenant: str, vertical: str, kind: str, ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    same = documents.c
    return same.tenant == tenant, same.vertical == vertical, same.kind == kind, same.id.in_(ids)


def _equals(name: str, value: Any) -> ColumnElement[bool]:
    """Compare as text: both databases know it, whatever a document holds; fields are of one type by their model."""
    held: ColumnElement[str] = documents.c.body[name].as_string()
    if value is None:
        return held.is_(None)
    words = cast(held, String)
    if isinstance(value, bool):
        return words.in_(("true", "1") if value else ("false", "0"))
    return words == (value if isinstance(value, str) else json.dumps(value))
