"""Which features tell a sensitive attribute: what stands in for it although no model reads it. Pure.

The association is Cramér's V with Bergsma's correction of its bias (2013): 0, the feature says nothing of the
attribute; 1, it says it all.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from podion_finance_risk.fairness import band
from podion_finance_risk.schema import FeatureValue
from podion_finance_risk.stability import tenths

TELLING = 0.1
LEAST_ROWS = 100
_MOST = 10


class Proxy(BaseModel):
    """A feature that goes together with a sensitive attribute."""

    attribute: str
    feature: str
    association: float = Field(description="Cramér's V, bias-corrected: 0 none, 1 complete")
    rows: int


def proxies(rows: Sequence[tuple[Mapping[str, object], Mapping[str, FeatureValue]]]) -> list[Proxy]:
    """Return the features with an association of 0.1 and more, the strongest first, at most ten an attribute.

    `rows` are sensitive attributes and features of one application each; below 100 rows nothing is said.
    """
    found: list[Proxy] = []
    names = sorted({name for _, features in rows for name in features})
    for attribute in sorted({name for sensitive, _ in rows for name in sensitive}):
        known = [
            (band(attribute, sensitive[attribute]), features) for sensitive, features in rows if attribute in sensitive
        ]
        if len(known) < LEAST_ROWS:
            continue
        groups = [group for group, _ in known]
        told = [
            Proxy(
                attribute=attribute,
                feature=name,
                association=cramers_v(groups, tenths([features.get(name) for _, features in known])),
                rows=len(known),
            )
            for name in names
        ]
        told.sort(key=lambda each: (-each.association, each.feature))
        found += [each for each in told[:_MOST] if each.association >= TELLING]
    return found


def cramers_v(one: Sequence[str], other: Sequence[str]) -> float:
    """Return how strongly two categories go together, corrected for what chance gives."""
    count, left, right = len(one), Counter(one), Counter(other)
    if min(len(left), len(right)) < 2:
        return 0.0
    both = Counter(zip(one, other, strict=True))
    squared = sum(seen**2 / (left[a] * right[b]) for (a, b), seen in both.items()) - 1
    rows, columns = len(left), len(right)
    corrected = max(0.0, squared - (rows - 1) * (columns - 1) / (count - 1))
    smaller = min(rows - (rows - 1) ** 2 / (count - 1), columns - (columns - 1) ** 2 / (count - 1)) - 1
    return min(1.0, math.sqrt(corrected / smaller)) if smaller > 0 else 0.0
