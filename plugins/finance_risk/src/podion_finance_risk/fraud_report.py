"""How alerts fared against what became known: recall within the budget, by count and by value. Pure."""

from collections.abc import Sequence
from statistics import median

from pydantic import BaseModel, Field

from podion_finance_risk.intervals import Share, share
from podion_finance_risk.transactions import ScoredTransaction


class FraudReport(BaseModel):
    """Alerts against outcomes. A fraud counts once an outcome told of it: the latest weeks are always immature."""

    transactions: int
    alerts: Share = Field(description="of all transactions; the budget bounds it")
    frauds: int = Field(description="transactions that became known as fraud")
    recall: Share = Field(description="of the known frauds, how many raised an alert")
    recall_by_value: float | None = Field(description="the same by amount")
    precision: Share = Field(description="of the alerts whose outcome is known, how many were fraud")
    median_days_to_know: float | None = Field(description="from a fraud to the outcome that told of it")
    complete: bool = Field(default=True, description="false: only the newest transactions were taken")


def report(scored: Sequence[ScoredTransaction], *, complete: bool = True) -> FraudReport:
    """Return how the alerts fared."""
    frauds = [each for each in scored if each.fraud]
    alerts = [each for each in scored if each.alert]
    judged = [each for each in alerts if each.fraud is not None]
    value = sum(each.payment.amount for each in frauds)
    delays = [
        (each.fraud_observed_at - each.payment.at).total_seconds() / 86_400 for each in frauds if each.fraud_observed_at
    ]
    return FraudReport(
        transactions=len(scored),
        alerts=share(len(alerts), len(scored)),
        frauds=len(frauds),
        recall=share(sum(each.alert for each in frauds), len(frauds)),
        recall_by_value=sum(each.payment.amount for each in frauds if each.alert) / value if value > 0 else None,
        precision=share(sum(bool(each.fraud) for each in judged), len(judged)),
        median_days_to_know=median(delays) if delays else None,
        complete=complete,
    )
