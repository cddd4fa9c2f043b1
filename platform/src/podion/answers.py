"""What a task answers and a search finds, as every client sees it."""

from typing import Any, Generic

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SerializeAsAny
from typing_extensions import TypeVar

ItemT = TypeVar("ItemT", bound=BaseModel, default=BaseModel)


class Span(BaseModel):
    """A marked stretch of a text: characters of the text as sent, end exclusive."""

    model_config = ConfigDict(frozen=True)

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    label: str = Field(min_length=1)


class Answer(BaseModel):
    """What every answer carries: its id for feedback, how sure it is, and whether it holds back."""

    model_config = ConfigDict(frozen=True)

    prediction_id: str = Field(default="", description="name it in feedback")
    confidence: float = Field(ge=0, le=1, description="calibrated on data the adapter did not learn from")
    abstained: bool = Field(default=False, description="true: below the threshold, do not act on this answer")


class Alternative(BaseModel):
    """A label and how probable it is."""

    model_config = ConfigDict(frozen=True)

    label: str
    confidence: float = Field(ge=0, le=1)


class LabelAnswer(Answer):
    """One label out of the task's label space, with the runners-up."""

    label: str
    alternatives: tuple[Alternative, ...] = ()
    possible: tuple[str, ...] = Field(
        default=(),
        description="labels that hold the truth as often as the task promises, most probable first, the answer's own"
        " among them; empty where it promises nothing",
    )


FeatureValue = int | float | str | bool | None
"""A column's value as a head read it: a number, the name of a category, a truth; None where it is missing."""


class Contribution(BaseModel):
    """What one column, or the text, adds to an answer's log-odds, against the average training row."""

    model_config = ConfigDict(frozen=True)

    feature: str = Field(description="the column; `text` for what the text adds")
    value: FeatureValue = Field(default=None, description="as it was read; null: missing")
    logit: float = Field(description="above 0 it speaks for the label that is looked for")
    bin: str = Field(default="", description="the range or category that the value falls into, in words")


class BinContribution(BaseModel):
    """What a column adds to the log-odds while its value is in a bin, on average over the columns that it acts with."""

    model_config = ConfigDict(frozen=True)

    feature: str
    bin: str
    logit: float


class ContributionsAnswer(LabelAnswer):
    """A label with the exact sum behind it: `base_logit` and every contribution add up to `logit`, within 1e-4.

    `logit` is the log-odds, after calibration, of the label that the task looks for. `table` is the whole model, told
    only with the answer to a record without any value and text.
    """

    logit: float
    base_logit: float
    contributions: tuple[Contribution, ...] = Field(default=(), description="what speaks most for the label first")
    table: tuple[BinContribution, ...] = ()


class SpanAnswer(Answer):
    """The marked stretches of a text, in reading order, and how sure each is: one of `confidences` a span."""

    spans: tuple[Span, ...] = ()
    confidences: tuple[float, ...] = Field(default=(), description="one a span, in their order")


class LabelsAnswer(Answer):
    """Every label whose probability reaches its own threshold, most probable first; possibly none."""

    labels: tuple[Alternative, ...] = ()
    alternatives: tuple[Alternative, ...] = Field(default=(), description="the nearest below their thresholds")


class NumberAnswer(Answer):
    """A number, and the interval that holds the truth nine times in ten."""

    value: float
    low: float
    high: float


class RankedItem(BaseModel):
    """One thing of a ranking, and how it scored: higher is better, comparable within one ranking alone."""

    model_config = ConfigDict(frozen=True)

    item_id: str
    score: float = Field(allow_inf_nan=False)
    source: str = Field(default="", description="what found it")


class RankingAnswer(Answer):
    """Labels as things to choose from, best first: as many as were asked for, out of all that the adapter knows."""

    items: tuple[RankedItem, ...] = ()


AnswerT = TypeVar("AnswerT", bound=Answer, default=Answer)


class Prediction(BaseModel, Generic[AnswerT]):
    """The answers to one call, one a record and in the order sent."""

    task: str = Field(description="vertical/task")
    adapter: str = Field(description="the adapter version that answered, or `zero-shot`")
    answers: list[SerializeAsAny[AnswerT]]


class AdapterCard(BaseModel):
    """An adapter version of a tenant: how it was made, how it measured, whether it serves."""

    model_config = ConfigDict(frozen=True)

    adapter: str = Field(description="SHA-256 of its content")
    method: str
    base: str
    live: bool = Field(description="true for the version that answers now")
    created_at: AwareDatetime
    metrics: dict[str, Any] = Field(default_factory=dict, description="of `validation` and `test` rows")


class Document(BaseModel):
    """A text that a tenant puts into a collection, to be found and cited."""

    id: str = Field(
        default="", max_length=128, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", description="empty: made up"
    )
    title: str = Field(default="", max_length=500)
    text: str = Field(max_length=500_000, pattern=r"\S")
    url: str | None = Field(default=None, max_length=2_000, description="where a reader finds it")
    version: str = Field(default="1", max_length=100, description="the tenant's own version, shown with every quote")
    valid_from: AwareDatetime | None = Field(default=None, description="not found before")
    valid_to: AwareDatetime | None = Field(default=None, description="not found from then on")


class Hit(BaseModel):
    """A stretch of a tenant's document that fits a query: what an answer cites."""

    model_config = ConfigDict(frozen=True)

    document: str = Field(description="the document's id")
    version: str = Field(description="the version of the document that says so")
    title: str = ""
    url: str | None = None
    field: str = Field(default="text", description="the document's field that the stretch stands in")
    start: int = Field(ge=0, description="first character of the stretch in that field")
    end: int = Field(ge=0, description="end of the stretch, exclusive")
    quote: str = Field(description="the stretch, to the character")
    score: float = Field(ge=0, le=1, description="how well it fits; comparable within one collection")


class Deed(BaseModel):
    """One thing that was done in a tenant's name, as the audit has it."""

    model_config = ConfigDict(frozen=True)

    id: str
    at: AwareDatetime
    actor: str = Field(description="the id of the key that did it")
    action: str = Field(description="the vertical and what was done: `medical.note.read`")
    target: str = Field(description="the id of what it was done to")


class Page(BaseModel, Generic[ItemT]):
    """A page of a list, newest first."""

    data: list[ItemT]
    next: str | None = Field(default=None, description="cursor of the next page; null at the end")
