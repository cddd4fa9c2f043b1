"""Which transactions raise an alert: as many as people can look at, the most probable frauds first. Pure."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from podion_finance_risk.policy import FraudPolicy

RECENT = 2_000
"""How many probabilities the threshold is read from."""

LEAST = 100
UNTIL_THEN = 0.5
"""The threshold while fewer than `LEAST` transactions have been seen."""


class AlertBudget(BaseModel):
    """The latest probabilities of a tenant's transactions, oldest first."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    recent: tuple[float, ...] = Field(default=(), max_length=RECENT)

    def seen(self, probabilities: Sequence[float]) -> "AlertBudget":
        """Return the budget after more transactions."""
        together = (*self.recent, *(round(value, 6) for value in probabilities))
        return self.model_copy(update={"recent": together[-RECENT:]})

    def threshold(self, policy: FraudPolicy) -> float:
        """Return the probability from which on a transaction raises an alert: the budget's share of the latest."""
        count = len(self.recent)
        places = int(count * policy.budget)
        if count < LEAST or not places:
            return max(UNTIL_THEN, policy.floor)
        return max(sorted(self.recent, reverse=True)[places - 1], policy.floor)
