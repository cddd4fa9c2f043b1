"""Unanswered questions in clusters, and the cluster that becomes an intent."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from podion import Language, NotFound, TenantCaller, newest
from podion_customer_service.clusters import clusters_of
from podion_customer_service.questions import Question

MOST_CLUSTERED = 500
_SHOWN = 20


class Asked(BaseModel):
    """One question of a cluster."""

    id: str
    text: str
    language: Language


class QuestionCluster(BaseModel):
    """Unanswered questions that mean the same."""

    id: str = Field(description="stays with its oldest question, while the cluster grows")
    size: int
    example: str = Field(description="the question nearest the centre")
    questions: list[Asked] = Field(description="oldest first; the first 20")
    guesses: dict[str, int] = Field(description="what the models took them for")


class Named(BaseModel):
    """What became of a cluster."""

    intent: str
    reviewed: list[str] = Field(description="questions that are now records of this intent")
    left_out: list[str] = Field(description="questions that no prediction stands behind: upload them with a dataset")
    next: list[str] = Field(description="what to do so that the intent is answered")


async def open_questions(caller: TenantCaller) -> list[Question]:
    """Return the unanswered questions that nobody has judged, oldest first; the newest 500."""
    found, _ = await newest(caller, Question, MOST_CLUSTERED, {"answered": False, "reviewed": False})
    return sorted(found, key=lambda question: (question.at, question.id))


async def clusters(caller: TenantCaller) -> list[tuple[QuestionCluster, list[Question]]]:
    """Return the clusters of the unanswered questions with their members, largest first."""
    questions = await open_questions(caller)
    vectors = await caller.embed([question.text for question in questions]) if questions else []
    found = clusters_of(vectors)
    return [
        (_shown(members, questions[cluster.centre]), members)
        for cluster in found
        for members in [[questions[place] for place in cluster.members]]
    ]


async def name_cluster(caller: TenantCaller, id: str, intent: str, only: Sequence[str] | None) -> Named:
    """Make the questions of a cluster reviewed records of an intent; raises `NotFound` when it is gone."""
    members = next((members for shown, members in await clusters(caller) if shown.id == id), None)
    if members is None:
        raise NotFound(
            "there is no such cluster: its oldest question was judged, or the questions part differently now"
        )
    chosen = [each for each in members if only is None or each.id in only]
    reviewed = [each for each in chosen if each.prediction_id is not None]
    for question in reviewed:
        await judge(caller, question, intent, comment=f"named with the cluster {id}")
    return Named(
        intent=intent,
        reviewed=[each.id for each in reviewed],
        left_out=[each.id for each in chosen if each.prediction_id is None],
        next=[
            'POST /v1/customer-service/datasets/{id}:grow {"feedback": true} makes a version with these records',
            "POST /v1/customer-service/runs on that version, then POST /v1/customer-service/deployments",
            f"POST /v1/customer-service/templates says what to answer to {intent}",
        ],
    )


async def judge(caller: TenantCaller, question: Question, label: str | None, comment: str | None = None) -> Question:
    """Store what a question should have been taken for, None for none of the intents, and mark it as judged."""
    if question.prediction_id is not None:
        await caller.review(question.prediction_id, label=label, out_of_scope=label is None, comment=comment)
    judged = {"reviewed": True, "reviewed_as": label}
    return await caller.store.update(Question, question.id, lambda kept: kept.model_copy(update=judged))


def _shown(members: Sequence[Question], centre: Question) -> QuestionCluster:
    guesses: dict[str, int] = {}
    for question in members:
        if question.label:
            guesses[question.label] = guesses.get(question.label, 0) + 1
    return QuestionCluster(
        id=members[0].id.replace("que_", "clu_", 1),
        size=len(members),
        example=centre.text,
        questions=[Asked(id=each.id, text=each.text, language=each.language) for each in members[:_SHOWN]],
        guesses=dict(sorted(guesses.items(), key=lambda guess: (-guess[1], guess[0]))),
    )
