"""A person's part in a decision: asked for, and given with a reason."""

from datetime import UTC, datetime
from typing import Literal

from podion import Conflict, TenantCaller
from podion_finance_risk.decisions import Decision, HumanDecision, ReviewItem, State, asked_for_person, reviewed
from podion_finance_risk.events import ReviewOpened, review_opened


async def ask(caller: TenantCaller, decision: str, comment: str) -> ReviewItem:
    """Return the item that waits for a person; raises `NotFound`, or `Conflict` where one is asked or has spoken."""
    await caller.store.update(Decision, decision, asked_for_person)
    item = ReviewItem(
        id=f"rev_{decision}", decision=decision, why="requested", comment=comment, opened_at=datetime.now(UTC)
    )
    kept = await caller.store.put(item)
    await caller.emit(review_opened, ReviewOpened(review=kept.id, decision=decision, why=kept.why))
    return kept


async def decide(
    caller: TenantCaller, review: str, action: Literal["approve", "decline"], by: str, reason: str
) -> ReviewItem:
    """Return the item as decided by a person; raises `NotFound`, or `Conflict` where a person has decided."""
    item = await caller.store.get(ReviewItem, review)
    human = HumanDecision(action=action, by=by, reason=reason, at=datetime.now(UTC))
    decision = await caller.store.get(Decision, item.decision)
    if decision.state is not State.REVIEWED:
        decision = await caller.store.update(Decision, item.decision, lambda kept: reviewed(kept, human))
    spoken = decision.human or human
    known = item.state == "decided"
    if not known:
        item = await caller.store.update(
            ReviewItem, review, lambda kept: kept.model_copy(update={"state": "decided", "human": spoken})
        )
    if known or spoken.by != by or spoken.action != action:
        raise Conflict(f"{spoken.by} has decided already: {spoken.action}", code="reviewed")
    return item
