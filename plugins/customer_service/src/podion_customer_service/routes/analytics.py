"""`/analytics` and the unanswered questions in clusters."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Caller, DataError, DocumentId, Kept, answer_like, newest, requires
from podion_customer_service.analytics import Analytics, figures
from podion_customer_service.conversation import Conversation
from podion_customer_service.knowledge import Template
from podion_customer_service.questions import Question
from podion_customer_service.unanswered import Named, QuestionCluster, clusters, name_cluster

router = APIRouter(dependencies=[requires("data")])

MOST_COUNTED = 5_000
_MOST_TEMPLATES = 2_000
_FIGURES = {
    "since": "2026-06-01T00:00:00Z",
    "until": "2026-07-01T00:00:00Z",
    "conversations": 120,
    "states": {"resolved": 100, "bot": 18, "waiting_human": 2},
    "containment": 0.81,
    "handovers": {"asked_for_a_person": 12, "no_answer": 9},
    "handover_rate": 0.175,
    "answers": {"template": 140, "article": 31},
    "clarifications": 14,
    "questions": 210,
    "unanswered": 23,
    "template_coverage": 0.9,
    "intents_without_template": {"bulk_order": 4},
    "csat": {"bot": {"count": 40, "mean": 4.3}, "human": {"count": 11, "mean": 4.6}},
    "seconds_to_first_answer": 0.08,
    "seconds_to_human": 95.0,
    "complete": True,
}
_CLUSTER = {
    "id": "clu_msg_01JZ8Q5T3N6W2K4Y7B9D0F1G2J",
    "size": 7,
    "example": "do you sell gift cards",
    "questions": [{"id": "que_msg_01JZ8Q5T3N6W2K4Y7B9D0F1G2J", "text": "gift cards?", "language": "en"}],
    "guesses": {"coupon_problem": 5, "bulk_order": 2},
}
_NAMED = {"intent": "gift_card", "reviewed": ["que_msg_01JZ8Q5T3N6W2K4Y7B9D0F1G2J"], "left_out": [], "next": ["…"]}


class NewName(BaseModel):
    """The intent that a cluster becomes."""

    model_config = ConfigDict(extra="forbid")

    intent: str = Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")
    only: list[str] | None = Field(default=None, max_length=500, description="ids of the questions that belong to it")


@router.get("/analytics", responses=answer_like(_FIGURES))
async def get_analytics(
    caller: Caller,
    since: Annotated[AwareDatetime | None, Query(description="default: 30 days before `until`")] = None,
    until: Annotated[AwareDatetime | None, Query(description="default: now")] = None,
) -> Analytics:
    """Return how the service fared: containment, hand-overs by reason, unanswered questions, coverage, ratings, waits.

    Counts the newest 5,000 conversations of the time, and as many questions; `complete` says whether these are all.
    """
    end = until or datetime.now(UTC)
    start = since or _days_before(end)
    if start >= end:
        raise DataError(f"since ({start.isoformat()}) must be before until ({end.isoformat()})")
    talks, all_talks = await newest(caller, Conversation, MOST_COUNTED, since=start, moment=lambda each: each.opened_at)
    asked, all_asked = await newest(caller, Question, MOST_COUNTED, since=start, moment=lambda each: each.at)
    templates, _ = await newest(caller, Template, _MOST_TEMPLATES)
    return figures(
        [each for each in talks if start <= each.opened_at < end],
        [each for each in asked if start <= each.at < end],
        templates,
        since=start,
        until=end,
        complete=all_talks and all_asked,
    )


@router.get("/unanswered/clusters", responses=answer_like({"data": [_CLUSTER]}))
async def get_clusters(caller: Caller) -> Kept[QuestionCluster]:
    """Return the unanswered questions that nobody has judged, those that mean the same together, largest first."""
    return Kept(data=[shown for shown, _ in await clusters(caller)])


@router.post("/unanswered/clusters/{cluster_id}:name", responses=answer_like(_NAMED))
async def name_one(
    cluster_id: DocumentId, request: Annotated[NewName, Body(examples=[{"intent": "gift_card"}])], caller: Caller
) -> Named:
    """Make the questions of a cluster reviewed records of an intent, new or known; `next` says how it is learned."""
    return await name_cluster(caller, cluster_id, request.intent, request.only)


def _days_before(end: datetime) -> datetime:
    try:
        return end - timedelta(days=30)
    except OverflowError as error:
        raise DataError(f"until ({end.isoformat()}) is too early: name since") from error
