"""`/suggestions`, `/provenance`, `/audit`: what was suggested, what was made of it, where it came from, who saw it."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, Deed, DocumentId, Limit, Page, answer_like, requires
from podion_medical import asking, judging, notes
from podion_medical.provenance import ProvenanceOut, provenance_of
from podion_medical.routes.examples import AT, CODES, KEY, PREDICTION, SUGGESTION
from podion_medical.suggestions import State, Suggestion, SuggestionKind

router = APIRouter(dependencies=[requires("data")])

_REASON = "The stenosis is of the left main artery"
_VERDICT = {
    "outcome": "overridden", "reason": _REASON, "reason_code": "", "correct": ["I25.1"], "actor": KEY, "at": AT,
}  # fmt: skip
_PROVENANCE = {
    "suggestion": SUGGESTION, "kind": "codes", "at": AT, "asked_by": KEY,
    "model": {"task": "medical/coding", "adapter": "9f2c…", "method": "lora", "base": "me5-small", "created_at": AT},
    "prediction_id": PREDICTION, "sources": [{"kind": "note", "id": "note-7", "version": "1"}],
    "evidence": CODES["items"][0]["evidence"], "red_flags": [], "code_system": "ICD-10",  # type: ignore[index]
    "code_system_version": "2019", "verdict": None,
}  # fmt: skip
_DEED = {
    "id": "aud_01JZ8Q5T3N6W2K4Y7B9D0F1G2H", "at": AT, "actor": KEY, "action": "medical.suggestion.read",
    "target": SUGGESTION,
}  # fmt: skip


class Acceptance(BaseModel):
    """What of a suggestion is right."""

    model_config = ConfigDict(extra="forbid")

    codes: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        default=None, max_length=200, description="of suggested codes those that are right; left out: all"
    )


class Override(BaseModel):
    """Why a suggestion is wrong, and as far as known what is right."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2_000, pattern=r"\S", description="kept, de-identified")
    reason_code: str = Field(default="", max_length=200, description="of your own list")
    correct: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        default=None, max_length=200, description="what is right: codes, or one condition, urgency or answer"
    )


@router.get("/suggestions", responses=answer_like({"data": [CODES], "next": None}))
async def list_suggestions(
    caller: Caller,
    kind: Annotated[SuggestionKind | None, Query(description="left out: all")] = None,
    state: Annotated[State | None, Query(description="left out: all")] = None,
    note: Annotated[str | None, Query(min_length=1, max_length=100, description="of one note")] = None,
    patient: Annotated[str | None, Query(min_length=1, max_length=128, description="your own reference")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Suggestion]:
    """Return suggestions, newest first; that each was read is written down."""
    pseudonym = None if patient is None else await notes.pseudonym_of(caller, patient)
    asked = {"kind": kind, "state": state, "note": note, "patient_ref": pseudonym}
    where = {name: value for name, value in asked.items() if value is not None}
    page = await caller.store.list(Suggestion, where or None, cursor, limit)
    await caller.note(asking.READ, [each.id for each in page.data])
    return page


@router.get("/suggestions/{suggestion}", responses=answer_like(CODES))
async def get_suggestion(suggestion: DocumentId, caller: Caller) -> Suggestion:
    """Return a suggestion as it was made, with the verdict on it; that it was read is written down."""
    found = await caller.store.get(Suggestion, suggestion)
    await caller.note(asking.READ, [found.id])
    return found


@router.post("/suggestions/{suggestion}:accept", responses=answer_like({**CODES, "state": "accepted"}))
async def accept_suggestion(
    suggestion: DocumentId, caller: Caller, request: Annotated[Acceptance, Body(examples=[{"codes": ["I20.0"]}])]
) -> Suggestion:
    """Accept a suggestion: it is feedback for the next run. 409 where a clinician has judged it already."""
    return await judging.accept(caller, suggestion, kept=request.codes)


@router.post(
    "/suggestions/{suggestion}:override", responses=answer_like({**CODES, "state": "overridden", "verdict": _VERDICT})
)
async def override_suggestion(
    suggestion: DocumentId,
    caller: Caller,
    request: Annotated[Override, Body(examples=[{"reason": _REASON, "correct": ["I25.1"]}])],
) -> Suggestion:
    """Override a suggestion with a reason and what is right: feedback for the next run. 409 where it is judged."""
    return await judging.override(
        caller, suggestion, reason=request.reason, reason_code=request.reason_code, correct=request.correct
    )


@router.get("/provenance/{suggestion}", responses=answer_like(_PROVENANCE))
async def get_provenance(suggestion: DocumentId, caller: Caller) -> ProvenanceOut:
    """Say where a suggestion comes from: model, note version, spans, guideline pages, who asked; reading is noted."""
    found = await caller.store.get(Suggestion, suggestion)
    await caller.note(asking.READ, [found.id])
    return await provenance_of(caller, found)


@router.get("/audit", dependencies=[requires("admin")], responses=answer_like({"data": [_DEED], "next": None}))
async def list_deeds(
    caller: Caller,
    target: Annotated[str | None, Query(max_length=128, description="a note's or suggestion's id")] = None,
    action: Annotated[
        str | None, Query(max_length=64, pattern=r"^[a-z]+(\.[a-z]+)*$", examples=["note.read"], description="what")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Deed]:
    """Return who did and saw what and when, newest first: every read and write of a note or suggestion, by its key."""
    return await caller.noted(action=action, target=target, cursor=cursor, limit=limit)
