"""`/rules`: what a merchandiser says of items, whatever the models say."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body

from podion import Caller, Conflict, Cursor, DataError, DocumentId, Gone, Limit, Page, answer_like, newest, requires
from podion_recommender.rules import MOST_RULES, Rule, RuleDraft

router = APIRouter(dependencies=[requires("data")])

_RULE = {
    "name": "spring campaign",
    "action": "boost",
    "categories": ["shoes"],
    "factor": 3.0,
    "valid_from": "2026-03-01T00:00:00Z",
    "valid_to": "2036-06-01T00:00:00Z",
}
_KEPT = {**_RULE, "id": "rul_01JZ8Q5T3N6W2K4Y7B9D0F1G2H", "items": [], "tags": [], "position": 0, "enabled": True}


@router.post("/rules", status_code=201, responses=answer_like(_KEPT, 201))
async def post_rule(draft: Annotated[RuleDraft, Body(examples=[_RULE])], caller: Caller) -> Rule:
    """Keep a rule; it counts from the next list on, while it is valid."""
    if draft.valid_to is not None and draft.valid_to <= datetime.now(UTC):
        raise DataError(
            f"the rule {draft.name!r} ended at {draft.valid_to.isoformat()}: it would never count", code="past_rule"
        )
    if len((await newest(caller, Rule, MOST_RULES))[0]) == MOST_RULES:
        raise Conflict(f"there are {MOST_RULES} rules, and no more may be: delete one", code="too_many_rules")
    return await caller.store.put(Rule(**draft.model_dump(), id=caller.new_id("rul")))


@router.get("/rules", responses=answer_like({"data": [_KEPT], "next": None}))
async def list_rules(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Rule]:
    """Return the rules, newest first, those that are over among them."""
    return await caller.store.list(Rule, None, cursor, limit)


@router.get("/rules/{rule_id}", responses=answer_like(_KEPT))
async def get_rule(rule_id: DocumentId, caller: Caller) -> Rule:
    """Return one rule."""
    return await caller.store.get(Rule, rule_id)


@router.delete("/rules/{rule_id}", responses=answer_like({"id": _KEPT["id"], "deleted": True}))
async def delete_rule(rule_id: DocumentId, caller: Caller) -> Gone:
    """Remove a rule; the next list does without it."""
    await caller.store.delete(Rule, rule_id)
    return Gone(id=rule_id)
