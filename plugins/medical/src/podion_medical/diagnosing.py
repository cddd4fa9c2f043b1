"""Diagnosis support: symptoms in words to ranked conditions, each calibrated and with evidence, or no answer."""

import asyncio

from podion import Conflict, Language, TenantCaller
from podion_medical.asking import begun, keep, stretch, told
from podion_medical.audience import notice_in
from podion_medical.coding import NOT_THERE, UNTRAINED, asserted, why_held
from podion_medical.config import settings_of
from podion_medical.occlusion import evidence_by_label
from podion_medical.red_flags import red_flags
from podion_medical.schema import MedicalText, Sex, TriageCase
from podion_medical.suggestions import Evidence, HeldBack, Item, Suggestion
from podion_medical.tasks import diagnosis
from podion_medical.triaging import flagged

_LEAST = 0.01
"""A condition that is less probable is no suggestion, and its evidence would be whatever stands in the text."""

_UNSURE = "no condition is sure enough: a clinician decides"
_UNSUPPORTED = "nothing in the text speaks for the most probable condition"


async def suggest_conditions(
    caller: TenantCaller,
    sent: MedicalText,
    language: Language,
    *,
    age: float | None = None,
    sex: Sex | None = None,
    patient_ref: str | None = None,
) -> Suggestion:
    """Return ranked conditions for symptoms, kept; raises `Conflict` (code `untrained`) while nothing can answer."""
    record = await caller.as_kept(sent.model_copy(update={"label": None}))
    try:
        prediction = await caller.predict(diagnosis, [record])
    except Conflict as conflict:
        raise Conflict(UNTRAINED.format(task="diagnosis"), code=conflict.code) from conflict
    answer = prediction.answers[0]
    told_apart = {answer.label: answer.confidence} | {each.label: each.confidence for each in answer.alternatives}
    likely = [(label, p) for label, p in told_apart.items() if p >= _LEAST or label == answer.label]
    shown = dict(likely[: settings_of(caller).codes_shown])
    weighed = (
        {}
        if answer.abstained
        else await evidence_by_label(
            caller, diagnosis, record.text, lambda text: record.model_copy(update={"text": text}), shown
        )
    )
    found = {label: _told(record.text, language, parts) for label, parts in weighed.items()}
    borne = {label for label, parts in found.items() if any(each.assertion not in NOT_THERE for each in parts)}
    unsupported = not answer.abstained and answer.label not in borne
    suggested = shown if answer.abstained else {} if unsupported else {k: p for k, p in shown.items() if k in borne}
    held = {} if answer.abstained else {label: p for label, p in shown.items() if label not in suggested}
    flags = await asyncio.to_thread(red_flags, TriageCase(complaint=record.text, age=age, sex=sex))
    return await keep(
        caller,
        Suggestion(
            **begun(caller, kind="diagnosis", task=prediction.task, adapter=prediction.adapter),
            **told(answer),
            text=record.text,
            patient_ref=patient_ref,
            age=age,
            sex=sex,
            language=language,
            items=tuple(Item(code=k, confidence=p, evidence=found.get(k, ())) for k, p in suggested.items()),
            held_back=tuple(
                HeldBack(code=k, confidence=p, why=why_held(found.get(k, ())), evidence=found.get(k, ()))
                for k, p in held.items()
            ),
            abstained=answer.abstained or unsupported,
            why_abstained=_UNSUPPORTED if unsupported else _UNSURE if answer.abstained else "",
            red_flags=tuple(flagged(flag, record.text) for flag in flags),
            notice=notice_in(language),
        ),
    )


def _told(text: str, language: Language, parts: list[tuple[int, int, float]]) -> tuple[Evidence, ...]:
    return tuple(
        stretch(text, start, end, weight=weight, assertion=asserted(text, language, start, end))
        for start, end, weight in parts
    )
