"""Customers put into the tenant's classes, kept so that the class they turn out to be of can be told later."""

from collections.abc import Sequence

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Alternative
from podion_finance_risk.schema import Customer, Reference


class ClassifiedCustomer(BaseModel):
    """The class of a customer, and the runners-up."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    customer_ref: Reference = ""
    label: str
    confidence: float = Field(ge=0, le=1, description="calibrated")
    abstained: bool = Field(description="true: not sure enough to act on")
    alternatives: tuple[Alternative, ...] = ()
    adapter: str
    prediction_id: str
    at: AwareDatetime
    became: str | None = Field(default=None, description="the class that an outcome named; null: not known")


def records_of(customers: Sequence[Customer]) -> list[Customer]:
    """Return what the model reads: customers without the class that a sender may have named."""
    return [customer.model_copy(update={"label": None}) for customer in customers]
