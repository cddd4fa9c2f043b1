"""The label queue: what a person should look at first, because the models were least sure of it."""

from pydantic import BaseModel, Field

from podion import TenantCaller, newest
from podion_customer_service.clusters import spread
from podion_customer_service.questions import Question

MOST_CONSIDERED = 1_000
_EMBEDDED = 300


class Queue(BaseModel):
    """Questions to label, the least certain first; of those that say the same, one."""

    data: list[Question]
    waiting: int = Field(description="questions that nobody has judged; at most 1,000 are looked at")


async def queue(caller: TenantCaller, most: int) -> Queue:
    """Return the questions whose labels would teach most: small margins first, and no two that are alike."""
    found, _ = await newest(caller, Question, MOST_CONSIDERED, {"reviewed": False})
    open_ = sorted((each for each in found if each.prediction_id), key=lambda each: (each.margin, each.at, each.id))
    likeliest = open_[:_EMBEDDED]
    vectors = await caller.embed([each.text for each in likeliest]) if likeliest else []
    return Queue(data=[likeliest[place] for place in spread(vectors, most)], waiting=len(open_))
