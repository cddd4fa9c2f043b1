"""Which entities of a note may stand in a relation: pairs of labels that are known to, the nearest first. Pure."""

from collections.abc import Sequence

from podion_medical.schema import Entity

MOST_PAIRS = 200
"""Pairs of a note that are asked about; of more, the nearest."""


def pairs_of(entities: Sequence[Entity], known: Sequence[tuple[str, str]]) -> list[tuple[Entity, Entity, int]]:
    """Return head, tail and the place of their labels in `known` for every pair of entities whose labels are there.

    The nearest pairs come first; an entity is no pair with itself.
    """
    places = {labels: place for place, labels in enumerate(known)}
    found = [
        (head, tail, places[head.label, tail.label])
        for head in entities
        for tail in entities
        if head is not tail and (head.label, tail.label) in places
    ]
    return sorted(found, key=lambda pair: _apart(pair[0], pair[1]))[:MOST_PAIRS]


def _apart(one: Entity, other: Entity) -> tuple[int, int, int]:
    """Characters between two entities, and then where they stand."""
    return max(one.start, other.start) - min(one.end, other.end), one.start, other.start
