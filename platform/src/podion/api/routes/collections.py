"""A tenant's own collections: documents in, the stretches that fit a question out, each with its source."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from podion.answers import Document, Hit
from podion.api.access import AnyKey, DataKey, PredictKey
from podion.api.idempotency import once
from podion.api.pages import Cursor, Limit, Page, decode, page
from podion.api.services import services_of
from podion.errors import Conflict, DataError, Fault, NotFound
from podion.retrieval.cuts import recipe_of
from podion.storage import audit, documents, segments
from podion.storage.documents import DocumentRow
from podion.storage.ids import new_id
from podion.storage.segments import CollectionRow
from podion.tenancy.usage import Meter, record
from podion.vertical import CollectionSpec

router = APIRouter(tags=["collections"])

HOST = ""
"""Stands where the name of a vertical would: these collections belong to none."""

MOST_DOCUMENTS = 200
"""Of one request: what a base embeds in well under a minute."""

MOST_COLLECTIONS = 1_000

_NAME = r"^[a-z][a-z0-9_-]{0,62}$"
Name = Annotated[str, Path(max_length=63, description="the collection's name", examples=["handbook"])]
DocumentId = Annotated[str, Path(max_length=128, examples=["returns-policy"])]


class NewCollection(BaseModel):
    """A collection to be made."""

    name: str = Field(pattern=_NAME, examples=["handbook"])


class CollectionOut(BaseModel):
    """A collection of the tenant."""

    name: str
    created_at: datetime


class DocumentSummary(BaseModel):
    """A document as it was kept; GET it for its text."""

    id: str
    title: str
    url: str | None
    version: str
    valid_from: datetime | None
    valid_to: datetime | None
    revision: int = Field(description="how often it was kept under this id")
    updated_at: datetime


class DocumentOut(DocumentSummary):
    """A document with its text."""

    text: str


class DocumentsKept(BaseModel):
    """What was kept, in the order sent."""

    data: list[DocumentSummary]


class Question(BaseModel):
    """What is looked for."""

    query: str = Field(min_length=1, max_length=4_000, pattern=r"\S", examples=["how long can I send shoes back?"])
    k: int = Field(default=5, ge=1, le=50, description="most documents that are found")


class Hits(BaseModel):
    """The best stretch of each document that fits, best first."""

    data: list[Hit]


_EXAMPLE = {
    "id": "returns-policy",
    "title": "Returns",
    "text": "Shoes may be sent back within 30 days. Bring the receipt.",
    "version": "2024-05",
}


@router.post("/v1/collections", status_code=201, response_model=CollectionOut)
async def create_collection(request: Request, identity: DataKey, body: NewCollection) -> JSONResponse:
    """Make an empty collection."""

    def effect(c: Any) -> CollectionOut:
        if len(segments.page(c, identity.tenant, HOST, None, MOST_COLLECTIONS)) >= MOST_COLLECTIONS:
            raise Conflict(f"a tenant has at most {MOST_COLLECTIONS:,} collections: delete one", code="too_many")
        row = CollectionRow(tenant=identity.tenant, vertical=HOST, name=body.name, recipe=recipe_of(_spec(body.name)))
        if not segments.create(c, row):
            raise Conflict(f"there is a collection {body.name!r} already: use it, or delete it first", code="exists")
        audit.add(c, identity.tenant, identity.key, "collection.create", body.name)
        return shape(row)

    return await once(request, identity.tenant, effect)


@router.get("/v1/collections")
async def list_collections(
    request: Request, identity: AnyKey, limit: Limit = 50, cursor: Cursor = None
) -> Page[CollectionOut]:
    """List the tenant's collections, newest first."""
    after = decode(cursor)
    rows = await services_of(request).database.read(lambda c: segments.page(c, identity.tenant, HOST, after, limit + 1))
    return page(rows, limit, shape, lambda row: row.id)


@router.delete("/v1/collections/{name}", status_code=204)
async def delete_collection(request: Request, identity: DataKey, name: Name) -> Response:
    """Delete a collection with its documents."""
    services = services_of(request)

    def write(c: Any) -> None:
        if not services.collections.drop(c, identity.tenant, HOST, _spec(name)):
            raise _no_collection()
        audit.add(c, identity.tenant, identity.key, "collection.delete", name)

    await services.database.write(write)
    return Response(status_code=204)


@router.post("/v1/collections/{name}/documents", status_code=201, response_model=DocumentsKept)
async def put_documents(
    request: Request,
    identity: DataKey,
    name: Name,
    body: Annotated[
        Document | Annotated[list[Document], Field(min_length=1, max_length=MOST_DOCUMENTS)], Body(examples=[_EXAMPLE])
    ],
) -> JSONResponse:
    """Keep one document, or a list of them, all or none; one of an id that is there takes its place."""
    services, spec = services_of(request), _spec(name)
    await _collection(request, identity.tenant, name)
    sent = _distinct([body] if isinstance(body, Document) else body)
    cuts = await services.collections.cut_all(spec, sent, identity.tenant)

    def effect(c: Any) -> DocumentsKept:
        if segments.get(c, identity.tenant, HOST, name) is None:
            raise _no_collection()
        kept = []
        for document, cut in zip(sent, cuts, strict=True):
            content = {**document.model_dump(mode="json"), "id": document.id or new_id("doc")}
            row = documents.put(c, identity.tenant, HOST, name, content["id"], content)
            services.collections.put(c, identity.tenant, HOST, spec, row, cut)
            kept.append(summary(row))
        record(c, identity.tenant, Meter.DOCUMENTS, len(kept), name)
        return DocumentsKept(data=kept)

    return await once(request, identity.tenant, effect)


@router.get("/v1/collections/{name}/documents")
async def list_documents(
    request: Request, identity: AnyKey, name: Name, limit: Limit = 50, cursor: Cursor = None
) -> Page[DocumentSummary]:
    """List a collection's documents without their texts, newest first."""
    after = decode(cursor)
    await _collection(request, identity.tenant, name)
    rows = await services_of(request).database.read(
        lambda c: documents.page(c, identity.tenant, HOST, name, None, after, limit + 1)
    )
    return page(rows, limit, summary, lambda row: row.position)


@router.get("/v1/collections/{name}/documents/{document_id}")
async def get_document(request: Request, identity: AnyKey, name: Name, document_id: DocumentId) -> DocumentOut:
    """Return a document with its text."""
    row = await services_of(request).database.read(lambda c: documents.get(c, identity.tenant, HOST, name, document_id))
    if row is None:
        raise _no_document()
    return DocumentOut(**summary(row).model_dump(), text=row.body["text"])


@router.delete("/v1/collections/{name}/documents/{document_id}", status_code=204)
async def delete_document(request: Request, identity: DataKey, name: Name, document_id: DocumentId) -> Response:
    """Delete a document; no search finds it from then on."""
    services = services_of(request)

    def write(c: Any) -> None:
        if not documents.delete(c, identity.tenant, HOST, name, document_id):
            raise _no_document()
        services.collections.delete(c, identity.tenant, HOST, _spec(name), document_id)

    await services.database.write(write)
    return Response(status_code=204)


@router.post("/v1/collections/{name}:search")
async def search_collection(request: Request, identity: PredictKey, name: Name, body: Question) -> Hits:
    """Find the stretches of documents that fit a question, with source, version and offsets."""
    services = services_of(request)
    await _collection(request, identity.tenant, name)
    hits = await services.collections.search(identity.tenant, HOST, _spec(name), body.query, body.k)
    await services.database.write(lambda c: record(c, identity.tenant, Meter.SEARCHES, 1, name))
    return Hits(data=hits)


def shape(row: CollectionRow) -> CollectionOut:
    """Return what clients see of a collection."""
    return CollectionOut(name=row.name, created_at=row.created_at)


def summary(row: DocumentRow) -> DocumentSummary:
    """Return what clients see of a document in a list."""
    shown = {name: row.body.get(name) for name in ("id", "title", "url", "version", "valid_from", "valid_to")}
    return DocumentSummary.model_validate({**shown, "revision": row.revision, "updated_at": row.updated_at})


def _spec(name: str) -> CollectionSpec:
    return CollectionSpec(name=name)


async def _collection(request: Request, tenant: str, name: str) -> CollectionRow:
    row = await services_of(request).database.read(lambda c: segments.get(c, tenant, HOST, name))
    if row is None:
        raise _no_collection()
    return row


def _distinct(sent: list[Document]) -> list[Document]:
    """Return the documents; raises `DataError` where two have the same id, or a text that no database keeps."""
    times = Counter(document.id for document in sent if document.id)
    faults = [Fault(f"/{at}/id", f"{one.id} is sent twice") for at, one in enumerate(sent) if times[one.id] > 1]
    faults += [
        Fault(f"/{at}/{name}", "has a NUL character")
        for at, one in enumerate(sent)
        for name, value in one.model_dump(mode="json").items()
        if isinstance(value, str) and "\x00" in value
    ]
    if faults:
        raise DataError(f"documents{faults[0].pointer}: {faults[0].detail}", faults=faults)
    return sent


def _no_collection() -> NotFound:
    return NotFound("no collection has this name: GET /v1/collections lists those there are")


def _no_document() -> NotFound:
    return NotFound("no document of this collection has this id: GET its /documents lists those there are")
