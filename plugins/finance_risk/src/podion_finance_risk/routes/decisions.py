"""`/decisions`: found, explained, replayed, taken to a person, given notice of."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, DocumentId, Language, Limit, Page, answer_like, requires
from podion_finance_risk import policies, replaying, reviewing
from podion_finance_risk.decisions import Application, Decision, ReviewItem, State
from podion_finance_risk.explaining import Explanation, explain
from podion_finance_risk.notices import Notice, notice
from podion_finance_risk.policy import Action
from podion_finance_risk.routes.examples import DECISION, REASON, REVIEW

router = APIRouter()
READS = [requires("data")]

_EXPLAINED = {
    "decision_id": DECISION["id"],
    "score": 482,
    "direction": "higher is better",
    "pd": 0.41,
    "grade": "E",
    "action": "decline",
    "exact": True,
    "reasons": [REASON],
    "reference_point": DECISION["reference_point"],
    "base_logit": -1.732,
    "logit": -0.364,
    "contributions": [
        {
            "feature": "debt_to_income",
            "value": 0.62,
            "bin": "debt_to_income 0.55 or more",
            "logit": 1.088,
            "points": -31.4,
        }
    ],
    "residual": 2e-7,
    "text_was_read": True,
    "task": "scorecard",
    "adapter": "9f2c…",
    "policy": DECISION["policy"],
    "scale": {"points": 600, "odds": 50, "doubling": 20},
}
_REPLAYED = {
    "decision_id": DECISION["id"],
    "equal": True,
    "adapter": "9f2c…",
    "policy": DECISION["policy"],
    "then": {"pd": 0.41, "score": 482, "grade": "E", "action": "decline", "reasons": ["DEBT_RATIO"]},
    "now": {"pd": 0.41, "score": 482, "grade": "E", "action": "decline", "reasons": ["DEBT_RATIO"]},
    "differences": [],
}
_NOTICE = {
    "decision_id": DECISION["id"],
    "application_id": "A-20260317-0123",
    "language": "en",
    "action": "decline",
    "decided_at": "2026-03-17T09:30:02Z",
    "purely_automated": True,
    "creditor": "Example Credit, 1 Main Street",
    "contact": "",
    "reasons": [REASON],
    "human_reason": None,
    "score": 482,
    "score_direction": "higher is better",
    "text": "Your application A-20260317-0123 was not approved.\nPrincipal reasons:\n1. …",
}


class WantsPerson(BaseModel):
    """Why a person should decide; may be left out, since nobody has to give reasons for it."""

    model_config = ConfigDict(extra="forbid")

    comment: str = Field(default="", max_length=2_000)


@router.get("/decisions", dependencies=READS, responses=answer_like({"data": [DECISION], "next": None}))
async def list_decisions(
    caller: Caller,
    action: Annotated[Action | None, Query(description="what the machine decided")] = None,
    state: Annotated[State | None, Query(description="where it stands")] = None,
    application_id: Annotated[str | None, Query(max_length=128, description="your own number")] = None,
    applicant_ref: Annotated[str | None, Query(max_length=128, description="your own pseudonym")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Decision]:
    """Return the decisions, newest first."""
    asked = {"action": action, "state": state, "application_id": application_id, "applicant_ref": applicant_ref}
    where = {name: value for name, value in asked.items() if value is not None}
    return await caller.store.list(Decision, where or None, cursor, limit)


@router.get("/decisions/{decision_id}", dependencies=READS, responses=answer_like(DECISION))
async def get_decision(decision_id: DocumentId, caller: Caller) -> Decision:
    """Return a decision as it stands: the machine's, the person's where one has decided, how it went where known."""
    return await caller.store.get(Decision, decision_id)


@router.get("/decisions/{decision_id}/explanation", dependencies=READS, responses=answer_like(_EXPLAINED))
async def get_explanation(decision_id: DocumentId, caller: Caller) -> Explanation:
    """Return everything that was added up, in log-odds and in points, and the point it is measured against.

    Of a scorecard, `base_logit` and the contributions add up to `logit` within 1e-4. Of the strong model there is
    nothing to add up: `exact` is false.
    """
    decision = await caller.store.get(Decision, decision_id)
    application = await caller.store.get(Application, decision_id)
    holding = await policies.version(caller, decision.policy)
    return explain(decision, application, holding.policy)


@router.post("/decisions/{decision_id}:replay", dependencies=READS, responses=answer_like(_REPLAYED))
async def replay_decision(decision_id: DocumentId, caller: Caller) -> replaying.Replay:
    """Make a decision again by the very adapter and policy version that made it, and say whether it is the same.

    This answers an auditor who asks why an application was declined in March. It is metered as a prediction.
    """
    return await replaying.replay(caller, await caller.store.get(Decision, decision_id))


@router.post(
    "/decisions/{decision_id}:request-human-review",
    status_code=201,
    dependencies=[requires("predict")],
    responses=answer_like(REVIEW, 201),
)
async def request_human_review(
    decision_id: DocumentId, request: Annotated[WantsPerson, Body(examples=[{"comment": ""}])], caller: Caller
) -> ReviewItem:
    """Ask for a person's decision, as anybody may about whom a program decided (PIPL article 24).

    409 where a person is asked already, or has decided.
    """
    return await reviewing.ask(caller, decision_id, request.comment)


@router.get("/decisions/{decision_id}/adverse-action-notice", dependencies=READS, responses=answer_like(_NOTICE))
async def get_notice(
    decision_id: DocumentId,
    caller: Caller,
    language: Annotated[Language, Query(description="of the notice")] = "en",
) -> Notice:
    """Return the notice of a decision that was not an approval: the principal reasons, in words and in parts.

    409 `not_adverse` for an approval. 409 `reasons_not_exact` where the strong model decided: a reason that was not
    used must not be given.
    """
    decision = await caller.store.get(Decision, decision_id)
    holding = await policies.version(caller, decision.policy)
    return notice(decision, holding.policy, language)
