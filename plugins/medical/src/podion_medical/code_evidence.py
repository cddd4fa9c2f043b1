"""From what each token says for a code to the stretches of the text that speak for it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

_ENOUGH = 0.7
"""The strongest tokens are taken until they hold this share of all that speaks for the code."""

_MOST_TOKENS, _MOST_STRETCHES = 12, 3
_GAP = 1
"""Characters between two tokens that belong together: a blank."""


class Stretch(NamedTuple):
    """Characters of a text, end exclusive, and the share of what speaks for the code that lies in them."""

    start: int
    end: int
    weight: float


def stretches(said: Sequence[float], offsets: Sequence[tuple[int, int]]) -> list[Stretch]:
    """Return up to 3 stretches, strongest first, of what tokens say for a code; `offsets` are their characters.

    What speaks against it does not count; where nothing speaks for it, there is no stretch.
    """
    total = sum(value for value in said if value > 0)
    if total <= 0:
        return []
    order = sorted((place for place, value in enumerate(said) if value > 0), key=lambda place: -said[place])
    taken: list[int] = []
    held = 0.0
    for place in order[:_MOST_TOKENS]:
        taken.append(place)
        held += said[place] / total
        if held >= _ENOUGH:
            break
    found: list[Stretch] = []
    for place in sorted(taken, key=lambda place: offsets[place]):
        (start, end), weight = offsets[place], said[place] / total
        if found and start - found[-1].end <= _GAP:
            found[-1] = Stretch(found[-1].start, max(end, found[-1].end), found[-1].weight + weight)
        else:
            found.append(Stretch(start, end, weight))
    return sorted(found, key=lambda stretch: -stretch.weight)[:_MOST_STRETCHES]
