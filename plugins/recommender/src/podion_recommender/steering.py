"""What steers every recommendation beside the tenant's settings, in one small document that serving reads."""

from typing import Annotated

from pydantic import BaseModel, Field

from podion import TenantCaller
from podion_recommender.examination import at
from podion_recommender.trials import Experiment

NOW = "now"


class Steering(BaseModel):
    """The experiment that runs, and how probable it is that a place of a list is looked at."""

    id: str = Field(default="", description="`now`")
    experiment: Experiment | None = None
    examination: list[Annotated[float, Field(gt=0, le=1)]] = Field(
        default=[], description="by position from 0, beside the first; empty: not fitted yet"
    )

    def examined(self, position: int) -> float:
        """Return how probable it is that a place is looked at, beside the first; before any fit 1/log2(position+2)."""
        return at(self.examination, position)


async def steering_of(caller: TenantCaller) -> Steering:
    """Return what steers the tenant's recommendations now."""
    return (await caller.store.get_all(Steering, [NOW])).get(NOW, Steering(id=NOW))
