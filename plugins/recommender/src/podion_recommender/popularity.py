"""What is popular, in all and in each category: interest that fades with time, kept in one small document each."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, Field

EVERYTHING = "all"
_MOST = 400
_SLACK = 100
_REBASE = 40.0
"""Half-lives after which scores are written down anew: 2^40 is far from where floats end."""


class Popular(BaseModel):
    """The most popular items of a category, or of all; the score of an act doubles with every half-life after `epoch`.

    So nothing has to fade by itself: what was long ago is small beside what is now.
    """

    id: str = Field(default="", description="`all`, or `category_id`")
    category: str | None = None
    epoch: AwareDatetime
    scores: dict[str, float] = {}

    def best(self, most: int) -> list[tuple[str, float]]:
        """Return items with their share of the best one's score, best first."""
        ranked = sorted(self.scores.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
        top = ranked[0][1] if ranked else 1.0
        return [(item, score / top) for item, score in ranked if score > 0]


def category_id(category: str) -> str:
    """Return the id of a category's documents."""
    return "cat-" + hashlib.blake2b(category.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def counted(popular: Popular, acts: Iterable[tuple[str, float, datetime]], half_life_days: float) -> Popular:
    """Return the counts after acts (item, weight, when); the weakest go once there are too many."""
    half_life = half_life_days * 86_400
    scores, epoch = dict(popular.scores), popular.epoch
    for item, weight, at in acts:
        age = (at - epoch).total_seconds() / half_life
        if age > _REBASE:
            scores = {each: score * 0.5**age for each, score in scores.items()}
            epoch, age = at, 0.0
        scores[item] = scores.get(item, 0.0) + weight * 2.0 ** max(age, -_REBASE)
    if len(scores) > _MOST + _SLACK:
        scores = dict(sorted(scores.items(), key=lambda pair: -pair[1])[:_MOST])
    return popular.model_copy(update={"scores": scores, "epoch": epoch})


class Fresh(BaseModel):
    """The newest items of a category, or of all."""

    id: str = Field(default="", description="`all`, or `category_id`")
    items: dict[str, AwareDatetime] = {}

    def newest(self, most: int) -> list[str]:
        """Return items, the newest first."""
        return [item for item, _ in sorted(self.items.items(), key=lambda pair: pair[1], reverse=True)[:most]]

    def with_items(self, new: Iterable[tuple[str, datetime]]) -> "Fresh":
        """Return the list with more items in it; the oldest go once there are too many."""
        items = self.items | dict(new)
        return self.model_copy(update={"items": {item: items[item] for item in Fresh(items=items).newest(_MOST // 2)}})
