"""What is taken after what: small documents an item, kept up as acts come in."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, Field

REACH = 3
"""Items before an act that it is counted after."""

_MOST = 60
_SLACK = 30


class Neighbours(BaseModel):
    """What users took soon after an item, with weights: the nearer in their order, the heavier."""

    id: str = Field(default="", description="the item's id")
    after: dict[str, float] = {}


def followed(before: Sequence[str], item: str, weight: float) -> list[tuple[str, str, float]]:
    """Return (item before, item, weight) of an act, given the different items before it, the latest first."""
    others = [each for each in before if each != item][:REACH]
    return [(each, item, weight / (1 + gap)) for gap, each in enumerate(others)]


def joined(kept: Neighbours, pairs: Iterable[tuple[str, float]]) -> Neighbours:
    """Return an item's neighbours with more acts counted; the weakest go once there are too many."""
    weights = dict(kept.after)
    for item, weight in pairs:
        weights[item] = weights.get(item, 0.0) + weight
    if len(weights) > _MOST + _SLACK:
        weights = dict(sorted(weights.items(), key=lambda pair: -pair[1])[:_MOST])
    return kept.model_copy(update={"after": weights})


def voted(anchors: Sequence[str], kept: Mapping[str, Neighbours]) -> dict[str, tuple[float, str]]:
    """Return what follows the anchors (the latest first): item → (score, the anchor that said most).

    Each anchor's word is shared out among its neighbours, so that a popular one does not drown the others.
    """
    scores: dict[str, float] = {}
    loudest: dict[str, tuple[float, str]] = {}
    for place, anchor in enumerate(anchors):
        own = kept[anchor].after if anchor in kept else {}
        total = sum(own.values()) or 1.0
        for item, weight in own.items():
            say = weight / total / (1 + place)
            scores[item] = scores.get(item, 0.0) + say
            if item not in loudest or say > loudest[item][0]:
                loudest[item] = (say, anchor)
    return {item: (score, loudest[item][1]) for item, score in scores.items()}
