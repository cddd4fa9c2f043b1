"""What financial risk tells webhooks and streams: an alert of fraud, a decision that waits for a person."""

from pydantic import BaseModel, Field

from podion import EventType


class FraudAlert(BaseModel):
    """A transaction that somebody should look at."""

    transaction: str = Field(default="", description="GET /transactions/{id}")
    transaction_id: str = Field(default="", description="the tenant's own number")
    probability: float = Field(default=0.0, ge=0, le=1, description="of fraud, calibrated")


class ReviewOpened(BaseModel):
    """A decision that waits for a person."""

    review: str = Field(default="", description="POST /review-queue/{id}:decide")
    decision: str = ""
    why: str = ""


fraud_alerted = EventType(name="fraud.alerted", payload=FraudAlert, summary="A transaction raised an alert of fraud.")
review_opened = EventType(name="review.opened", payload=ReviewOpened, summary="A decision waits for a person.")
EVENTS = (fraud_alerted, review_opened)
