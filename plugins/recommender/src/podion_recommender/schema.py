"""Items, and what the sequence model reads and answers: a user's visit in, a ranking of the whole catalogue out."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from podion import RankedItem, RankingAnswer, not_blank

__all__ = [
    "Category",
    "FreshItem",
    "Item",
    "ItemId",
    "Moment",
    "RankedItem",
    "RankingAnswer",
    "Step",
    "Tag",
    "UserId",
    "Visit",
]

ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
LONGEST_ID = 100
LONGEST_PAST = 200
"""Steps that the model and the profile look back."""


ItemId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=ID, examples=["sku-1042"])]
UserId = Annotated[
    str, Field(min_length=1, max_length=LONGEST_ID, pattern=ID, examples=["u-7f3a"], description="yours; no name in it")
]
_PLAIN = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
"""Something to read, and no control characters: items are looked up by these."""

Tag = Annotated[str, Field(min_length=1, max_length=80, pattern=_PLAIN)]
Category = Annotated[str, Field(min_length=1, max_length=120, pattern=_PLAIN)]


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When an item was made of which a catalogue's file does not say it: not lately."""


def _parted(tags: Any) -> Any:
    """Return the tags of a table's cell, which stand there with `|` between them."""
    return [tag.strip() for tag in tags.split("|") if tag.strip()] if isinstance(tags, str) else tags


class Item(BaseModel):
    """A thing that may be recommended, as it is kept."""

    id: str = Field(default="", max_length=LONGEST_ID, description="its item_id")
    title: Annotated[
        str, Field(min_length=1, max_length=300, json_schema_extra={"pattern": r"\S"}), AfterValidator(not_blank)
    ]
    text: str = Field(default="", max_length=5_000)
    tags: Annotated[list[Tag], BeforeValidator(_parted)] = Field(default=[], max_length=50)
    category: Category | None = None
    price: float | None = Field(default=None, ge=0, le=1e12)
    created_at: AwareDatetime = _LONG_AGO
    valid_from: AwareDatetime | None = Field(default=None, description="not shown before")
    valid_to: AwareDatetime | None = Field(default=None, description="not shown from then on")
    hidden: bool = False

    def may_be_shown(self, now: datetime) -> bool:
        """Return whether the item is neither hidden, nor expired, nor not yet valid."""
        begun = self.valid_from is None or self.valid_from <= now
        return begun and not self.hidden and (self.valid_to is None or now < self.valid_to)

    @property
    def words(self) -> str:
        """What a text encoder reads of it: title, category, tags and text."""
        parts = (self.title, self.category or "", ", ".join(self.tags), self.text)
        return ". ".join(part.strip() for part in parts if part.strip())


def _moment(value: Any) -> Any:
    """Return a time, an ISO 8601 text or a number as a number: seconds since 1970 in UTC, or what it was."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            value = datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return value


Moment = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_moment)]
"""When: seconds since 1970 in UTC, or any number that grows with time. Takes datetimes and ISO 8601 texts, too."""


class Step(BaseModel):
    """One item of a user's past, and when."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    item_id: str = Field(min_length=1, max_length=200)
    at: Moment


class FreshItem(BaseModel):
    """An item that the adapter has never seen, by the vector of its text as `podion_recommender.vectors` writes it."""

    model_config = ConfigDict(frozen=True)

    item_id: str = Field(min_length=1, max_length=200)
    vector: str = Field(min_length=4, max_length=30_000, description="base64 of little-endian float16 numbers")


class Visit(BaseModel):
    """A user at a moment, and the item that came next; the history fills in the past of a row of a data set.

    What stands in `past` or `exclude` is never answered. `past` is oldest first, `fresh` are items beside those that
    the adapter knows.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    user_id: str = Field(min_length=1, max_length=200)
    item_id: str | None = Field(default=None, min_length=1, max_length=200, description="what the user took: the label")
    timestamp: Moment = Field(description="a time, or any number that grows with it")
    past: tuple[Step, ...] | None = Field(default=None, max_length=LONGEST_PAST, description="oldest first")
    exclude: tuple[str, ...] = Field(default=(), max_length=20_000, description="never answered")
    fresh: tuple[FreshItem, ...] = Field(default=(), max_length=2_000, description="scored by their texts")
    count: int = Field(default=100, ge=1, le=1_000, description="how many are wanted")
