"""What a tenant has written for its customers: answer templates, curated answers, and articles to quote."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import Language, not_blank

_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")

Audience = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_-]+$")]
Id = Annotated[str, Field(max_length=100, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")]
SlotName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


Words = Annotated[
    str, Field(min_length=1, max_length=4_000, json_schema_extra={"pattern": r"\S"}), AfterValidator(not_blank)
]


class Written(BaseModel):
    """What every piece of knowledge has: an id, a language, and the time in which it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id = Field(default="", description="your own id; empty: made up. Sent again, it replaces what was there")
    locale: Language = Field(description="customers of this language are answered with it")
    valid_from: AwareDatetime | None = Field(default=None, description="says nothing before")
    valid_to: AwareDatetime | None = Field(default=None, description="says nothing from then on")

    def holds_at(self, moment: datetime) -> bool:
        """Return whether it may be said at a moment."""
        begun = self.valid_from is None or self.valid_from <= moment
        return begun and (self.valid_to is None or moment < self.valid_to)


class TemplateDraft(Written):
    """What to answer to an intent; `{order_number}` stands for the slot of that name."""

    intent: str = Field(min_length=1, max_length=200)
    variants: list[Words] = Field(
        min_length=1, max_length=20, description="ways to say it; a conversation keeps to one"
    )
    required_slots: list[SlotName] = Field(default=[], max_length=10, description="asked for when they are missing")
    approved_by: str | None = Field(
        default=None, min_length=1, max_length=200, description="null: never said to anyone"
    )

    @model_validator(mode="after")
    def _names_its_slots(self) -> Self:
        for variant in self.variants:
            unknown = sorted(set(_PLACEHOLDER.findall(variant)) - set(self.required_slots))
            if unknown:
                raise ValueError(f"{{{unknown[0]}}} is used and not among required_slots: add it there")
            if re.search(r"[{}]", _PLACEHOLDER.sub("", variant)):
                raise ValueError(f"a brace that opens no slot in {variant[:60]!r}: write {{slot_name}}")
        return self


class Template(TemplateDraft):
    """A template as it is kept; `version` counts its changes."""

    version: int = Field(default=1, ge=1)

    def missing(self, slots: Mapping[str, str]) -> list[str]:
        """Return the slots that it still needs, in its order."""
        return [name for name in self.required_slots if not slots.get(name)]

    def rendered(self, slots: Mapping[str, str], conversation: str) -> str:
        """Return the variant of a conversation, filled in; the same conversation always hears the same one."""
        place = int.from_bytes(hashlib.sha256(f"{conversation}/{self.id}".encode()).digest()[:4])
        return _PLACEHOLDER.sub(lambda match: slots[match[1]], self.variants[place % len(self.variants)])


class CuratedDraft(Written):
    """An answer that a person wrote for a question, given whenever a customer asks the same in other words."""

    questions: list[Words] = Field(min_length=1, max_length=50, description="ways in which customers ask it")
    answer: Words
    approved_by: str | None = Field(
        default=None, min_length=1, max_length=200, description="null: never said to anyone"
    )


class CuratedAnswer(CuratedDraft):
    """A curated answer as it is kept; `text` holds its questions for the search."""

    version: int = Field(default=1, ge=1)
    text: str = ""

    @model_validator(mode="before")
    @classmethod
    def _searchable(cls, values: Mapping[str, object]) -> dict[str, object]:
        questions = values.get("questions")
        return {**values, "text": "\n".join(map(str, questions)) if isinstance(questions, list) else ""}


class Article(Written):
    """A document that answers quote: a help page, a policy; with `question`, an entry of a FAQ."""

    title: str = Field(min_length=1, max_length=500)
    question: str = Field(
        default="", max_length=2_000, description="makes it a FAQ: found by this, answered with `text`"
    )
    text: str = Field(min_length=1, max_length=200_000, json_schema_extra={"pattern": r"\S"})
    url: str | None = Field(default=None, max_length=2_000, description="where a customer can read it")
    version: str = Field(
        default="1", min_length=1, max_length=100, description="your own version, shown with every quote"
    )
    audience: Audience = Field(default="customers", description="who may read it; only their questions find it")


class Source(BaseModel):
    """Where an answer comes from, to the character: `quote` is `field[start:end]` of that version."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["template", "curated", "article", "rule"]
    id: str
    title: str
    version: str
    url: str | None = None
    field: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    quote: str


def sayable(templates: Iterable[Template], locale: Language, now: datetime) -> list[Template]:
    """Return the templates that may be said now: approved, valid, in the customer's language."""
    return [each for each in templates if each.locale == locale and each.approved_by and each.holds_at(now)]


def best_template(templates: Sequence[Template], intent: str, slots: Mapping[str, str]) -> Template | None:
    """Return the template for an intent that lacks the fewest slots; of those, the one that uses the most."""
    fitting = [template for template in templates if template.intent == intent]
    return min(fitting, key=lambda t: (len(t.missing(slots)), -len(t.required_slots), t.id), default=None)


def template_source(template: Template, said: str) -> Source:
    """Return the source of a rendered template: what was said is the quote, with the slots filled in."""
    return Source(
        kind="template",
        id=template.id,
        title=template.intent,
        version=str(template.version),
        field="variants",
        start=0,
        end=len(said),
        quote=said,
    )


def curated_source(curated: CuratedAnswer) -> Source:
    """Return the source of a curated answer, which is quoted in full."""
    return Source(
        kind="curated",
        id=curated.id,
        title=curated.questions[0],
        version=str(curated.version),
        field="answer",
        start=0,
        end=len(curated.answer),
        quote=curated.answer,
    )


def article_source(article: Article, start: int, end: int) -> Source:
    """Return the source of a stretch of an article's text."""
    return Source(
        kind="article",
        id=article.id,
        title=article.title,
        version=article.version,
        url=article.url,
        field="text",
        start=start,
        end=end,
        quote=article.text[start:end],
    )
