"""Guidelines in versions, searched and quoted to the character: no source, no answer."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from podion import CollectionSpec, Hit, Language, NotFound, TenantCaller
from podion_medical.suggestions import Evidence

MOST_CHARACTERS = 300_000
_SENTENCE = re.compile(r"[^.!?。！？\n\f]*(?:[.!?](?=\S)[^.!?。！？\n\f]*)*[.!?。！？]?")
_MOST_SENTENCES = 40
_WORD = re.compile(r"[a-z]{4,}|\d+")
_HAN = re.compile(r"[\u3400-\u9fff]+")


def _sound(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a null character: remove it")
    if not text.strip():
        raise ValueError("must hold more than white space")
    return text


class GuidelineIn(BaseModel):
    """A guideline of the tenant's; under an `id` that is there already it is the version that holds from now on."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(
        default="", max_length=100, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", description="empty: made up"
    )
    title: str = Field(min_length=1, max_length=500, pattern=r"\S")
    text: Annotated[str, AfterValidator(_sound)] = Field(
        min_length=1, max_length=MOST_CHARACTERS, description="kept to the character; form feeds part its pages"
    )
    version: str = Field(min_length=1, max_length=100, pattern=r"\S", description="yours, such as `2026-03`")
    url: str | None = Field(default=None, max_length=2_000)
    language: Language = "en"
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = Field(default=None, description="not quoted from then on")


class Guideline(BaseModel):
    """A guideline as it is kept, and who put it there."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    title: str
    text: str
    version: str
    url: str | None = None
    language: Language = "en"
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None
    filed_at: AwareDatetime
    filed_by: str


class GuidelineVersion(BaseModel):
    """A guideline as it was while an older version held: quotes of then are looked up here."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    guideline: Guideline


COLLECTION = CollectionSpec(name="guidelines", kind=Guideline, texts=("text",), filters=("language",))


async def file(caller: TenantCaller, sent: GuidelineIn) -> Guideline:
    """Keep a guideline; the version before stays readable and is quoted no more."""
    id = sent.id or caller.new_id("gdl")
    before = await _there(caller, id)
    if before is not None and before.version != sent.version:
        await caller.store.put(GuidelineVersion(id=_version_id(id, before.version), guideline=before))
    fresh = Guideline(id=id, filed_at=datetime.now(UTC), filed_by=caller.actor, **sent.model_dump(exclude={"id"}))
    return await caller.store.put(fresh)


async def read(caller: TenantCaller, id: str, version: str | None = None) -> Guideline:
    """Return a guideline, or an older version of it; raises `NotFound`."""
    if version is None:
        return await caller.store.get(Guideline, id)
    current = await _there(caller, id)
    if current is not None and current.version == version:
        return current
    return (await caller.store.get(GuidelineVersion, _version_id(id, version))).guideline


async def quotes(
    caller: TenantCaller, question: str, *, most: int, least: float, language: Language | None
) -> tuple[list[Evidence], float]:
    """Return the sentences of the tenant's guidelines that answer a question, best first, and the best score of all.

    Each hit of the search gives its nearest sentence; passages that fit less well than `least` give none.
    """
    hits = await caller.search(COLLECTION.name, question, most, None if language is None else {"language": language})
    near = [(hit, await _there(caller, hit.document)) for hit in hits if hit.score >= least]
    found = [
        await _quoted(caller, question, hit, guideline)
        for hit, guideline in near
        # Another may have come in between the search and now: what a quote says is what its version says.
        if guideline is not None and guideline.version == hit.version
    ]
    return found, max((hit.score for hit in hits), default=0.0)


def page_of(text: str, place: int) -> int | None:
    """Return the page, from 1, of a place in a text whose pages are parted by form feeds; None without any."""
    return text.count("\f", 0, place) + 1 if "\f" in text else None


def sentences_of(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the sentences of a stretch, as places in the text."""
    found = []
    for match in _SENTENCE.finditer(text, start, end):
        words = match.group()
        if any(letter.isalnum() for letter in words):
            first = match.start() + len(words) - len(words.lstrip())
            found.append((first, match.end() - (len(words) - len(words.rstrip()))))
    return found[:_MOST_SENTENCES]


def shared(question: str, sentence: str) -> float:
    """Return which part of a question's words (of Chinese, pairs of characters) a sentence has.

    A small base knows few of a trade's words, and of some languages none; who shares them answers nearer.
    """
    asked = _words(question)
    return len(asked & _words(sentence)) / len(asked) if asked else 0.0


def _words(text: str) -> set[str]:
    found = set(_WORD.findall(text.casefold()))
    for run in _HAN.findall(text):
        found |= {run[at : at + 2] for at in range(len(run) - 1)}
    return found


async def _quoted(caller: TenantCaller, question: str, hit: Hit, guideline: Guideline) -> Evidence:
    """Return the hit's sentence that is nearest to the question, quoted to the character."""
    places = sentences_of(guideline.text, hit.start, hit.end) or [(hit.start, hit.end)]
    start, end = places[0]
    if len(places) > 1:
        sentences = [guideline.text[a:b] for a, b in places]
        asked, *told = await caller.embed([question, *sentences])
        near = [
            sum(x * y for x, y in zip(asked, vector, strict=True)) + shared(question, sentence)
            for vector, sentence in zip(told, sentences, strict=True)
        ]
        start, end = places[near.index(max(near))]
    return Evidence(
        source="guideline",
        document=guideline.id,
        version=guideline.version,
        start=start,
        end=end,
        quote=guideline.text[start:end],
        title=guideline.title,
        url=guideline.url,
        page=page_of(guideline.text, start),
        score=hit.score,
    )


async def _there(caller: TenantCaller, id: str) -> Guideline | None:
    try:
        return await caller.store.get(Guideline, id)
    except NotFound:
        return None


def _version_id(id: str, version: str) -> str:
    """Return the id of an old version; versions may hold any character, ids may not."""
    return f"{id}.{version.encode('utf-8').hex()}"
