"""`/users`: what is known of users beside their acts, and the end of all of it."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, answer_like, requires
from podion_recommender.routes.asked import UserPath
from podion_recommender.users import MOST_USERS, ForgottenUser, TakenUser, UserDraft, forget, take_users

router = APIRouter(prefix="/users", dependencies=[requires("data")])

_USER = {"user_id": "u-7f3a", "attributes": {"interests": "trail running"}, "consent_personalized": True}


class UserBatch(BaseModel):
    """Users, up to 500."""

    model_config = ConfigDict(extra="forbid")

    users: list[UserDraft] = Field(min_length=1, max_length=MOST_USERS)


class AcceptedUsers(BaseModel):
    """What became of the users, in the order sent."""

    data: list[TakenUser]


@router.post("", responses=answer_like({"data": [{"user_id": "u-7f3a", "created": True}]}))
async def post_users(batch: Annotated[UserBatch, Body(examples=[{"users": [_USER]}])], caller: Caller) -> AcceptedUsers:
    """Keep what is said of up to 500 users. Who takes consent back has their profile emptied in the same moment."""
    return AcceptedUsers(data=await take_users(caller, batch.users))


@router.delete(
    "/{user_id}", responses=answer_like({"id": "u-7f3a", "deleted": True, "interactions": 117, "slates": 12})
)
async def delete_user(user_id: UserPath, caller: Caller) -> ForgottenUser:
    """Remove a user: the profile and every interaction; slates stay, and name nobody any more."""
    return await forget(caller, user_id)
