"""Articles as they come and as they are kept, with what was read out of them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import DataError, Personal
from podion_sentiment_monitor.counters import LONGEST_NAME

ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
AHEAD = timedelta(hours=1)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
READ = 2_000
"""Characters of title and body that the heads read; an opinion is told at the beginning."""

DocId = Annotated[str, Field(min_length=1, max_length=120, pattern=ID, examples=["reuters-20260701-17"])]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\s|]([^|]*[^\s|])?$")]


class Labels(BaseModel):
    """What somebody says of an article; what is left out is left to the models."""

    model_config = ConfigDict(extra="forbid")

    sentiment: Name | None = None
    topics: list[Name] | None = Field(default=None, max_length=50)
    entities: dict[Name, Name] | None = Field(default=None, max_length=50, description="entity → sentiment towards it")
    intensity: float | None = Field(default=None, ge=-1, le=1)

    def over(self, before: "Labels") -> "Labels":
        """Return what is said by both, by this one where they differ."""
        return Labels.model_validate(before.model_dump() | self.model_dump(exclude_none=True))


class ArticleDraft(BaseModel):
    """An article as it is sent."""

    model_config = ConfigDict(extra="forbid")

    doc_id: DocId = Field(description="yours: the same one again is the same article")
    source: Name = Field(description="who published it", examples=["reuters.com"])
    url: str | None = Field(
        default=None, max_length=2_000, pattern=r"^https?://\S+$", examples=["https://example.org/1"]
    )
    published_at: AwareDatetime = Field(description="what is counted; at most an hour ahead of the clock")
    fetched_at: AwareDatetime | None = Field(default=None, description="when you got it; default: now")
    lang: str | None = Field(default=None, max_length=35, description="language tag such as `en` or `zh`; only kept")
    title: str = Field(default="", max_length=1_000)
    body: str = Field(default="", max_length=100_000)
    reach: float = Field(default=1, ge=0, le=1e12, description="how many it reached, or just 1")
    labels: Labels | None = Field(default=None, description="what a person said of it; the models say the rest")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.title + self.body).strip():
            raise ValueError("title or body must hold more than white space")
        return self

    def check_time(self, now: datetime) -> None:
        """Raise `DataError` for an article that cannot have been published yet, or in this age."""
        if self.published_at > now + AHEAD:
            raise DataError(
                f"{self.doc_id} is published at {self.published_at.isoformat()}, more than an hour ahead of "
                f"{now.isoformat(timespec='seconds')}: send the time with its zone",
                code="from_the_future",
            )
        if self.published_at < EARLIEST:
            raise DataError(f"{self.doc_id} is published before 1990: send its time of publication", code="too_old")


class TowardsEntity(BaseModel):
    """The sentiment towards one watched entity, and where the text names it (characters, end exclusive)."""

    entity: str
    sentiment: str | None = Field(description="null: several are named, and nobody has learned to tell them apart")
    confidence: float | None = None
    mentions: list[tuple[int, int]] = []
    by: Literal["model", "text", "label"] = Field(
        default="model", description="`text`: the only entity named, so the whole text's sentiment; `label`: a person"
    )


class TopicFound(BaseModel):
    """A topic and how probable it is."""

    topic: str
    confidence: float


class Reading(BaseModel):
    """What the heads, and people, say of an article."""

    sentiment: str | None = Field(default=None, description="null while nothing can answer")
    confidence: float | None = None
    abstained: bool = Field(default=False, description="true: counted as `unsure`")
    topics: list[TopicFound] = []
    entities: list[TowardsEntity] = []
    intensity: float | None = None
    interval: tuple[float, float] | None = Field(default=None, description="holds the intensity nine times in ten")
    predictions: dict[str, str] = Field(default={}, description="task → prediction_id, for feedback")
    adapters: dict[str, str] = Field(default={}, description="task → the version that answered")

    def counted_sentiment(self) -> str:
        """Return the sentiment that is counted: empty where none is known, `unsure` where the head held back."""
        return "" if self.sentiment is None else "unsure" if self.abstained else self.sentiment


class Article(BaseModel):
    """An article as it is kept."""

    id: str = Field(default="", description="its doc_id")
    source: str
    url: str | None = None
    published_at: AwareDatetime
    fetched_at: AwareDatetime
    lang: str | None = None
    title: Annotated[str, Personal()] = ""
    body: Annotated[str, Personal()] = ""
    reach: float = 1
    digest: str = Field(default="", description="of title and body as they came")
    labels: Labels = Labels()
    reading: Reading = Reading()

    @property
    def text(self) -> str:
        """What the heads read of it."""
        return text_of(self.title, self.body)


def text_of(title: str, body: str) -> str:
    """Return title and body as one text, as far as heads read it."""
    return "\n".join(part for part in (title.strip(), body.strip()) if part)[:READ]


def digest_of(draft: ArticleDraft) -> str:
    """Return what tells whether the same doc_id comes with another text."""
    return hashlib.sha256(f"{draft.title}\0{draft.body}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def labelled(reading: Reading, labels: Labels) -> Reading:
    """Return a reading in which a person's word stands above the models'."""
    changes: dict[str, object] = {}
    if labels.sentiment is not None:
        changes |= {"sentiment": labels.sentiment, "confidence": 1.0, "abstained": False}
    if labels.topics is not None:
        changes["topics"] = [TopicFound(topic=topic, confidence=1.0) for topic in dict.fromkeys(labels.topics)]
    if labels.entities is not None:
        places = {each.entity: each.mentions for each in reading.entities}
        said = [
            TowardsEntity(entity=name, sentiment=towards, confidence=1.0, mentions=places.get(name, []), by="label")
            for name, towards in labels.entities.items()
        ]
        changes["entities"] = said + [each for each in reading.entities if each.entity not in labels.entities]
    if labels.intensity is not None:
        changes |= {"intensity": labels.intensity, "interval": None}
    return reading.model_copy(update=changes)
