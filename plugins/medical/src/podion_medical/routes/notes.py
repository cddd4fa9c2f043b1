"""`/notes`: notes kept de-identified, read for entities and sections, and coded."""

from typing import Annotated, Self

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from podion import Caller, Cursor, DocumentId, Gone, Language, Limit, Page, TenantCaller, answer_like, requires
from podion_medical import notes
from podion_medical.analyzing import Analysis, analyze
from podion_medical.audience import Audience, language_for, refuse_patients
from podion_medical.coding import CodeChoice, suggest_codes
from podion_medical.notes import Note, NoteIn
from podion_medical.routes.examples import CODES, NOTE, NOTICE
from podion_medical.schema import CodeSystem, NoteWords, PatientRef, Sex
from podion_medical.suggestions import Suggestion

router = APIRouter()

_SENT = {"id": "note-7", "text": "Admitted 3 March with chest pain. No fever.", "patient_ref": "MRN-4711"}
_ANALYSIS = {
    "note": "note-7", "note_version": 1, "text": NOTE["text"], "language": "en",
    "sections": [{"name": "note", "start": 0, "end": 42}],
    "mentions": [
        {"start": 21, "end": 31, "quote": "chest pain", "label": "problem", "assertion": "present", "section": "note"}
    ],
    "relations": [], "adapters": {"entities": "9f2c…", "relations": None}, "not_a_diagnosis": True, "notice": NOTICE,
}  # fmt: skip


class OfNote(BaseModel):
    """Which note: one that is kept, by `note`, or a new one as `text`, which is kept de-identified."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(default=None, min_length=1, max_length=100, description="the id of a kept note")
    text: NoteWords | None = Field(default=None, description="a note that is not kept yet")
    patient_ref: PatientRef | None = Field(default=None, description="with `text`: your own reference")
    language: Language | None = Field(default=None, description="left out: that of the text")
    audience: Audience = "clinician"

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.note is None) == (self.text is None):
            raise ValueError("send either `note` (the id of a kept one) or `text` (a new one)")
        return self


class OfCodes(BaseModel):
    """Which note is to be coded, in which system; of the system and its version, the tenant's settings stand in."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(default=None, min_length=1, max_length=100, description="the id of a kept note")
    text: NoteWords | None = Field(default=None, description="a note that is not kept yet")
    patient_ref: PatientRef | None = Field(default=None, description="with `text`: your own reference")
    language: Language | None = None
    audience: Audience = "clinician"
    system: CodeSystem | None = None
    system_version: str | None = Field(default=None, min_length=1, max_length=40)
    most: int | None = Field(default=None, ge=1, le=50, description="most codes")
    age: float | None = Field(default=None, ge=0, le=130, description="for reports by group; no model reads it")
    sex: Sex | None = Field(default=None, description="for reports by group; no model reads it")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.note is None) == (self.text is None):
            raise ValueError("send either `note` (the id of a kept one) or `text` (a new one)")
        return self


@router.post("/notes", status_code=201, dependencies=[requires("data")], responses=answer_like(NOTE, 201))
async def file_note(note: Annotated[NoteIn, Body(examples=[_SENT])], caller: Caller) -> Note:
    """Keep a note, de-identified before it is stored; under an id that is there, as the next version of that note."""
    return await notes.file(caller, note)


@router.get("/notes", dependencies=[requires("data")], responses=answer_like({"data": [NOTE], "next": None}))
async def list_notes(
    caller: Caller,
    patient: Annotated[str | None, Query(min_length=1, max_length=128, description="your own reference")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Note]:
    """Return the notes, newest first, of all patients or of one; that each was read is written down."""
    where = None if patient is None else {"patient_ref": await notes.pseudonym_of(caller, patient)}
    page = await caller.store.list(Note, where, cursor, limit)
    await caller.note(notes.READ, [note.id for note in page.data])
    return page


@router.get("/notes/{note}", dependencies=[requires("data")], responses=answer_like(NOTE))
async def get_note(
    note: DocumentId,
    caller: Caller,
    version: Annotated[int | None, Query(ge=1, le=1_000_000, description="left out: the newest")] = None,
) -> Note:
    """Return a note as it is kept, or an old version of it; that it was read is written down."""
    return await notes.read(caller, note, version)


@router.delete("/notes/{note}", dependencies=[requires("data")], responses=answer_like({"id": "note-7"}))
async def delete_note(note: DocumentId, caller: Caller) -> Gone:
    """Remove a note with all its versions; the audit keeps that it was there, and who removed it."""
    await notes.delete(caller, note)
    return Gone(id=note)


@router.post("/notes:analyze", dependencies=[requires("predict")], responses=answer_like(_ANALYSIS))
async def analyze_note(request: Annotated[OfNote, Body(examples=[{"note": "note-7"}])], caller: Caller) -> Analysis:
    """Return sections, entities with their assertion (present, absent, possible, historical, family), and relations.

    Spans count the characters of `text` in the answer: the note as it is kept.
    """
    refuse_patients(caller, request.audience)
    note = await _note(caller, request.note, request.text, request.patient_ref)
    return await analyze(caller, note, language_for(caller, note.text, request.language))


@router.post("/notes:code", dependencies=[requires("predict")], responses=answer_like(CODES))
async def code_note(request: Annotated[OfCodes, Body(examples=[{"note": "note-7"}])], caller: Caller) -> Suggestion:
    """Suggest codes, each with the stretches that speak for it and its calibrated probability.

    A code whose evidence the note only denies, or tells of the family, is not suggested: `held_back` tells it. 409
    `untrained` until an adapter of `coding` is deployed.
    """
    refuse_patients(caller, request.audience)
    note = await _note(caller, request.note, request.text, request.patient_ref)
    language = language_for(caller, note.text, request.language)
    asked = CodeChoice(request.system, request.system_version, request.most)
    return await suggest_codes(caller, note, language, asked, patient=(request.age, request.sex))


async def _note(caller: TenantCaller, id: str | None, text: str | None, patient_ref: str | None) -> Note:
    """Return the note that a request is about: a kept one, read, or a new one, kept."""
    if text is None:
        return await notes.read(caller, id or "")
    return await notes.file(caller, NoteIn(text=text, patient_ref=patient_ref))
