"""What customers write, as records: utterances with an intent, utterances with marked slots, and the parse request."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from podion import Personal, Span, not_blank

TEXT_LIMIT = 2_000
TEXTS_LIMIT = 256


CustomerText = Annotated[
    str,
    Field(min_length=1, max_length=TEXT_LIMIT, json_schema_extra={"pattern": r"\S"}),
    AfterValidator(not_blank),
    Personal(),
]
"""Text as the customer sent it. It is kept to the character, white space included, because spans count characters."""


class Utterance(BaseModel):
    """One thing a customer wrote; training records carry a label, or are marked as out of scope."""

    text: CustomerText = Field(description="what the customer wrote")
    label: str | None = Field(default=None, min_length=1, max_length=200, description="the intent; left out if unknown")
    oos: bool = Field(default=False, description="true: belongs to no intent, the answer should abstain")
    lang: str | None = Field(default=None, max_length=35, description="language tag such as `en` or `zh`; only kept")
    conversation_id: str | None = Field(default=None, max_length=200, description="the conversation it is taken from")


class MoodyUtterance(BaseModel):
    """One thing a customer wrote, and in what mood; training records carry a label."""

    text: CustomerText = Field(description="what the customer wrote")
    label: Literal["calm", "upset"] | None = Field(default=None, description="the mood; left out if unknown")
    lang: str | None = Field(default=None, max_length=35, description="language tag such as `en` or `zh`; only kept")
    conversation_id: str | None = Field(default=None, max_length=200, description="the conversation it is taken from")


class MarkedUtterance(BaseModel):
    """One thing a customer wrote with its slots marked: `[]` where there are none, None where nobody looked."""

    text: CustomerText = Field(description="what the customer wrote")
    spans: list[Span] | None = Field(default=None, max_length=500, description="stretches of the text, end exclusive")
    lang: str | None = Field(default=None, max_length=35, description="language tag such as `en` or `zh`; only kept")

    @field_validator("spans", mode="after")
    @classmethod
    def _lie_in_the_text(cls, spans: list[Span] | None, info: ValidationInfo) -> list[Span] | None:
        length = len(info.data.get("text", ""))
        end = 0
        for span in sorted(spans or [], key=lambda span: (span.start, span.end)):
            if "text" in info.data and not span.start < span.end <= length:
                raise ValueError(
                    f"{span.label} [{span.start}, {span.end}) must be a stretch of the text, "
                    f"which has {length} characters (end exclusive)"
                )
            if span.start < end:
                raise ValueError(f"{span.label} [{span.start}, {span.end}) overlaps another span: keep one")
            end = span.end
        return spans


class ParseRequest(BaseModel):
    """One utterance as `text`, or several as `texts`."""

    model_config = ConfigDict(extra="forbid")

    text: CustomerText | None = Field(default=None, description="one utterance")
    texts: list[CustomerText] | None = Field(
        default=None, min_length=1, max_length=TEXTS_LIMIT, description="several utterances, answered in this order"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.texts is None):
            raise ValueError("send either `text` (one utterance) or `texts` (a list of them)")
        return self

    def utterances(self) -> list[Utterance]:
        """Return the records to predict, in the order sent."""
        texts = [self.text] if self.text is not None else self.texts or []
        return [Utterance(text=text) for text in texts]
