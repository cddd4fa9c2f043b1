"""`/fhir`: FHIR R4 in and out."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from podion import Caller, Cursor, DocumentId, Limit, answer_like, requires
from podion_medical import asking, fhir_writing, notes
from podion_medical.fhir_reading import note_of, resources_in
from podion_medical.notes import Note
from podion_medical.provenance import provenance_of
from podion_medical.routes.examples import NOTE
from podion_medical.suggestions import Suggestion

router = APIRouter(prefix="/fhir", dependencies=[requires("data")])

_TEXT = "QWRtaXR0ZWQgMyBNYXJjaCB3aXRoIGNoZXN0IHBhaW4u"
_DOCUMENT = {
    "resourceType": "DocumentReference", "status": "current", "subject": {"reference": "Patient/4711"},
    "content": [{"attachment": {"contentType": "text/plain", "data": _TEXT}}],
}  # fmt: skip
_BUNDLE = {
    "resourceType": "Bundle", "type": "collection",
    "entry": [{"fullUrl": "urn:uuid:…", "resource": {"resourceType": "Condition", "subject": {}}}],
}  # fmt: skip


class FhirAnswer(JSONResponse):
    """An answer in FHIR's own media type."""

    media_type = "application/fhir+json"


class Taken(BaseModel):
    """What was taken of what was sent."""

    notes: list[Note]
    left: dict[str, int] = Field(description="resources that were not kept, by type: they make no note")


@router.post("", status_code=201, responses=answer_like({"notes": [NOTE], "left": {"Patient": 1}}, 201))
async def take_resources(resource: Annotated[dict[str, Any], Body(examples=[_DOCUMENT])], caller: Caller) -> Taken:
    """Take a Bundle or a DocumentReference: each plain text becomes a note, de-identified before it is stored.

    Nothing is kept where any of it breaks FHIR's rules: 422 `bad_fhir` with pointers.
    """
    sent, left = [], dict[str, int]()
    # Resources are checked one by one, and others wait for the event loop.
    for at, each in await asyncio.to_thread(list, resources_in(resource)):
        if each["resourceType"] == "DocumentReference":
            sent.append(note_of(each, at))
        else:
            left[each["resourceType"]] = left.get(each["resourceType"], 0) + 1
    return Taken(notes=[await notes.file(caller, note) for note in sent], left=left)


@router.get("/suggestions/{suggestion}", response_class=FhirAnswer, responses=answer_like(_BUNDLE))
async def get_resources(suggestion: DocumentId, caller: Caller) -> dict[str, Any]:
    """Return a suggestion as a Bundle: Condition, Observation or RiskAssessment, with Provenance; reading is noted."""
    found = await caller.store.get(Suggestion, suggestion)
    await caller.note(asking.READ, [found.id])
    resources = fhir_writing.resources_of(found)
    told = fhir_writing.provenance(found, await provenance_of(caller, found), resources)
    return await asyncio.to_thread(fhir_writing.bundle, [*resources, told] if resources else [])


@router.get("/AuditEvent", response_class=FhirAnswer, dependencies=[requires("admin")], responses=answer_like(_BUNDLE))
async def list_audit_events(
    caller: Caller,
    target: Annotated[str | None, Query(max_length=128, description="a note's or suggestion's id")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Return who did and saw what as a Bundle of AuditEvents, newest first; the next page is its link `next`."""
    page = await caller.noted(target=target, cursor=cursor, limit=limit)
    found = await asyncio.to_thread(fhir_writing.bundle, [fhir_writing.audit_event(deed) for deed in page.data])
    if page.next is not None:
        asked = {"cursor": page.next, "limit": limit} | ({} if target is None else {"target": target})
        found["link"] = [{"relation": "next", "url": f"?{urlencode(asked)}"}]
    return found
