"""Users: told of, and forgotten without a trace."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from podion import Found, NotFound, Personal, TenantCaller
from podion_recommender.interactions import Interaction
from podion_recommender.schema import UserId
from podion_recommender.shoppers import Barred, Shopper, Trail, page_ids
from podion_recommender.slates import let_go

MOST_USERS = 500

AttributeName = Annotated[str, Field(min_length=1, max_length=100)]
AttributeValue = Annotated[str, Field(max_length=1_000)] | float | bool


class UserDraft(BaseModel):
    """A user as it is sent; what is left out stays as it was."""

    model_config = ConfigDict(extra="forbid")

    user_id: UserId
    attributes: dict[AttributeName, AttributeValue] | None = Field(
        default=None, max_length=50, description="what they told you of themselves; words are read: `interests`"
    )
    consent_personalized: bool | None = Field(
        default=None, description="false: their profile is emptied, and their lists are the same as everybody's"
    )


class Attributes(BaseModel):
    """What users say of themselves, as it may be kept: who writes a phone number into it has it masked."""

    attributes: dict[str, Annotated[str, Personal()] | float | bool] = {}


class TakenUser(BaseModel):
    """What became of a user who was sent."""

    user_id: str
    created: bool


class ForgottenUser(BaseModel):
    """What went with a user."""

    id: str
    deleted: bool = True
    interactions: int = Field(description="that were removed")
    slates: int = Field(description="that nobody is named in any more")


async def take_users(caller: TenantCaller, drafts: Sequence[UserDraft]) -> list[TakenUser]:
    """Keep what is said of users; return what became of each, in the order sent."""
    users = list(dict.fromkeys(draft.user_id for draft in drafts))
    aliases = {user: caller.new_id("vis") for user in users}
    known: set[str] = set()
    masked = [await _masked(caller, draft) for draft in drafts]

    def change(found: Found) -> list[BaseModel]:
        known.update(found.all(Shopper))
        shoppers = {user: found.get(Shopper, user) or Shopper(id=user, alias=aliases[user]) for user in users}
        for draft in masked:
            shoppers[draft.user_id] = _told(shoppers[draft.user_id], draft)
        return list(shoppers.values())

    await caller.store.update_all({Shopper: users}, change)
    return [TakenUser(user_id=draft.user_id, created=draft.user_id not in known) for draft in drafts]


async def _masked(caller: TenantCaller, draft: UserDraft) -> UserDraft:
    if not draft.attributes:
        return draft
    kept = await caller.as_kept(Attributes(attributes=draft.attributes))
    return draft.model_copy(update={"attributes": kept.attributes})


def _told(shopper: Shopper, draft: UserDraft) -> Shopper:
    changes: dict[str, object] = {}
    if draft.attributes is not None:
        changes["attributes"] = draft.attributes
    if draft.consent_personalized is not None:
        changes["consent_personalized"] = draft.consent_personalized
    changed = shopper.model_copy(update=changes)
    return changed if changed.consent_personalized else changed.without_person()


async def forget(caller: TenantCaller, user_id: str) -> ForgottenUser:
    """Remove a user and everything that names them; raises `NotFound`.

    The profile, which knows where the rest is, goes last: what a crash left is removed by the next attempt.
    """
    shopper = (await caller.store.get_all(Shopper, [user_id])).get(user_id)
    slates = await let_go(caller, user_id)
    if shopper is None:
        if slates:
            return ForgottenUser(id=user_id, interactions=0, slates=slates)
        raise NotFound("there is no user of this id")
    removed = await caller.store.delete_all(Interaction, shopper.logged)
    for page in page_ids(user_id, shopper.log_pages):
        trail = (await caller.store.get_all(Trail, [page])).get(page)
        if trail is not None:
            removed += await caller.store.delete_all(Interaction, trail.interactions)
            await caller.store.delete_all(Trail, [page])
    await caller.store.delete_all(Barred, page_ids(user_id, shopper.barred_pages))
    await caller.store.delete_all(Shopper, [user_id])
    return ForgottenUser(id=user_id, interactions=removed, slates=slates)
