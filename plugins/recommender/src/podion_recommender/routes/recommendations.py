"""`/recommendations`, `/rank` and `/popular`: lists for a user, for a visitor without a name, and for everybody."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Caller, answer_like, requires
from podion_recommender.config import Kind, settings_of
from podion_recommender.interactions import Interaction
from podion_recommender.popular import PopularItems, popular
from podion_recommender.ranking import Ranked, RankRequest, rank
from podion_recommender.routes.asked import MOST, Context, Count, InCategory, UserPath
from podion_recommender.schema import Category, Item, ItemId
from podion_recommender.serving import Wish, recommend
from podion_recommender.shoppers import Shopper, profile
from podion_recommender.slates import Shown, Slate
from podion_recommender.steering import steering_of
from podion_recommender.treating import treated

router = APIRouter(dependencies=[requires("predict")])

_SHOWN = {
    "item_id": "sku-1043",
    "title": "Road running shoes",
    "score": 4.71,
    "source": "next_item",
    "position": 0,
    "propensity": 0.951,
    "features": {"match": 1.0, "together": 0.4, "text": 0.0, "popularity": 0.7, "recency": 0.2, "affinity": 0.8},
    "reasons": [
        {
            "code": "next_item",
            "because": "sku-1042",
            "wording": {"en": "because you bought “Trail running shoes”", "zh": "因为您购买了“Trail running shoes”"},
        }
    ],
}
_SLATE = {
    "slate_id": "slt_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "items": [_SHOWN],
    "personalized": True,
    "fallback": None,
    "adapter": "b1946ac9…",
    "prediction_id": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "at": "2026-07-01T14:05:00Z",
    "experiment": None,
    "variant": None,
}
_SESSION = {"events": [{"item_id": "sku-1042", "kind": "click"}], "n": 10}
_POPULAR = {"category": None, "data": [{"item_id": "sku-1043", "title": "Road running shoes", "score": 1.0}]}
_RANK = {"user_id": "u-7f3a", "items": ["sku-1043", "sku-2001"], "explain": True}
_RANKED = {
    "data": [
        {
            "item_id": "sku-1043",
            "score": 4.71,
            "features": {"match": 1.0},
            "contributions": {"match": 4.0},
            "reasons": _SHOWN["reasons"],
        }
    ],
    "excluded": [{"item_id": "sku-2001", "why": "seen"}],
    "personalized": True,
    "fallback": None,
    "adapter": "b1946ac9…",
}


class SlateAnswer(BaseModel):
    """A list, and how it came about; send its id and an item's position with what the user does about it."""

    slate_id: str
    items: list[Shown]
    personalized: bool
    fallback: str | None = Field(
        description="null: the sequence model spoke; else why not: untrained, unavailable, no_history, unknown_user, "
        "no_consent, not_personalized, adapter_gone"
    )
    adapter: str | None
    prediction_id: str | None
    at: AwareDatetime
    experiment: str | None = None
    variant: str | None = None

    @classmethod
    def of(cls, slate: Slate) -> "SlateAnswer":
        """Return a slate as a client sees it."""
        fields = {name: getattr(slate, name) for name in cls.model_fields if name != "slate_id"}
        return cls(slate_id=slate.id, **fields)


class SessionAct(BaseModel):
    """What a visitor without a name did."""

    model_config = ConfigDict(extra="forbid")

    item_id: ItemId
    kind: Kind = "click"
    value: float | None = None
    at: AwareDatetime | None = Field(default=None, description="default: in the order sent, just now")


class SessionRequest(BaseModel):
    """A visitor without a name, by what this session has seen, oldest first; nothing of it is kept."""

    model_config = ConfigDict(extra="forbid")

    events: list[SessionAct] = Field(default=[], max_length=200)
    n: int = Field(default=10, ge=1, le=MOST)
    category: Category | None = None
    context: str | None = Field(default=None, max_length=1_000)
    exclude: list[ItemId] = Field(default=[], max_length=1_000)


@router.get("/recommendations/{user_id}", responses=answer_like(_SLATE))
async def get_recommendations(
    user_id: UserPath,
    caller: Caller,
    n: Count = 10,
    category: InCategory = None,
    personalized: Annotated[bool, Query(description="false: the order that everybody gets")] = True,
    context: Context = None,
    exclude: Annotated[list[str] | None, Query(max_length=200, description="items that the page shows already")] = None,
) -> SlateAnswer:
    """Return a list for a user: nothing bought, hidden, expired or not yet valid; not short while items remain."""
    shoppers, steering = await asyncio.gather(caller.store.get_all(Shopper, [user_id]), steering_of(caller))
    wish = Wish(
        count=n,
        category=category,
        personalized=personalized,
        context=context,
        exclude=frozenset(exclude or ()),
        user_id=user_id,
    )
    wish, settings = treated(wish, settings_of(caller), steering.experiment)
    return SlateAnswer.of(await recommend(caller, shoppers.get(user_id), wish, settings))


@router.post("/recommendations:session", responses=answer_like(_SLATE))
async def post_session(request: Annotated[SessionRequest, Body(examples=[_SESSION])], caller: Caller) -> SlateAnswer:
    """Return a list for a visitor without a name, by what they did in this session."""
    settings = settings_of(caller)
    items = await caller.store.get_all(Item, [act.item_id for act in request.events])
    visitor = profile(_acts(request.events), items, settings, caller.new_id("vis"))
    wish = Wish(count=request.n, category=request.category, context=request.context, exclude=frozenset(request.exclude))
    return SlateAnswer.of(await recommend(caller, visitor, wish, settings))


@router.post("/rank", responses=answer_like(_RANKED))
async def post_rank(request: Annotated[RankRequest, Body(examples=[_RANK])], caller: Caller) -> Ranked:
    """Return your own candidates in the user's order; what may not be shown is told apart, with why."""
    return await rank(caller, request)


@router.get("/popular", responses=answer_like(_POPULAR))
async def get_popular(caller: Caller, n: Count = 10, category: InCategory = None) -> PopularItems:
    """Return what is popular now, in all or in a category: the same for everybody."""
    return await popular(caller, n, category)


def _acts(events: list[SessionAct]) -> list[Interaction]:
    now = datetime.now(UTC)
    return [
        Interaction(
            id=f"session-{place}",
            user_id="",
            item_id=act.item_id,
            kind=act.kind,
            value=act.value,
            at=act.at or now - timedelta(seconds=len(events) - place),
        )
        for place, act in enumerate(events)
    ]
