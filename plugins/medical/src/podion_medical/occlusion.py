"""What in a text speaks for a label, asked of the very version that answers: each question is one more prediction.

A clause counts by what the label's probability loses without it, or gains by it alone over a text that says nothing,
whichever is more (comprehensiveness and sufficiency of DeYoung and others, ERASER, 2020). The first alone would find
nothing where two clauses say the same.
"""

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from podion import LabelAnswer, LabelsAnswer, Task, TenantCaller
from podion_medical.clauses import clauses_of, without

LEAST = 0.05
"""A clause that changes a probability by less says nothing."""

NOTHING = "-"
"""A text that says nothing."""

Weighed = tuple[int, int, float]


async def evidence_by_label(
    caller: TenantCaller, task: Task, text: str, record: Callable[[str], BaseModel], labels: dict[str, float]
) -> dict[str, list[Weighed]]:
    """Return for each label the stretches that speak for it, (start, end, weight), heaviest first; at most three.

    `labels` has the probability of each out of the whole text. Where the text is one clause, that is the evidence.
    """
    stretches = clauses_of(text)
    if len(stretches) < 2:
        return {label: [(start, end, p) for start, end in stretches] for label, p in labels.items()}
    shorter = [without(text, start, end) for start, end in stretches]
    alone = [text[start:end] for start, end in stretches]
    asked = [record(words) for words in (*shorter, *alone, NOTHING)]
    *answers, nothing = (await caller.predict(task, asked)).answers
    lacking, having = answers[: len(stretches)], answers[len(stretches) :]
    found: dict[str, list[Weighed]] = {}
    for label, p in labels.items():
        chance = probability(nothing, label)
        losses = [p - probability(answer, label) for answer in lacking]
        gains = [probability(answer, label) - chance for answer in having]
        found[label] = _heaviest(stretches, [max(pair) for pair in zip(losses, gains, strict=True)])
    return found


def probability(answer: BaseModel, label: str) -> float:
    """Return how probable an answer finds a label; 0 where it does not say."""
    if isinstance(answer, LabelAnswer) and answer.label == label:
        return answer.confidence
    told = [*getattr(answer, "alternatives", ())]
    if isinstance(answer, LabelsAnswer):
        told += answer.labels
    return next((each.confidence for each in told if each.label == label), 0.0)


def _heaviest(stretches: Sequence[tuple[int, int]], weights: Sequence[float]) -> list[Weighed]:
    weighed = [(start, end, round(w, 4)) for (start, end), w in zip(stretches, weights, strict=True) if w > LEAST]
    return sorted(weighed, key=lambda each: -each[2])[:3]
