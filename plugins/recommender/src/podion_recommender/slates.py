"""Lists as they were shown: what stood where, why, and how probable that was; what clicks are judged by."""

from collections.abc import Sequence

from pydantic import AwareDatetime, BaseModel, Field

from podion import Found, TenantCaller
from podion_recommender.config import Kind
from podion_recommender.reasons import Reason

MOST_LINKED = 200
"""Slates that a user is known by; an older one stays, and nobody is named in it any more."""


class Shown(BaseModel):
    """An item at its place in a slate."""

    item_id: str
    title: str = ""
    score: float
    source: str = Field(description="what spoke for it most")
    position: int = Field(ge=0, description="from 0")
    propensity: float = Field(gt=0, le=1, description="how probable it was here, given the places before it")
    features: dict[str, float] = {}
    reasons: list[Reason] = []
    outcomes: list[Kind] = Field(default=[], description="what its user did about it, each kind once")


class Slate(BaseModel):
    """A list as it was shown."""

    id: str = ""
    user_id: str | None = Field(default=None, description="null: nobody known, or a user who is gone")
    at: AwareDatetime
    items: list[Shown]
    personalized: bool
    fallback: str | None = Field(default=None, description="null: the sequence model spoke; else why it did not")
    adapter: str | None = None
    prediction_id: str | None = None
    category: str | None = None
    experiment: str | None = Field(default=None, description="the experiment that the user was in, if any")
    variant: str | None = None
    exploration: float = Field(default=0.0, description="share of places that were given to chance")


class SlateLog(BaseModel):
    """The latest slates of a user, so that they can be let go of."""

    id: str = Field(default="", description="the user_id")
    slates: list[str] = []


async def keep_slate(caller: TenantCaller, slate: Slate) -> None:
    """Keep a slate, and note whose it is; when there are too many, the oldest half is let go of."""
    user = slate.user_id
    if user is None:
        await caller.store.put(slate)
        return

    def change(found: Found) -> list[BaseModel]:
        kept = found.get(SlateLog, user) or SlateLog(id=user)
        return [slate, SlateLog(id=user, slates=[*kept.slates, slate.id])]

    _, log = await caller.store.update_all({SlateLog: [user]}, change)
    if isinstance(log, SlateLog) and len(log.slates) > MOST_LINKED:
        await _loosen(caller, user, log.slates[: MOST_LINKED // 2])


async def _loosen(caller: TenantCaller, user: str, slates: Sequence[str]) -> None:
    """Take a user's name out of slates, and these out of the user's log."""
    gone = set(slates)

    def change(found: Found) -> list[BaseModel]:
        kept = found.get(SlateLog, user) or SlateLog(id=user)
        loose = [slate.model_copy(update={"user_id": None}) for slate in found.all(Slate).values()]
        return [SlateLog(id=user, slates=[id for id in kept.slates if id not in gone]), *loose]

    await caller.store.update_all({SlateLog: [user], Slate: slates}, change)


async def let_go(caller: TenantCaller, user_id: str) -> int:
    """Take a user's name out of every slate; return of how many."""
    log = (await caller.store.get_all(SlateLog, [user_id])).get(user_id)
    if log is None:
        return 0

    def change(found: Found) -> Sequence[BaseModel]:
        return [slate.model_copy(update={"user_id": None}) for slate in found.all(Slate).values()]

    await caller.store.update_all({Slate: log.slates}, change)
    await caller.store.delete_all(SlateLog, [user_id])
    return len(log.slates)
