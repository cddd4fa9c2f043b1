"""What a tenant may set when it enables the vertical: `PUT /v1/verticals/recommender`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from podion import TenantCaller
from podion_recommender.retraining_policy import RetrainingPolicy

Kind = Literal["impression", "click", "cart", "purchase", "like", "hide", "rate"]

_WEIGHTS: dict[Kind, float] = {"click": 1.0, "like": 2.0, "cart": 2.0, "purchase": 3.0}


class RecommenderSettings(BaseModel):
    """How a tenant's recommendations behave; every field has a default that works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    consumed: list[Kind] = Field(
        default=["purchase"], description="kinds of interaction after which an item never returns; `hide` always is one"
    )
    weights: dict[Kind, Annotated[float, Field(ge=0, le=100)]] = Field(
        default=_WEIGHTS, description="what an interaction says of interest; kinds without a weight say nothing"
    )
    liked_rating: float = Field(default=4.0, description="a `rate` of at least this counts as a like")
    half_life_days: float = Field(default=7.0, gt=0, le=3_650, description="after which popularity counts half")
    fresh_days: float = Field(default=30.0, gt=0, le=3_650, description="how long an item counts as new")
    exploration: float = Field(default=0.05, ge=0, le=0.5, description="share of places given to chance, logged")
    diversity: float = Field(default=0.1, ge=0, le=1, description="0: by score alone; 1: as different as can be")
    category_cap: float = Field(
        default=0.6, gt=0, le=1, description="largest share of one category in a list, while other items remain"
    )
    retraining: RetrainingPolicy = Field(default=RetrainingPolicy(), description="when a new run is said to be due")


def settings_of(caller: TenantCaller) -> RecommenderSettings:
    """Return what the tenant has set."""
    return RecommenderSettings.model_validate(dict(caller.config))
