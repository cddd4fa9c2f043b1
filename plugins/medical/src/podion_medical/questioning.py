"""Questions answered out of the tenant's guidelines, in their own words, or from a passage with yes, no or maybe."""

from podion import Conflict, LabelAnswer, Language, TenantCaller
from podion_medical.asking import begun, keep, stretch, told
from podion_medical.audience import notice_in
from podion_medical.coding import UNTRAINED
from podion_medical.config import settings_of
from podion_medical.guidelines import quotes
from podion_medical.occlusion import evidence_by_label
from podion_medical.schema import EvidenceQuestion
from podion_medical.suggestions import Item, Suggestion
from podion_medical.tasks import answer as answer_task

SOURCED = "medical/guidelines"
_NO_SOURCE = "no guideline of yours answers this: no source, no answer"


async def suggest_quotes(
    caller: TenantCaller,
    question: str,
    language: Language,
    *,
    most: int = 3,
    only: Language | None = None,
    card: str = "",
    patient_ref: str | None = None,
) -> Suggestion:
    """Return what the tenant's guidelines say to a question, to the character, kept; without a source, no answer."""
    kept = await caller.as_kept(EvidenceQuestion(question=question, context="-"))
    least = settings_of(caller).least_score
    found, best = await quotes(caller, kept.question, most=most, least=least, language=only)
    return await keep(
        caller,
        Suggestion(
            **begun(caller, kind="answer", task=SOURCED, adapter=None),
            text=kept.question,
            patient_ref=patient_ref,
            language=language,
            evidence=tuple(found),
            confidence=best,
            abstained=not found,
            why_abstained="" if found else _NO_SOURCE,
            card=card,
            notice=notice_in(language),
        ),
    )


async def suggest_answer(caller: TenantCaller, question: str, context: str, language: Language) -> Suggestion:
    """Return what a passage says to a yes/no question, with the sentences that speak for it, kept.

    Raises `Conflict` (code `untrained`) until an adapter of `answer` is deployed.
    """
    record = await caller.as_kept(EvidenceQuestion(question=question, context=context))
    try:
        prediction = await caller.predict(answer_task, [record])
    except Conflict as conflict:
        raise Conflict(UNTRAINED.format(task="answer"), code=conflict.code) from conflict
    found = prediction.answers[0]
    assert isinstance(found, LabelAnswer)
    sure = {found.label: found.confidence}
    weighed = await evidence_by_label(
        caller, answer_task, record.context, lambda text: record.model_copy(update={"context": text}), sure
    )
    shown = {found.label: found.confidence} | {each.label: each.confidence for each in found.alternatives}
    parts = tuple(stretch(record.context, start, end, weight=weight) for start, end, weight in weighed[found.label])
    return await keep(
        caller,
        Suggestion(
            **begun(caller, kind="answer", task=prediction.task, adapter=prediction.adapter),
            **told(found),
            text=record.context,
            question=record.question,
            language=language,
            items=tuple(
                Item(code=label, confidence=p, evidence=parts if label == found.label else ())
                for label, p in shown.items()
            ),
            abstained=found.abstained or not parts,
            why_abstained="" if parts else "no sentence of the passage speaks for the answer",
            notice=notice_in(language),
        ),
    )
