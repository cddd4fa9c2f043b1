"""Intents, slots and mood of texts, asked for together: the engine reads each text once for all."""

from collections.abc import Sequence
from typing import Any

from podion import Alternative, LabelAnswer, Prediction, SpanAnswer, TenantCaller
from podion_customer_service.schema import MarkedUtterance, MoodyUtterance, Utterance
from podion_customer_service.tasks import intent, mood, slots

UPSET = "upset"


async def intents_and_slots(
    caller: TenantCaller, texts: Sequence[str]
) -> tuple[Prediction[LabelAnswer], Prediction[SpanAnswer] | None]:
    """Return the intents and the slots of texts, in order; None for slots that the tenant has not trained.

    Raises `Conflict` (code `untrained`) while there are no intents, and what else `Caller.predict` raises.
    """
    utterances = [Utterance(text=text) for text in texts]
    intents, marked = await caller.predict_together([(intent, utterances), (slots, _unmarked(texts))])
    # Asked alone, the host says in its own words what an untrained task needs.
    return intents or await caller.predict(intent, utterances), marked


async def intent_slots_and_mood(
    caller: TenantCaller, text: str, *, with_mood: bool
) -> tuple[LabelAnswer | None, dict[str, str], float | None]:
    """Return the intent of one text, the slots that were marked in it, and how sure it is that its writer is upset.

    None stands for an intent or a mood that nothing can tell; a mood that was not asked for is None, too.
    """
    asked: list[tuple[Any, list[Any]]] = [(intent, [Utterance(text=text)]), (slots, _unmarked([text]))]
    if with_mood:
        asked.append((mood, [MoodyUtterance(text=text)]))
    intents, marked, *moods = await caller.predict_together(asked)
    values = marked_values(text, marked.answers[0]) if marked else {}
    told = next((each.answers[0] for each in moods if each), None)
    return intents.answers[0] if intents else None, values, _upset(told) if told else None


def _unmarked(texts: Sequence[str]) -> list[MarkedUtterance]:
    return [MarkedUtterance(text=text) for text in texts]


def _upset(told: LabelAnswer) -> float | None:
    if told.abstained:
        return None
    ranked: list[LabelAnswer | Alternative] = [told, *told.alternatives]
    return next((each.confidence for each in ranked if each.label == UPSET), 0.0)


def marked_values(text: str, answer: SpanAnswer) -> dict[str, str]:
    """Return the first value of each slot; none of an answer that holds back."""
    spans = () if answer.abstained else answer.spans
    return {span.label: text[span.start : span.end] for span in reversed(spans)}
