"""When a customer's mood turns: what the model makes of the last messages, and words that bear it out.

The model decides: it tells `upset` from `calm` (see `tasks.mood`). A strong word of the lexicon only bears out what the
model leans to, or another word. At 1 % of false alarms 34 % of angry tweets and 12 % of negative reviews were found so;
34 % and 10 % without words, 29 % and 13 % where one strong word decides alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from podion_customer_service.folding import folded
from podion_customer_service.lexicon import INSISTS, MILD, SHOUTED, STRONG

SURE_WEIGHT, LEANING_WEIGHT = 2.0, 1.0
STRONG_WEIGHT, MILD_WEIGHT, INSISTING_WEIGHT = 1.0, 0.5, 0.25

LEANING = 0.5
"""Least confidence in `upset` that counts as a sign."""

FADING = 0.7
"""What is left of a message's weight when the next one comes: three signs in a row weigh as much as being sure."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A customer's message, and how sure the model is that it is upset; None where it was not asked."""

    text: str
    upset: float | None = None


@dataclass(frozen=True, kw_only=True)
class Mood:
    """How far a customer's patience has gone: the weight of the last messages, and the signs that weigh."""

    weight: float = 0.0
    signs: tuple[str, ...] = ()

    def turned(self, threshold: float) -> bool:
        """Return whether the mood has turned."""
        return self.weight >= threshold


def mood_of(messages: Sequence[Said], sure: float) -> Mood:
    """Return the mood of a customer's last messages, oldest first; each fades before the next.

    `sure` is the least confidence in `upset` that weighs as much as patience lasts by default.
    """
    weight, signs = 0.0, list[str]()
    for message in messages:
        heard, tone = _tone(message.upset, sure)
        read, words = _words(message.text)
        weight, signs = weight * FADING + heard + read, [*signs, *tone, *words]
    return Mood(weight=weight, signs=tuple(dict.fromkeys(signs)))


def _tone(upset: float | None, sure: float) -> tuple[float, list[str]]:
    if upset is None or upset < min(sure, LEANING):
        return 0.0, []
    return SURE_WEIGHT if upset >= sure else LEANING_WEIGHT, [f"upset at {upset:.2f}"]


def _words(text: str) -> tuple[float, list[str]]:
    plain = folded(text)
    strong, mild = STRONG.findall(plain), MILD.findall(plain)
    insisting = [sign for sign in (SHOUTED.search(text), INSISTS.search(text)) if sign]
    weight = STRONG_WEIGHT * len(strong) + MILD_WEIGHT * len(mild) + INSISTING_WEIGHT * len(insisting)
    return weight, [*strong, *mild, *(sign.group() for sign in insisting)]
