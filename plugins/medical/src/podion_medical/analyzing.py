"""A note read: its sections, what it names, whether that is said to be there, and how it belongs together."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from podion import Language, Span, SpanAnswer, TenantCaller
from podion_medical.asking import predicted
from podion_medical.assertion import Assertion, assertion_of
from podion_medical.audience import notice_in
from podion_medical.notes import Note
from podion_medical.schema import ClinicalText, Entity, FoundRelation, RelatedText
from podion_medical.sections import sections_of
from podion_medical.tasks import entities, relations
from podion_medical.windows import Window, windows

ANALYZED = "note.analyze"


class SectionOut(BaseModel):
    """A section of a note: characters of `text`, end exclusive."""

    model_config = ConfigDict(frozen=True)

    name: str
    start: int
    end: int


class Mention(BaseModel):
    """Something that a note names: characters of `text`, end exclusive."""

    model_config = ConfigDict(frozen=True)

    start: int
    end: int
    quote: str
    label: str
    assertion: Assertion
    section: str
    confidence: float | None = Field(default=None, ge=0, le=1, description="calibrated")


class RelationOut(BaseModel):
    """Two mentions that belong together, by their places in `mentions`."""

    model_config = ConfigDict(frozen=True)

    head: int
    tail: int
    label: str
    confidence: float = Field(ge=0, le=1)


class Analysis(BaseModel):
    """What a note says; `adapters` names the version behind each part, null where none is deployed."""

    note: str
    note_version: int
    text: str = Field(description="the note as it is kept: what spans count")
    language: Language
    sections: list[SectionOut]
    mentions: list[Mention]
    relations: list[RelationOut]
    adapters: dict[str, str | None]
    not_a_diagnosis: Literal[True] = True
    notice: str


async def analyze(caller: TenantCaller, note: Note, language: Language) -> Analysis:
    """Return what a note says; before an adapter of `entities` is deployed, its sections."""
    sections, pieces = await asyncio.to_thread(_parted, note.text)
    named = await predicted(caller, entities, [ClinicalText(text=_words(note, piece)) for piece in pieces])
    spans = [_spans(answer) for answer in named.answers] if named else [[] for _ in pieces]
    related = await _related(caller, note, pieces, spans)
    found = [
        (shifted(span, piece.start), confidence)
        for piece, there in zip(pieces, spans, strict=True)
        for span, confidence in there
    ]
    places = {(span.start, span.end, span.label): place for place, (span, _) in enumerate(found)}
    await caller.note(ANALYZED, [note.id])
    return Analysis(
        note=note.id,
        note_version=note.version,
        text=note.text,
        language=language,
        sections=sections,
        mentions=await asyncio.to_thread(
            lambda: [_mention(note, span, confidence, sections, language) for span, confidence in found]
        ),
        relations=[each for each in (_placed(one, places) for one in related.found) if each is not None],
        adapters={"entities": named.adapter if named else None, "relations": related.adapter},
        notice=notice_in(language),
    )


def _parted(text: str) -> tuple[list[SectionOut], tuple[Window, ...]]:
    sections = [SectionOut(name=name, start=start, end=end) for name, start, end in sections_of(text)]
    return sections, windows(text)


class _Related(NamedTuple):
    """Relations found, over the characters of the note, and the version that found them."""

    found: list[FoundRelation]
    adapter: str | None


async def _related(
    caller: TenantCaller, note: Note, pieces: Sequence[Window], spans: Sequence[Sequence[tuple[Span, float | None]]]
) -> _Related:
    asked = [(piece, there) for piece, there in zip(pieces, spans, strict=True) if len(there) > 1]
    if not asked:
        return _Related([], None)
    records = [
        RelatedText(
            text=_words(note, piece),
            entities=[Entity(id=f"T{place}", **span.model_dump()) for place, (span, _) in enumerate(there)],
        )
        for piece, there in asked
    ]
    prediction = await predicted(caller, relations, records)
    if prediction is None:
        return _Related([], None)
    found = [
        each.model_copy(update={"head": shifted(each.head, piece.start), "tail": shifted(each.tail, piece.start)})
        for (piece, _), answer in zip(asked, prediction.answers, strict=True)
        for each in answer.relations
    ]
    return _Related(found, prediction.adapter)


def shifted(span: Span, by: int) -> Span:
    """Return a span of a piece as one of the whole."""
    return Span(start=span.start + by, end=span.end + by, label=span.label)


def _words(note: Note, piece: Window) -> str:
    return note.text[piece.start : piece.end]


def _spans(answer: SpanAnswer) -> list[tuple[Span, float | None]]:
    sure: Sequence[float] = getattr(answer, "confidences", ())
    return [(span, sure[place] if place < len(sure) else None) for place, span in enumerate(answer.spans)]


def _mention(
    note: Note, span: Span, confidence: float | None, sections: Sequence[SectionOut], language: Language
) -> Mention:
    return Mention(
        start=span.start,
        end=span.end,
        quote=note.text[span.start : span.end],
        label=span.label,
        assertion=assertion_of(note.text, span, language),
        section=next((each.name for each in sections if each.start <= span.start < each.end), ""),
        confidence=confidence,
    )


def _placed(found: FoundRelation, places: Mapping[tuple[int, int, str], int]) -> RelationOut | None:
    head = places.get((found.head.start, found.head.end, found.head.label))
    tail = places.get((found.tail.start, found.tail.end, found.tail.label))
    if head is None or tail is None:
        return None
    return RelationOut(head=head, tail=tail, label=found.label, confidence=found.confidence)
