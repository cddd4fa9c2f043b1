"""Codes of a note: each with evidence; what the note only denies, or says of the family, is held back and told."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from podion import Conflict, LabelsAnswer, Language, Prediction, Span, TenantCaller
from podion_medical.asking import begun, keep, stretch, told
from podion_medical.assertion import Assertion, assertion_of
from podion_medical.audience import notice_in
from podion_medical.chapters import chapter_of
from podion_medical.clauses import tail_of
from podion_medical.config import settings_of
from podion_medical.hierarchy import category_of
from podion_medical.notes import Note
from podion_medical.occlusion import Weighed, evidence_by_label
from podion_medical.schema import CodedNote, CodesAnswer, CodeSystem, Sex
from podion_medical.suggestions import Evidence, HeldBack, Item, Suggestion, Why
from podion_medical.tasks import coding
from podion_medical.windows import Window, windows

NOT_THERE: tuple[Assertion, ...] = ("absent", "family")
"""What a text says of a mention that bears nothing out."""

UNTRAINED = (
    "no adapter for {task} is deployed: upload labelled records to /datasets?task={task}, start a run, deploy it"
)


class CodeChoice(NamedTuple):
    """Which codes are asked for; None: as the tenant has set it."""

    system: CodeSystem | None = None
    version: str | None = None
    most: int | None = None


class Coded(NamedTuple):
    """Codes that the note bears out, and those that it does not."""

    items: tuple[Item, ...]
    held_back: tuple[HeldBack, ...]


@dataclass(frozen=True)
class Reading:
    """What the model says of a whole note: the answer that feedback goes to, and each code's best piece."""

    prediction: Prediction[Any]
    probabilities: dict[str, float]
    pieces: dict[str, Window]
    evidence: dict[str, list[Weighed]]

    @property
    def answer(self) -> LabelsAnswer:
        """The answer to the note as a whole."""
        found = self.prediction.answers[0]
        assert isinstance(found, LabelsAnswer)
        return found


async def suggest_codes(
    caller: TenantCaller, note: Note, language: Language, asked: CodeChoice, *, patient: tuple[float | None, Sex | None]
) -> Suggestion:
    """Return the codes suggested for a note, kept; raises `Conflict` (code `untrained`) while nothing is deployed."""
    settings = settings_of(caller)
    record = CodedNote(text=note.text, system=asked.system or settings.code_system)
    reading = await _read(caller, note.text, record, asked.most or settings.codes_shown)
    evidence = reading.evidence | await _occluded(caller, note.text, record, reading)
    coded = await asyncio.to_thread(weighed, note, language, record, reading.probabilities, evidence)
    answer = reading.answer
    return await keep(
        caller,
        Suggestion(
            **begun(caller, kind="codes", task=reading.prediction.task, adapter=reading.prediction.adapter),
            **told(answer),
            note=note.id,
            note_version=note.version,
            patient_ref=note.patient_ref,
            age=patient[0],
            sex=patient[1],
            language=language,
            items=coded.items,
            held_back=coded.held_back,
            abstained=not coded.items or (answer.abstained and len(reading.prediction.answers) == 1),
            why_abstained="" if coded.items else "no code is both sure enough and borne out by the note",
            system=record.system,
            system_version=_version(answer) or asked.version or settings.code_system_version,
            notice=notice_in(language),
        ),
    )


def weighed(
    note: Note,
    language: Language,
    record: CodedNote,
    probabilities: Mapping[str, float],
    evidence: Mapping[str, Sequence[Weighed]],
) -> Coded:
    """Part codes into those that some stretch of the note bears out, and those to be held back. Pure."""
    items, held = [], []
    for code, probability in probabilities.items():
        found = tuple(_asserted(note, language, *each) for each in evidence.get(code, ()))
        if any(each.assertion not in NOT_THERE for each in found):
            items.append(
                Item(
                    code=code,
                    confidence=probability,
                    evidence=tuple(each for each in found if each.assertion not in NOT_THERE),
                    category=category_of(code, record.system),
                    chapter=chapter_of(code, record.system),
                )
            )
        else:
            held.append(HeldBack(code=code, confidence=probability, why=why_held(found), evidence=found))
    return Coded(tuple(items), tuple(held))


def asserted(text: str, language: Language, start: int, end: int) -> Assertion:
    """Return the assertion of a stretch: of what it names at its end where the words that deny it stand inside."""
    whole = assertion_of(text, Span(start=start, end=end, label="mention"), language)
    if whole != "present":
        return whole
    first, last = tail_of(text, start, end)
    return assertion_of(text, Span(start=first, end=last, label="mention"), language) if first < last else whole


def _asserted(note: Note, language: Language, start: int, end: int, weight: float) -> Evidence:
    return stretch(
        note.text,
        start,
        end,
        source="note",
        document=note.id,
        version=str(note.version),
        assertion=asserted(note.text, language, start, end),
        weight=weight,
    )


def _version(answer: LabelsAnswer) -> str:
    """Return the version of the code system that the adapter was taught by, where its notes said so."""
    return answer.system_version if isinstance(answer, CodesAnswer) else ""


def why_held(found: Sequence[Evidence]) -> Why:
    """Return why something is held back: nothing speaks for it, or what does is denied or the family's."""
    if not found:
        return "no_evidence"
    return "family" if found[0].assertion == "family" else "absent"


async def _read(caller: TenantCaller, text: str, record: CodedNote, most: int) -> Reading:
    """Return the surest codes of a note: of all of it, and of each piece where a base model reads less than all."""
    parts = windows(text)
    pieces = [Window(0, len(text)), *(parts if len(parts) > 1 else ())]
    records = [record.model_copy(update={"text": text[piece.start : piece.end]}) for piece in pieces]
    try:
        prediction = await caller.predict(coding, records)
    except Conflict as conflict:
        raise Conflict(UNTRAINED.format(task="coding"), code=conflict.code) from conflict
    best: dict[str, tuple[float, int]] = {}
    for place, answer in enumerate(prediction.answers):
        for each in answer.labels:
            if each.confidence > best.get(each.label, (0.0, 0))[0]:
                best[each.label] = (each.confidence, place)
    surest = sorted(best, key=lambda code: -best[code][0])[:most]
    return Reading(
        prediction=prediction,
        probabilities={code: best[code][0] for code in surest},
        pieces={code: pieces[best[code][1]] for code in surest},
        evidence={
            code: found
            for code in surest
            if (found := _own(prediction.answers[best[code][1]], code, pieces[best[code][1]]))
        },
    )


def _own(answer: LabelsAnswer, code: str, piece: Window) -> list[Weighed]:
    """Return the stretches that a head itself tells for a code, as characters of the note."""
    told_by_head = answer.evidence if isinstance(answer, CodesAnswer) else ()
    return [
        (piece.start + each.start, piece.start + each.end, each.weight)
        for each in told_by_head
        if each.code == code and each.start < each.end <= piece.end - piece.start
    ]


async def _occluded(caller: TenantCaller, text: str, record: CodedNote, reading: Reading) -> dict[str, list[Weighed]]:
    """Return the stretches that speak for codes of which the head tells none, by taking clauses away."""
    by_piece: dict[Window, dict[str, float]] = {}
    for code, probability in reading.probabilities.items():
        if code not in reading.evidence:
            by_piece.setdefault(reading.pieces[code], {})[code] = probability
    found: dict[str, list[Weighed]] = {}
    for piece, labels in by_piece.items():
        words = text[piece.start : piece.end]
        weighed_here = await evidence_by_label(
            caller, coding, words, lambda shorter: record.model_copy(update={"text": shorter}), labels
        )
        for code, parts in weighed_here.items():
            found[code] = [(piece.start + start, piece.start + end, weight) for start, end, weight in parts]
    return found
