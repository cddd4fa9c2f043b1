"""What a task answers, as every client sees it."""

from typing import Generic

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny
from typing_extensions import TypeVar


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


class SpanAnswer(Answer):
    """The marked stretches of a text, in reading order."""

    spans: tuple[Span, ...] = ()


AnswerT = TypeVar("AnswerT", bound=Answer, default=Answer)


class Prediction(BaseModel, Generic[AnswerT]):
    """The answers to one call, one a record and in the order sent."""

    task: str = Field(description="vertical/task")
    adapter: str = Field(description="the adapter version that answered, or `zero-shot`")
    answers: list[SerializeAsAny[AnswerT]]
