"""How sure a marked stretch is, once it is known how often such ones were right.

A tagger's own probability says that each token's tag is right, not that the stretch as a whole is. Platt scaling after
Platt, Probabilistic Outputs for Support Vector Machines (1999), of the log-odds of stretches that were found.
"""

import math

from podion.answers import SpanAnswer
from podion.hosting.label_decoding import abstains

_NEAREST = 1e-6
"""How near to 0 or 1 a probability is taken to lie: beyond, its log-odds are rounding."""


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, at most some 14 to either side."""
    held = min(1 - _NEAREST, max(_NEAREST, probability))
    return math.log(held / (1 - held))


def surer(answer: SpanAnswer, odds: tuple[float, float], threshold: float | None) -> SpanAnswer:
    """Return the answer with confidences whose log-odds are scaled by a slope and shifted.

    It is as sure as its weakest stretch, or as it was where there is none. The order of stretches stays.
    """
    slope, shift = odds
    confidences = tuple(1 / (1 + math.exp(-slope * log_odds(one) - shift)) for one in answer.confidences)
    confidence = min(confidences, default=answer.confidence)
    return answer.model_copy(
        update={
            "confidences": confidences,
            "confidence": confidence,
            "abstained": abstains(confidence, threshold),
        }
    )
