"""What a candidate is worth to a visitor: a weighted sum of seven features, each from 0 to 1, each of which is told."""

from collections.abc import Mapping
from datetime import datetime
from math import exp, log1p

from pydantic import AwareDatetime, BaseModel, Field

from podion_recommender.schema import Item
from podion_recommender.shoppers import Shopper

FEATURES = ("match", "together", "text", "popularity", "recency", "affinity", "price")
"""The sequence model's rank; what others took next; nearness in meaning; popularity; newness; share of the category in
what the user likes; nearness of the price to what the user spends."""

DEFAULT_WEIGHTS: Mapping[str, float] = {
    "match": 4.0, "together": 2.0, "text": 2.0, "popularity": 0.6, "recency": 0.2, "affinity": 0.6, "price": 0.2,
}  # fmt: skip
"""Of a tenant whose own have not been learned: the model's order decides, the rest breaks its ties."""

CURRENT = "current"


class Ranker(BaseModel):
    """The weights that a tenant's lists are scored by, once they are learned from its own slates and clicks."""

    id: str = Field(default="", description="`current`")
    weights: dict[str, float]
    impressions: int = Field(default=0, description="that they were learned from")
    clicks: int = 0
    at: AwareDatetime | None = None


def features(
    item: Item, signals: Mapping[str, float], visitor: Shopper | None, *, now: datetime, fresh_days: float
) -> dict[str, float]:
    """Return the features of an item; without a visitor those of persons are 0."""
    age_days = max(0.0, (now - item.created_at).total_seconds() / 86_400)
    found = {
        "match": signals.get("next_item", 0.0),
        "together": signals.get("together", 0.0),
        "text": signals.get("text", 0.0),
        "popularity": max(signals.get("popular", 0.0), 0.5 * signals.get("popular_in_category", 0.0)),
        "recency": exp(-age_days / fresh_days),
        "affinity": 0.0,
        "price": 0.0,
    }
    if visitor is not None:
        found["affinity"] = visitor.affinity(item.category)
        if item.price is not None and visitor.priced:
            found["price"] = exp(-abs(log1p(item.price) - visitor.spending))
    return found


def score(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the weighted sum of features."""
    return sum(weights.get(name, 0.0) * value for name, value in found.items())
