"""The client's own candidates in a user's order, each with what it is worth and why."""

from pydantic import BaseModel, ConfigDict, Field

from podion import TenantCaller
from podion_recommender.config import settings_of
from podion_recommender.reasons import Reason
from podion_recommender.schema import Item, ItemId, UserId
from podion_recommender.selection import Bars
from podion_recommender.serving import Desk, Wish, laid_out
from podion_recommender.shoppers import Shopper

MOST_CANDIDATES = 500


class RankRequest(BaseModel):
    """Items to be put into a user's order."""

    model_config = ConfigDict(extra="forbid")

    user_id: UserId | None = Field(default=None, description="null: the order that everybody gets")
    items: list[ItemId] = Field(min_length=1, max_length=MOST_CANDIDATES)
    context: str | None = Field(default=None, max_length=1_000)
    personalized: bool = True
    explain: bool = Field(default=False, description="true: with features and what each adds to the score")


class RankedCandidate(BaseModel):
    """A candidate and what it is worth; contributions and what rules add sum to the score."""

    item_id: str
    score: float
    features: dict[str, float] | None = None
    contributions: dict[str, float] | None = None
    reasons: list[Reason] = []


class ExcludedCandidate(BaseModel):
    """A candidate that may not be shown."""

    item_id: str
    why: str = Field(description="unknown, seen, hidden, not_valid or blocked")


class Ranked(BaseModel):
    """Candidates, the best first, and those that may not be shown."""

    data: list[RankedCandidate]
    excluded: list[ExcludedCandidate]
    personalized: bool
    fallback: str | None
    adapter: str | None


async def rank(caller: TenantCaller, request: RankRequest) -> Ranked:
    """Return a client's candidates in a user's order."""
    user = request.user_id
    visitor = (await caller.store.get_all(Shopper, [user])).get(user) if user is not None else None
    wish = Wish(context=request.context, personalized=request.personalized, user_id=user, ranked=1_000)
    desk = await laid_out(caller, visitor, wish, settings_of(caller))
    wanted = list(dict.fromkeys(request.items))
    items = await caller.store.get_all(Item, wanted)
    told = [_candidate(desk, item, explain=request.explain) for item in items.values() if desk.bars.admit(item)]
    told.sort(key=lambda each: (-each.score, each.item_id))
    barred = [
        ExcludedCandidate(item_id=id, why=_why(items.get(id), id, desk.bars))
        for id in wanted
        if id not in items or not desk.bars.admit(items[id])
    ]
    return Ranked(
        data=told,
        excluded=barred,
        personalized=desk.visitor is not None,
        fallback=desk.spoken.silent,
        adapter=desk.spoken.adapter,
    )


def _candidate(desk: Desk, item: Item, *, explain: bool) -> RankedCandidate:
    scored = desk.scored(item)
    found = desk.told[item.id]
    adds = {name: desk.weights.get(name, 0.0) * value for name, value in found.items()}
    rules = scored.score - sum(adds.values())
    return RankedCandidate(
        item_id=item.id,
        score=scored.score,
        features=found if explain else None,
        contributions=adds | ({"rules": rules} if abs(rules) > 1e-12 else {}) if explain else None,
        reasons=desk.pool.reasons(item, desk.visitor, scored.source) if explain else [],
    )


def _why(item: Item | None, id: str, bars: Bars) -> str:
    if item is None:
        return "unknown"
    if id in bars.barred:
        return "seen"
    if item.hidden:
        return "hidden"
    return "blocked" if item.may_be_shown(bars.now) else "not_valid"
