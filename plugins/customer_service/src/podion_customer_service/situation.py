"""What is known when the bot decides: the conversation so far, and what was found about the new message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from podion import LabelAnswer, Language, language_of
from podion_customer_service.config import ServiceSettings
from podion_customer_service.conversation import Conversation
from podion_customer_service.folding import folded
from podion_customer_service.knowledge import Article, CuratedAnswer, Source, Template, article_source
from podion_customer_service.phrases import corrects, picks, says_yes
from podion_customer_service.shapes import Shape, found

_LEFT_OVER = 3
"""Characters that may stand around a value in a message that is nothing but the value."""


@dataclass(frozen=True, kw_only=True)
class Similar:
    """A curated answer, and how near its nearest question is."""

    curated: CuratedAnswer
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of an article's text that fits, how well, and how near its question is (0: it has none)."""

    article: Article
    start: int
    end: int
    score: float
    similarity: float = 0.0

    @property
    def source(self) -> Source:
        """What an answer cites."""
        return article_source(self.article, self.start, self.end)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was found about a message. `intent` is None while nothing can tell intents; best matches come first.

    `upset` is how sure the model is that the writer is upset; None where it was not asked.
    """

    text: str
    at: datetime
    intent: LabelAnswer | None = None
    marked: Mapping[str, str] | None = None
    upset: float | None = None
    curated: tuple[Similar, ...] = ()
    templates: tuple[Template, ...] = ()
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A message in its conversation."""

    conversation: Conversation
    evidence: Evidence
    settings: ServiceSettings

    @cached_property
    def language(self) -> Language:
        """The language to answer in: of the message, else of the conversation, else the tenant's."""
        return language_of(self.evidence.text) or self.conversation.language or self.settings.language

    @cached_property
    def said(self) -> Mapping[str, str]:
        """The slots that this message fills: what the model marked, then what has the shape of a slot."""
        text, values = self.evidence.text, dict(self.evidence.marked or {})
        for name, rule in self.settings.slots.items():
            if name not in values and rule.shape is not None:
                span = found(rule.shape, text, asked=name == self.conversation.awaiting and self._may_be(rule.shape))
                values.update({name: text[span.start : span.end]} if span else {})
        return values

    def _may_be(self, shape: Shape) -> bool:
        """Whether the message may be a value; free text that asks for something else is none."""
        return shape is not Shape.TEXT or self.understood in (None, self.conversation.intent)

    @cached_property
    def slots(self) -> Mapping[str, str]:
        """All slots that are filled; the newest value of each."""
        return {**self.conversation.slots, **self.said}

    @property
    def understood(self) -> str | None:
        """The intent of the message, if it is clear enough to act on."""
        intent = self.evidence.intent
        clear = intent is not None and not intent.abstained and intent.confidence >= self.settings.sure
        return intent.label if intent is not None and clear else None

    @property
    def picked(self) -> str | None:
        """The intent that the customer chose out of those that the bot offered."""
        options = self.conversation.clarification.options if self.conversation.clarification else ()
        if len(options) == 1 and says_yes(self.evidence.text):
            return options[0]
        if (place := picks(self.evidence.text)) is not None:
            return options[place] if place < len(options) else None
        plain = folded(self.evidence.text)
        named = [each for each in options if plain == folded(self.settings.title(each, self.language))]
        return named[0] if named else None

    @property
    def topic(self) -> str | None:
        """The intent that the answer should be about: chosen, gone on with, or understood."""
        return self.picked or (self.conversation.intent if self.goes_on else self.understood)

    @property
    def goes_on(self) -> bool:
        """Whether the message belongs to what the conversation is about: it gives or corrects a detail of it."""
        before = self.conversation
        if before.intent is None:
            return False
        other = self.understood not in (None, before.intent)
        if before.awaiting is not None and (not other or before.awaiting in self.said):
            return True
        renewed = any(before.slots.get(name) != value for name, value in self.said.items())
        return renewed and (not other or self._is_bare or corrects(self.evidence.text))

    @property
    def _is_bare(self) -> bool:
        left = self.evidence.text
        for value in self.said.values():
            left = left.replace(value, "", 1)
        return len(left.strip()) <= _LEFT_OVER
