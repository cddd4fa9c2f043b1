"""What a merchandiser says of items: pinned to a place, put forward or back, or kept out of every list."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import log
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import TenantCaller
from podion_recommender.schema import Category, Item, ItemId, Tag

MOST_RULES = 200


class RuleDraft(BaseModel):
    """A rule as it is sent; it is about the items, categories and tags that it names, any of them."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, pattern=r"\S")
    action: Literal["pin", "boost", "block"]
    items: list[ItemId] = Field(default=[], max_length=1_000)
    categories: list[Category] = Field(default=[], max_length=100)
    tags: list[Tag] = Field(default=[], max_length=100)
    position: int = Field(default=0, ge=0, le=199, description="of `pin`: the first place, from 0")
    factor: Annotated[float, Field(gt=0, le=1_000)] = Field(
        default=2.0, description="of `boost`: above 1 puts forward, below 1 puts back"
    )
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _is_about_something(self) -> Self:
        if not (self.items or self.categories or self.tags):
            raise ValueError("name items, categories or tags that it is about")
        if self.action == "pin" and not self.items:
            raise ValueError("pin names items: a category has no place of its own")
        return self

    def is_active(self, now: datetime) -> bool:
        """Return whether the rule counts at a moment."""
        begun = self.valid_from is None or self.valid_from <= now
        return self.enabled and begun and (self.valid_to is None or now < self.valid_to)

    def is_about(self, item: Item) -> bool:
        """Return whether an item is one that the rule names, in one way or another."""
        return item.id in self.items or item.category in self.categories or not set(self.tags).isdisjoint(item.tags)


class Rule(RuleDraft):
    """A rule as it is kept."""

    id: str = ""


def blocked(item: Item, rules: Iterable[Rule]) -> bool:
    """Return whether a rule keeps the item out."""
    return any(rule.action == "block" and rule.is_about(item) for rule in rules)


def boost(item: Item, rules: Iterable[Rule]) -> float:
    """Return what rules add to the item's score: the logarithm of their factors."""
    return sum(log(rule.factor) for rule in rules if rule.action == "boost" and rule.is_about(item))


def pinned(rules: Sequence[Rule]) -> dict[str, int]:
    """Return item → the place that it is pinned to; items of one rule stand in its order from its place on."""
    places: dict[str, int] = {}
    for rule in rules:
        if rule.action == "pin":
            for offset, item in enumerate(rule.items):
                places.setdefault(item, rule.position + offset)
    return places


async def active_rules(caller: TenantCaller, now: datetime) -> list[Rule]:
    """Return the rules that count now."""
    page = await caller.store.list(Rule, {"enabled": True}, None, MOST_RULES)
    return [rule for rule in page.data if rule.is_active(now)]
