"""`/rules`: what a tenant wants to be told of, and how a rule would have fared."""

from typing import Annotated

from fastapi import APIRouter, Body

from podion import Caller, Conflict, Cursor, DocumentId, Gone, Limit, Page, answer_like, newest, requires
from podion_sentiment_monitor.backtest import Backtest, BacktestRequest, backtest
from podion_sentiment_monitor.rules import Rule, RuleDraft
from podion_sentiment_monitor.surveillance import MOST_RULES

router = APIRouter(dependencies=[requires("data")])

_RULE = {
    "name": "deposit safety",
    "over": "topic",
    "names": ["deposit safety"],
    "sentiment": "negative",
    "window": "1h",
    "baseline": "28d",
    "min_stories": 8,
    "ratio": 3.0,
    "severity": "critical",
}
_KEPT = {**_RULE, "id": "rul_01JZ8Q5T3N6W2K4Y7B9D0F1G2H", "fdr": 0.008, "cooldown": "3h", "enabled": True}
_BACKTEST = {
    "rule": _RULE,
    "since": "2026-06-01T00:00:00Z",
    "until": "2026-06-29T00:00:00Z",
    "weeks": 4.0,
    "subjects": 1,
    "looks": 8064,
    "alerts": [
        {
            "subject": "deposit safety",
            "started_at": "2026-06-14T09:25:00Z",
            "ended_at": "2026-06-14T12:10:00Z",
            "observed": 9,
            "expected": 0.4,
            "p_value": 1.2e-8,
            "peak": 31,
            "event": 0,
            "delay_minutes": 20.0,
        }
    ],
    "found": 1,
    "missed": [],
    "false_alerts": 0,
    "false_per_week": 0.0,
    "median_delay_minutes": 20.0,
}


@router.post("/rules", status_code=201, responses=answer_like(_KEPT, 201))
async def post_rule(draft: Annotated[RuleDraft, Body(examples=[_RULE])], caller: Caller) -> Rule:
    """Keep a rule; it is looked through from now on."""
    if len((await newest(caller, Rule, MOST_RULES))[0]) == MOST_RULES:
        raise Conflict(f"there are {MOST_RULES} rules, and no more may be: delete one", code="too_many_rules")
    return await caller.store.put(Rule(**draft.model_dump(), id=caller.new_id("rul")))


@router.get("/rules", responses=answer_like({"data": [_KEPT], "next": None}))
async def list_rules(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Rule]:
    """Return the rules, newest first."""
    return await caller.store.list(Rule, None, cursor, limit)


@router.get("/rules/{rule_id}", responses=answer_like(_KEPT))
async def get_rule(rule_id: DocumentId, caller: Caller) -> Rule:
    """Return one rule."""
    return await caller.store.get(Rule, rule_id)


@router.put("/rules/{rule_id}", responses=answer_like({**_KEPT, "min_stories": 12}))
async def put_rule(rule_id: DocumentId, draft: Annotated[RuleDraft, Body(examples=[_RULE])], caller: Caller) -> Rule:
    """Replace a rule; its open alerts go on under the new one."""
    return await caller.store.update(Rule, rule_id, lambda kept: Rule(**draft.model_dump(), id=kept.id))


@router.delete("/rules/{rule_id}", responses=answer_like({"id": "rul_01JZ8Q5T3N6W2K4Y7B9D0F1G2H", "deleted": True}))
async def delete_rule(rule_id: DocumentId, caller: Caller) -> Gone:
    """Remove a rule; its alerts stay, and nobody is told of them any more."""
    await caller.store.delete(Rule, rule_id)
    return Gone(id=rule_id)


@router.post("/rules:backtest", responses=answer_like(_BACKTEST))
async def backtest_rule(
    request: Annotated[BacktestRequest, Body(examples=[{"rule": _RULE, "days": 28}])], caller: Caller
) -> Backtest:
    """Replay history with a rule that need not be kept: which alerts, how late, how many false a week."""
    return await backtest(caller, request)
