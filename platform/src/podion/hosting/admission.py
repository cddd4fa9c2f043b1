"""Who may wait: bounds in rows and in time, overall and by owner. A refusal comes at once and says when to return."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from podion.errors import PodionError, QuotaExceeded, Unavailable
from podion.hosting.fair_order import QUANTUM, Waiting
from podion.hosting.fair_queue import BULK_SHARE, FairQueue
from podion.hosting.pass_cost import PassCost

QUEUE_ROWS = 4096
"""Rows that may wait in each class, interactive and bulk."""

QUEUE_SECONDS = 2.0
"""Longest expected wait of a small interactive call; one that takes long itself may wait `PATIENCE` times that."""

PATIENCE = 4.0

OWNER_SHARE = 0.5
"""An owner may hold this part of what the others leave free: alone half of the queue, and there is always room for one
more owner (the dynamic thresholds of Choudhury and Hahne, 1998)."""

LONGEST_RETRY = 60

Reason = Literal["tenant", "queue", "deadline", "stopping"]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why work may not wait."""

    reason: Reason
    error: PodionError


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The bounds of one queue."""

    rows: int = QUEUE_ROWS
    seconds: float = QUEUE_SECONDS

    def refusal(self, queue: FairQueue[Any], new: Waiting[Any], cost: PassCost, now: float) -> Refusal | None:
        """Return why `new` may not wait, or None when it may."""
        return self._of_rows(queue, new, cost) or self._of_time(queue, new, cost, now)

    def _of_rows(self, queue: FairQueue[Any], new: Waiting[Any], cost: PassCost) -> Refusal | None:
        order = queue.order(new.urgency)
        rows, tokens, _ = order.held(new.owner)
        allowed = int(OWNER_SHARE * (self.rows - order.rows + rows))
        if rows and rows + len(new.costs) > allowed:
            return _own(f"{rows} rows of yours wait already, {allowed} may now", _in_passes(cost, tokens) / 2)
        if order.rows and order.rows + len(new.costs) > self.rows:
            detail = f"{order.rows} rows wait already, {self.rows} may: try again shortly"
            return _all("queue", detail, _in_passes(cost, order.tokens) / 2)
        return None

    def _of_time(self, queue: FairQueue[Any], new: Waiting[Any], cost: PassCost, now: float) -> Refusal | None:
        """Nothing is refused on an estimate before there is one, and nobody who has the machine alone."""
        if not cost.warm or not len(queue):
            return None
        own = cost.each * sum(new.costs)
        ahead = tokens_ahead(queue, new)
        wait = _in_passes(cost, ahead)
        if now + wait + own > new.deadline:
            detail = f"an answer would take about {wait + own:.1f} s, longer than there is"
            return _all("deadline", detail, wait)
        longest = max(self.seconds, PATIENCE * own)
        if new.urgency == "bulk" or wait <= longest:
            return None
        if _in_passes(cost, own_ahead(queue, new)) > longest / 2:
            return _own(f"what you have waiting takes about {wait:.1f} s, {longest:.1f} s are allowed", wait - longest)
        return _all("queue", f"what waits takes about {wait:.1f} s, {longest:.1f} s are allowed", wait - longest)


def own_ahead(queue: FairQueue[Any], new: Waiting[Any]) -> float:
    """Return how many of its owner's tokens are computed before the last of `new`: as many of each of its works."""
    _, tokens, works = queue.order(new.urgency).held(new.owner)
    return min(tokens, works * (sum(new.costs) + QUANTUM))


def tokens_ahead(queue: FairQueue[Any], new: Waiting[Any]) -> float:
    """Return the estimated tokens that are computed before the first of `new`, at most.

    With fair turns each owner gets about as much as `new`'s owner does, and a turn; all together what there is.
    """
    order = queue.order(new.urgency)
    own = own_ahead(queue, new)
    others = order.owners - (order.held(new.owner)[0] > 0)
    ahead = min(order.tokens, own + others * (own + QUANTUM))
    if new.urgency == "bulk":
        return min(ahead + queue.order("interactive").tokens, ahead / BULK_SHARE)
    return min(ahead + queue.order("bulk").tokens, ahead / (1 - BULK_SHARE))


def _in_passes(cost: PassCost, tokens: float) -> float:
    """Return the seconds of so many tokens in short passes."""
    budget = max(1.0, cost.budget(owners=1))
    return tokens / budget * cost.seconds(budget)


def _own(detail: str, seconds: float) -> Refusal:
    error = QuotaExceeded(f"{detail}: send fewer at once", code="tenant_queue_full", retry_after=_rounded(seconds))
    return Refusal(reason="tenant", error=error)


def _all(reason: Reason, detail: str, seconds: float) -> Refusal:
    return Refusal(reason=reason, error=Unavailable(detail, code="overloaded", retry_after=_rounded(seconds)))


def _rounded(seconds: float) -> int:
    return min(LONGEST_RETRY, max(1, ceil(seconds)))
