"""Texts with what a person says of them: what the four heads learn from, and what an entity's head answers."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from podion import Answer, Personal, not_blank

TEXT_LIMIT = 8_000
ENTITIES_LIMIT = 50


ArticleText = Annotated[
    str,
    Field(min_length=1, max_length=TEXT_LIMIT, json_schema_extra={"pattern": r"\S"}),
    AfterValidator(not_blank),
    Personal(),
]
"""A headline, a post, or a title and its text, kept to the character, because mentions count characters."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
Language = Annotated[str, Field(max_length=35, description="language tag such as `en` or `zh`; only kept")]
Story = Annotated[
    str, Field(max_length=200, description="texts of one story never stand on both sides of a split; empty: alone")
]


class ToneRecord(BaseModel):
    """A text and the sentiment of the whole of it."""

    text: ArticleText = Field(description="what was published")
    label: str | None = Field(default=None, min_length=1, max_length=200, description="negative, neutral, positive, …")
    lang: Language | None = None
    story: Story | None = None


class TopicRecord(BaseModel):
    """A text and everything it is about: `[]` says that it is about nothing on the list, None that nobody looked."""

    text: ArticleText = Field(description="what was published")
    label: list[Name] | None = Field(default=None, max_length=100, description="its topics; one may come as a string")
    lang: Language | None = None
    story: Story | None = None

    @field_validator("label", mode="before")
    @classmethod
    def _one_is_a_list(cls, label: Any) -> Any:
        return [label] if isinstance(label, str) and label else label


class IntensityRecord(BaseModel):
    """A text and how strong its sentiment is, from -1 (as bad as can be) to 1."""

    text: ArticleText = Field(description="what was published")
    label: float | None = Field(default=None, ge=-1, le=1, description="-1 to 1; left out if nobody judged it")
    lang: Language | None = None
    story: Story | None = None


class EntityLabel(BaseModel):
    """An entity, by a name that stands in the text, and the sentiment towards it."""

    model_config = ConfigDict(frozen=True)

    entity: Name
    sentiment: Name

    @property
    def label(self) -> str:
        """The sentiment: what a dataset counts."""
        return self.sentiment


class EntityMentions(BaseModel):
    """A text and the entities it names; training records say the sentiment towards each, as a mapping by name.

    `label` says the same as a list, and is filled in from the mapping.
    """

    text: ArticleText = Field(description="what was published")
    entities: list[Name] | dict[Name, Name] = Field(
        default=[], max_length=ENTITIES_LIMIT, description="names in the text, or name → sentiment"
    )
    label: list[EntityLabel] | None = Field(default=None, max_length=ENTITIES_LIMIT)
    lang: Language | None = None
    story: Story | None = None

    @model_validator(mode="after")
    def _labels_of_the_mapping(self) -> Self:
        if self.label is None and isinstance(self.entities, dict) and self.entities:
            self.label = [EntityLabel(entity=name, sentiment=said) for name, said in self.entities.items()]
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The entities asked for, in the order given; those of the label where none is named otherwise."""
        named = tuple(self.entities)
        return named or tuple(each.entity for each in self.label or ())


class EntitySentiment(BaseModel):
    """The sentiment towards one entity of a text, and where the text mentions it (characters, end exclusive)."""

    model_config = ConfigDict(frozen=True)

    entity: str
    sentiment: str
    confidence: float = Field(ge=0, le=1)
    mentions: tuple[tuple[int, int], ...] = ()


class EntitySentimentAnswer(Answer):
    """The sentiment towards each entity asked for, in the order asked; `confidence` is of the least certain."""

    entities: tuple[EntitySentiment, ...] = ()


Tone = Literal["negative", "neutral", "positive"]
