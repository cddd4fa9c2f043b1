"""What the tenant's knowledge says to a message: the part of an answer that waits for the store and the searches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from podion import Hit, LabelAnswer, Language, NotFound, TenantCaller, language_of
from podion_customer_service.config import ServiceSettings
from podion_customer_service.conversation import Conversation
from podion_customer_service.folding import folded
from podion_customer_service.knowledge import Article, CuratedAnswer, Template
from podion_customer_service.parsing import intent_slots_and_mood
from podion_customer_service.phrases import corrects
from podion_customer_service.situation import Evidence, Passage, Similar

ARTICLES = "articles"
CURATED = "curated_answers"

KindT = TypeVar("KindT", Article, CuratedAnswer)

_CANDIDATES = 3
_LONGEST_QUOTE = 600


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A message as the models read it; the same whatever the conversation was before."""

    text: str
    intent: LabelAnswer | None
    marked: dict[str, str]
    upset: float | None = None


async def hear(caller: TenantCaller, text: str, settings: ServiceSettings) -> Heard:
    """Return what the tenant's models make of a message; they are asked together, so that one pass serves all.

    A message that corrects (`no, I meant …`) is no sign of a mood, and sounds like one to the model: it is not asked.
    """
    with_mood = settings.mood and not corrects(text)
    intent, marked, upset = await intent_slots_and_mood(caller, text, with_mood=with_mood)
    return Heard(text=text, intent=intent, marked=marked, upset=upset)


async def gather(caller: TenantCaller, conversation: Conversation, heard: Heard, settings: ServiceSettings) -> Evidence:
    """Return everything that the decision about a message may need."""
    language = language_of(heard.text) or conversation.language or settings.language
    templates, (curated, passages) = await asyncio.gather(
        _templates(caller, _intents(conversation, heard.intent)),
        _written(caller, heard.text, language, conversation.audience),
    )
    return Evidence(
        text=heard.text,
        at=datetime.now(UTC),
        intent=heard.intent,
        marked=heard.marked,
        upset=heard.upset,
        curated=curated,
        templates=templates,
        passages=passages,
    )


def _intents(conversation: Conversation, intent: LabelAnswer | None) -> list[str]:
    """Return the intents that a message can turn out to be about."""
    offered = conversation.clarification.options if conversation.clarification else ()
    named = [intent.label if intent else None, conversation.intent, *offered]
    return [each for each in dict.fromkeys(named) if each]


async def _templates(caller: TenantCaller, intents: Sequence[str]) -> tuple[Template, ...]:
    pages = await asyncio.gather(*(caller.store.list(Template, {"intent": each}, limit=200) for each in intents))
    return tuple(template for page in pages for template in page.data)


async def _written(
    caller: TenantCaller, text: str, language: Language, audience: str
) -> tuple[tuple[Similar, ...], tuple[Passage, ...]]:
    """Return curated answers and passages: searches propose them, and the cosine of questions says what is the same."""
    mine = {"locale": language}
    proposed, hits = await asyncio.gather(
        caller.search(CURATED, text, k=_CANDIDATES, where=mine),
        caller.search(ARTICLES, text, k=_CANDIDATES, where={**mine, "audience": audience}),
    )
    curated = [each for hit in proposed if (each := await _still_there(caller, CuratedAnswer, hit))]
    articles = [(hit, article) for hit in hits if (article := await _still_there(caller, Article, hit))]
    passages = [passage for hit, article in articles if (passage := passage_of(article, hit))]
    questions = [question for each in curated for question in each.questions]
    questions += [passage.article.question for passage in passages if passage.article.question]
    near = await _nearness(caller, text, questions)
    similar = [Similar(curated=each, similarity=max(near[question] for question in each.questions)) for each in curated]
    return (
        tuple(sorted(similar, key=lambda each: -each.similarity)),
        tuple(replace(each, similarity=near.get(each.article.question, 0.0)) for each in passages),
    )


async def _nearness(caller: TenantCaller, text: str, questions: Sequence[str]) -> dict[str, float]:
    """Return the cosine of a text with each question; 1 where the words are the same."""
    if not questions:
        return {}
    asked, *vectors = await caller.embed([text, *questions])
    cosines = [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in vectors]
    pairs = zip(questions, cosines, strict=True)
    return {question: 1.0 if folded(question) == folded(text) else cosine for question, cosine in pairs}


async def _still_there(caller: TenantCaller, kind: type[KindT], hit: Hit) -> KindT | None:
    try:
        return await caller.store.get(kind, hit.document)
    except NotFound:
        return None


def passage_of(article: Article, hit: Hit) -> Passage | None:
    """Return the stretch that answers; None when the article does not hold what was found in it any more.

    A FAQ is found by its question and answered with the beginning of its text.
    """
    if str(getattr(article, hit.field, ""))[hit.start : hit.end] != hit.quote:
        return None
    if hit.field != "text":
        return Passage(article=article, start=0, end=_end_of_quote(article.text), score=hit.score)
    return Passage(article=article, start=hit.start, end=hit.end, score=hit.score)


def _end_of_quote(text: str) -> int:
    """Return where a quote from the beginning ends: with the text, or with the last sentence that fits."""
    if len(text) <= _LONGEST_QUOTE:
        return len(text)
    ends = [
        text.rfind(sign, 0, _LONGEST_QUOTE) + len(sign)
        for sign in (". ", "。", "！", "\n")
        if sign in text[:_LONGEST_QUOTE]
    ]
    return max(ends, default=_LONGEST_QUOTE)
