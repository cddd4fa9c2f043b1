"""Acts taken in: each once, with everything that follows from it, in one write.

The acts, their users' profiles, what is popular and what follows what are changed together, so that a crash leaves none
of it half done, and the next answer knows of all of it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from podion import Found, TenantCaller
from podion_recommender.config import RecommenderSettings, settings_of
from podion_recommender.covisits import REACH, Neighbours, followed, joined
from podion_recommender.interactions import Interaction, InteractionDraft, weight_of
from podion_recommender.outcomes import with_outcomes
from podion_recommender.popularity import EVERYTHING, Popular, category_id, counted
from podion_recommender.schema import Item
from podion_recommender.shoppers import Shopper, after, anchors, paged
from podion_recommender.slates import Slate

MOST_ACTS = 1_000
AT_ONCE = 110
"""Acts of one write. Each may change eight documents (itself, its slate, its user, two pages, three items before it)
and its category's list: 1,000 fit."""


class Outcome(StrEnum):
    """What became of an act that was sent."""

    CREATED = "created"
    KNOWN = "known"


class Accepted(BaseModel):
    """What became of the acts; the next recommendation knows of them."""

    created: int = Field(description="new ones")
    known: int = Field(description="whose event_id was there already: they change nothing")
    data: list[Outcome] = Field(default=[], description="of each, in the order sent")


@dataclass
class Ledger:
    """What one write changes."""

    settings: RecommenderSettings
    items: dict[str, Item]
    shoppers: dict[str, Shopper]
    outcomes: list[Outcome] = field(default_factory=list)
    new: dict[str, Interaction] = field(default_factory=dict)
    pages: list[BaseModel] = field(default_factory=list)
    counts: dict[str, list[tuple[str, float, datetime]]] = field(default_factory=dict)
    pairs: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    def enter(self, act: Interaction) -> None:
        """Take in an act that is new."""
        shopper = self.shoppers[act.user_id]
        item = self.items.get(act.item_id)
        weight = weight_of(act, self.settings)
        if weight > 0:
            names = [EVERYTHING] + ([category_id(item.category)] if item and item.category is not None else [])
            for name in names:
                self.counts.setdefault(name, []).append((act.item_id, weight, act.at))
            if shopper.consent_personalized:
                for before, now, heavy in followed(anchors(shopper, REACH + 1), act.item_id, weight):
                    self.pairs.setdefault(before, []).append((now, heavy))
        changed, pages = paged(after(shopper, act, item, self.settings))
        self.shoppers[act.user_id] = changed
        self.pages += pages
        self.new[act.id] = act


async def take_in(caller: TenantCaller, drafts: Sequence[InteractionDraft]) -> Accepted:
    """Keep acts that are new and let them count; return what became of each, in the order sent.

    Raises `DataError` for a time that cannot be, before anything is kept.
    """
    now = datetime.now(UTC)
    for draft in drafts:
        draft.check_time(now)
    settings = settings_of(caller)
    outcomes: list[Outcome] = []
    for start in range(0, len(drafts), AT_ONCE):
        acts = [draft.kept() for draft in drafts[start : start + AT_ONCE]]
        outcomes += await _part(caller, acts, settings)
    created = sum(outcome is Outcome.CREATED for outcome in outcomes)
    return Accepted(created=created, known=len(outcomes) - created, data=outcomes)


async def _part(caller: TenantCaller, acts: Sequence[Interaction], settings: RecommenderSettings) -> list[Outcome]:
    items = await caller.store.get_all(Item, {act.item_id for act in acts})
    users = list(dict.fromkeys(act.user_id for act in acts))
    aliases = {user: caller.new_id("vis") for user in users}
    before = await caller.store.get_all(Shopper, users)
    near = {id for shopper in before.values() for id in anchors(shopper, REACH + 1)}
    near |= {act.item_id for act in acts}
    lists = [EVERYTHING, *{category_id(item.category) for item in items.values() if item.category is not None}]
    wanted: dict[type[BaseModel], Collection[str]] = {
        Interaction: [act.id for act in acts],
        Shopper: users,
        Neighbours: near,
        Popular: lists,
        Slate: {act.slate_id for act in acts if act.slate_id is not None},
    }
    outcomes: list[Outcome] = []

    def change(found: Found) -> list[BaseModel]:
        known = set(found.all(Interaction))
        shoppers = {user: found.get(Shopper, user) or Shopper(id=user, alias=aliases[user]) for user in users}
        ledger = Ledger(settings=settings, items=items, shoppers=shoppers)
        outcomes.clear()
        for act in acts:
            outcomes.append(Outcome.KNOWN if act.id in known else Outcome.CREATED)
            if act.id not in known:
                known.add(act.id)
                ledger.enter(act)
        # What another writer has just made a user's latest items was not read: it is not counted, rather than lost.
        ledger.pairs = {item: pairs for item, pairs in ledger.pairs.items() if item in near}
        return list(_changed(ledger, found))

    await caller.store.update_all(wanted, change)
    return outcomes


def _changed(ledger: Ledger, found: Found) -> Iterator[BaseModel]:
    """Return every document that acts have changed."""
    yield from ledger.new.values()
    yield from ledger.pages
    yield from with_outcomes(found.all(Slate), ledger.new.values())
    touched = {act.user_id for act in ledger.new.values()}
    yield from (shopper for id, shopper in ledger.shoppers.items() if id in touched)
    categories = {category_id(item.category): item.category for item in ledger.items.values() if item.category}
    for name, acts in ledger.counts.items():
        begun = found.get(Popular, name) or Popular(id=name, category=categories.get(name), epoch=acts[0][2])
        yield counted(begun, acts, ledger.settings.half_life_days)
    for item, pairs in ledger.pairs.items():
        yield joined(found.get(Neighbours, item) or Neighbours(id=item), pairs)
