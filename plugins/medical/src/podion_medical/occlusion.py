"""What in a text speaks for a label: what its probability loses when a clause is taken away.

It asks the very version that answers, so that it is true of that version; each clause is one more prediction.
"""

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from podion import LabelAnswer, LabelsAnswer, Task, TenantCaller
from podion_medical.clauses import clauses_of, without

LEAST = 0.01
"""A clause that changes a probability by less says nothing."""

Weighed = tuple[int, int, float]


async def evidence_by_label(
    caller: TenantCaller, task: Task, text: str, record: Callable[[str], BaseModel], labels: dict[str, float]
) -> dict[str, list[Weighed]]:
    """Return for each label the stretches that speak for it, (start, end, loss), heaviest first; at most three.

    `labels` has the probability of each out of the whole text. Where the text is one clause, that is the evidence.
    """
    stretches = clauses_of(text)
    if len(stretches) < 2:
        return {label: [(start, end, p) for start, end in stretches] for label, p in labels.items()}
    records = [record(without(text, start, end)) for start, end in stretches]
    answers = (await caller.predict(task, records)).answers
    return {
        label: _heaviest(stretches, [p - probability(each, label) for each in answers]) for label, p in labels.items()
    }


def probability(answer: BaseModel, label: str) -> float:
    """Return how probable an answer finds a label; 0 where it does not say."""
    if isinstance(answer, LabelAnswer) and answer.label == label:
        return answer.confidence
    told = [*getattr(answer, "alternatives", ())]
    if isinstance(answer, LabelsAnswer):
        told += answer.labels
    return next((each.confidence for each in told if each.label == label), 0.0)


def _heaviest(stretches: Sequence[tuple[int, int]], losses: Sequence[float]) -> list[Weighed]:
    weighed = [
        (start, end, round(loss, 4)) for (start, end), loss in zip(stretches, losses, strict=True) if loss > LEAST
    ]
    return sorted(weighed, key=lambda each: -each[2])[:3]
