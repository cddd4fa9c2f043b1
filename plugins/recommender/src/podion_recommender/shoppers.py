"""What is kept of a user: one small document that every act updates, and the only one that serving needs to read."""

from collections.abc import Sequence
from datetime import datetime
from math import log1p

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion_recommender.config import Kind, RecommenderSettings
from podion_recommender.interactions import Interaction, bars, weight_of
from podion_recommender.schema import LONGEST_PAST, Item

MOST_BARRED = 2_000
"""Ids of items that a profile holds; older ones lie on pages of their own, which serving reads, too."""

MOST_LOGGED = 200
_TASTE_HALF_LIFE = 30.0 * 86_400
_MOST_TASTES = 50


class Touch(BaseModel):
    """An item that a user showed interest in, and when."""

    model_config = ConfigDict(frozen=True)

    item_id: str
    at: AwareDatetime
    kind: Kind
    title: str = ""


class Shopper(BaseModel):
    """A user. Without consent, nothing but what may not be shown is kept in the profile."""

    id: str = Field(default="", description="the user_id")
    alias: str = Field(default="", description="what the sequence model is told instead of the user_id")
    attributes: dict[str, str | float | bool] = {}
    consent_personalized: bool = True
    recent: list[Touch] = Field(default=[], description="oldest first, at most 200")
    barred: list[str] = Field(default=[], description="bought or hidden: never shown again; the newest last")
    barred_pages: int = 0
    logged: list[str] = Field(default=[], description="interactions that are not on a page yet")
    log_pages: int = 0
    tastes: dict[str, float] = Field(default={}, description="category → interest, fading")
    tastes_at: AwareDatetime | None = None
    spending: float = Field(default=0, description="mean of log(1 + price) of what was of interest")
    priced: int = 0

    def tasted(self, category: str | None, weight: float, at: datetime) -> tuple[dict[str, float], datetime]:
        """Return the tastes after one more sign of interest, and the moment that they stand for."""
        begin = self.tastes_at or at
        moment = max(begin, at)
        fade = 0.5 ** ((moment - begin).total_seconds() / _TASTE_HALF_LIFE)
        tastes = {name: value * fade for name, value in self.tastes.items()}
        if category is not None:
            tastes[category] = tastes.get(category, 0.0) + weight * 0.5 ** (
                (moment - at).total_seconds() / _TASTE_HALF_LIFE
            )
        strongest = sorted(tastes.items(), key=lambda pair: -pair[1])[:_MOST_TASTES]
        return dict(strongest), moment

    def affinity(self, category: str | None) -> float:
        """Return the share of a category in what the user is interested in, 0 to 1."""
        total = sum(self.tastes.values())
        return self.tastes.get(category, 0.0) / total if category is not None and total > 0 else 0.0

    def without_person(self) -> "Shopper":
        """Return the profile as it is kept without consent."""
        return self.model_copy(
            update={"recent": [], "tastes": {}, "tastes_at": None, "spending": 0.0, "priced": 0, "attributes": {}}
        )


class Trail(BaseModel):
    """A page of a user's interactions, by their ids, so that all of them can be found and removed."""

    id: str = Field(default="", description="user_id~number")
    interactions: list[str] = []


class Barred(BaseModel):
    """A page of items that may never return to a user."""

    id: str = Field(default="", description="user_id~number")
    items: list[str] = []


def page_ids(user_id: str, pages: int) -> list[str]:
    """Return the ids of a user's pages; `~` stands in no user_id, so that nobody's page is another's."""
    return [f"{user_id}~{number}" for number in range(pages)]


def after(shopper: Shopper, act: Interaction, item: Item | None, settings: RecommenderSettings) -> Shopper:
    """Return a profile after one act that it has not seen; `item` is None where the catalogue does not know it."""
    changes: dict[str, object] = {"logged": [*shopper.logged, act.id]}
    if bars(act, settings) and act.item_id not in shopper.barred:
        changes["barred"] = [*shopper.barred, act.item_id]
    weight = weight_of(act, settings)
    if act.kind == "hide":
        changes["recent"] = [touch for touch in shopper.recent if touch.item_id != act.item_id]
    elif weight > 0 and shopper.consent_personalized:
        changes |= _interested(shopper, act, item, weight)
    return shopper.model_copy(update=changes)


def _interested(shopper: Shopper, act: Interaction, item: Item | None, weight: float) -> dict[str, object]:
    touch = Touch(item_id=act.item_id, at=act.at, kind=act.kind, title=item.title if item else "")
    recent = [*shopper.recent, touch]
    if len(recent) > 1 and recent[-2].at > touch.at:
        recent.sort(key=lambda each: each.at)
    tastes, moment = shopper.tasted(item.category if item else None, weight, act.at)
    changes: dict[str, object] = {"recent": recent[-LONGEST_PAST:], "tastes": tastes, "tastes_at": moment}
    if item is not None and item.price is not None:
        priced = min(shopper.priced + 1, 50)
        changes |= {"spending": shopper.spending + (log1p(item.price) - shopper.spending) / priced, "priced": priced}
    return changes


def paged(shopper: Shopper) -> tuple[Shopper, list[Trail | Barred]]:
    """Return a profile that is short enough, and the pages that take what it held too much of."""
    pages: list[Trail | Barred] = []
    changes: dict[str, object] = {}
    if len(shopper.logged) > MOST_LOGGED:
        pages.append(Trail(id=f"{shopper.id}~{shopper.log_pages}", interactions=shopper.logged))
        changes |= {"logged": [], "log_pages": shopper.log_pages + 1}
    if len(shopper.barred) > MOST_BARRED:
        oldest = shopper.barred[: MOST_BARRED // 2]
        pages.append(Barred(id=f"{shopper.id}~{shopper.barred_pages}", items=oldest))
        changes |= {"barred": shopper.barred[MOST_BARRED // 2 :], "barred_pages": shopper.barred_pages + 1}
    return shopper.model_copy(update=changes) if changes else shopper, pages


def anchors(shopper: Shopper, most: int) -> list[str]:
    """Return the items of the latest interest, the latest first, each once."""
    return list(dict.fromkeys(touch.item_id for touch in reversed(shopper.recent)))[:most]


def profile(acts: Sequence[Interaction], items: dict[str, Item], settings: RecommenderSettings, alias: str) -> Shopper:
    """Return what a visitor without a name is known by: the acts of this session, and nothing else."""
    shopper = Shopper(id="", alias=alias)
    for act in sorted(acts, key=lambda each: each.at):
        shopper = after(shopper, act, items.get(act.item_id), settings)
    return shopper
