"""Notes as they are kept: de-identified, in versions, and never read without a word in the audit."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Conflict, NotFound, TenantCaller
from podion_medical.schema import Moment, NoteWords, PatientRef

_ATTEMPTS = 5
_CARRIED = ("kind", "patient_ref", "encounter_ref", "authored_at")
"""What a new version takes over where it does not say otherwise."""

READ, WRITTEN, DELETED = "note.read", "note.write", "note.delete"


class NoteIn(BaseModel):
    """A clinical note as it is sent; under an `id` that is there already it is a new version of that note."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(
        default="", max_length=100, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", description="empty: made up"
    )
    text: NoteWords = Field(description="the note; what identifies a person is replaced before it is kept")
    kind: str = Field(default="", max_length=100, description="such as `discharge`, `progress`")
    patient_ref: PatientRef | None = Field(default=None, description="your own reference; kept as a pseudonym")
    encounter_ref: PatientRef | None = Field(default=None, description="your own reference; kept as a pseudonym")
    authored_at: Moment | None = Field(default=None, description="without a zone: UTC")


class Note(BaseModel):
    """A note as it is kept: `version` counts its versions; spans count the characters of `text`."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    version: int = Field(default=1, ge=1)
    text: NoteWords
    kind: str = ""
    patient_ref: PatientRef | None = None
    encounter_ref: PatientRef | None = None
    authored_at: AwareDatetime | None = None
    filed_at: AwareDatetime
    filed_by: str = Field(description="the id of the key")


class NoteVersion(BaseModel):
    """A note as it was before a newer version of it."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    note: Note


NoteText = Annotated[NoteWords, Field(description="a note that is not kept yet; it is kept, de-identified")]


async def file(caller: TenantCaller, sent: NoteIn) -> Note:
    """Keep a note, or the next version of one, de-identified; the versions before stay as they were.

    A note that says what is kept already is no new version.
    """
    fresh = Note(
        id=sent.id or caller.new_id("note"),
        filed_at=datetime.now(UTC),
        filed_by=caller.actor,
        **sent.model_dump(exclude={"id"}),
    )
    as_kept = await caller.as_kept(fresh)
    for _ in range(_ATTEMPTS):
        before = await _there(caller, fresh.id)
        if before is not None and _says_the_same(before, as_kept):
            return before
        if before is not None:
            await caller.store.put(NoteVersion(id=_version_id(before.id, before.version), note=before))
        kept = await caller.store.update(Note, fresh.id, partial(_next, before=before, fresh=fresh), begin=fresh)
        if kept.filed_at == fresh.filed_at:
            await caller.note(WRITTEN, [kept.id])
            return kept
    raise Conflict(f"note {fresh.id} is being written by others again and again: try again", code="busy_note")


def _says_the_same(before: Note, fresh: Note) -> bool:
    """Return whether a note says nothing new: sent again, as after a lost answer, it is no new version."""
    return before.text == fresh.text and all(
        getattr(fresh, name) in (None, "", getattr(before, name)) for name in _CARRIED
    )


def _next(now: Note, *, before: Note | None, fresh: Note) -> Note:
    """Return the next version, or the first; the note as it is where somebody was faster."""
    if before is None or now.version != before.version:
        return now
    told = {name: getattr(fresh, name) or getattr(now, name) for name in _CARRIED}
    return fresh.model_copy(update={**told, "version": now.version + 1})


async def read(caller: TenantCaller, id: str, version: int | None = None) -> Note:
    """Return a note, or an old version of it, and write down who read it; raises `NotFound`."""
    note = await caller.store.get(Note, id)
    if version is not None and version != note.version:
        note = (await caller.store.get(NoteVersion, _version_id(id, version))).note
    await caller.note(READ, [id])
    return note


async def delete(caller: TenantCaller, id: str) -> None:
    """Remove a note with all its versions; the audit keeps that it was there."""
    note = await caller.store.get(Note, id)
    for version in range(1, note.version):
        try:
            await caller.store.delete(NoteVersion, _version_id(id, version))
        except NotFound:
            continue
    await caller.store.delete(Note, id)
    await caller.note(DELETED, [id])


async def pseudonym_of(caller: TenantCaller, patient: str) -> str | None:
    """Return how a patient's reference is kept."""
    asked = Note(id="", text="-", patient_ref=patient, filed_at=datetime.now(UTC), filed_by=caller.actor)
    return (await caller.as_kept(asked)).patient_ref


async def _there(caller: TenantCaller, id: str) -> Note | None:
    try:
        return await caller.store.get(Note, id)
    except NotFound:
        return None


def _version_id(id: str, version: int) -> str:
    return f"{id}.v{version}"
