"""From probabilities of labels to answers: what every head that answers one label a row decodes alike."""

from collections.abc import Sequence

from podion.answers import Alternative, LabelAnswer
from podion.nn import LabelSpace, Scores

ALTERNATIVES = 3


def most_probable(space: LabelSpace, scores: Scores) -> list[LabelAnswer]:
    """Return the most probable label of each row, its probability as confidence, and up to 3 runners-up."""
    count = min(len(space), 1 + ALTERNATIVES)
    confidences, places = scores.probabilities.topk(count, dim=-1)
    trust = confidences[:, 0] if scores.trust is None else scores.trust
    rows = zip(confidences.tolist(), places.tolist(), trust.tolist(), strict=True)
    return [_answer(space, row, best, abstains(trusted, scores.threshold)) for row, best, trusted in rows]


def abstains(trust: float, threshold: float | None) -> bool:
    """Return whether an answer that is trusted so far holds back."""
    return threshold is not None and trust < threshold


def share(probability: float) -> float:
    """Return a probability that rounding may have moved out of [0, 1]."""
    return min(1.0, max(0.0, probability))


def _answer(space: LabelSpace, confidences: Sequence[float], places: Sequence[int], abstained: bool) -> LabelAnswer:
    ranked = [
        Alternative(label=space.labels[place], confidence=share(confidence))
        for confidence, place in zip(confidences, places, strict=True)
    ]
    best = ranked[0]
    return LabelAnswer(
        label=best.label, confidence=best.confidence, abstained=abstained, alternatives=tuple(ranked[1:])
    )
