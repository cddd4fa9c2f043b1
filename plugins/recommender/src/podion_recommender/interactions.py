"""What users did with items: as it is sent, and as it is kept."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import DataError
from podion_recommender.config import Kind, RecommenderSettings
from podion_recommender.schema import ID, ItemId, UserId

AHEAD = timedelta(hours=1)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

EventId = Annotated[str, Field(min_length=1, max_length=120, pattern=ID, examples=["evt-20260701-17"])]


class InteractionDraft(BaseModel):
    """One act of a user on an item."""

    model_config = ConfigDict(extra="forbid")

    event_id: EventId = Field(description="yours: the same one again is the same act, and changes nothing")
    user_id: UserId
    item_id: ItemId
    kind: Kind
    value: float | None = Field(
        default=None, ge=-1e9, le=1e9, description="of `rate`: the rating; else what it was worth"
    )
    at: AwareDatetime = Field(description="when it happened; at most an hour ahead of the clock")
    slate_id: str | None = Field(default=None, max_length=128, pattern=ID, description="the slate it was shown in")
    position: int | None = Field(default=None, ge=0, le=10_000, description="its place in that slate, from 0")

    def check_time(self, now: datetime) -> None:
        """Raise `DataError` for an act that cannot have happened yet, or not in this age."""
        if self.at > now + AHEAD:
            raise DataError(
                f"{self.event_id} happened at {self.at.isoformat()}, more than an hour ahead of "
                f"{now.isoformat(timespec='seconds')}: send the time with its zone",
                code="from_the_future",
            )
        if self.at < EARLIEST:
            raise DataError(f"{self.event_id} happened before 1990: send when it happened", code="too_old")

    def kept(self) -> "Interaction":
        """Return it as it is kept."""
        return Interaction(id=self.event_id, **self.model_dump(exclude={"event_id"}))


class Interaction(BaseModel):
    """One act of a user on an item, as it is kept."""

    id: str = Field(default="", description="its event_id")
    user_id: str
    item_id: str
    kind: Kind
    value: float | None = None
    at: AwareDatetime
    slate_id: str | None = None
    position: int | None = None


def weight_of(act: Interaction, settings: RecommenderSettings) -> float:
    """Return what an act says of interest, 0 for nothing: a rating that is good enough counts as a like."""
    if act.kind == "rate":
        liked = act.value is not None and act.value >= settings.liked_rating
        return settings.weights.get("rate", settings.weights.get("like", 0.0)) if liked else 0.0
    return settings.weights.get(act.kind, 0.0)


def bars(act: Interaction, settings: RecommenderSettings) -> bool:
    """Return whether the item may never return to this user."""
    return act.kind == "hide" or act.kind in settings.consumed
