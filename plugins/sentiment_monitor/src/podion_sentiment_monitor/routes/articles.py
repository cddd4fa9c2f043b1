"""`/articles`: taken in by batch or as JSON lines, read, corrected, deleted; and `/analyze`."""

import json
from typing import Annotated, Self

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from podion import Caller, DataError, DocumentId, Fault, Gone, TooLarge, answer_like, requires
from podion_sentiment_monitor.articles import Article, ArticleDraft, Labels, Reading
from podion_sentiment_monitor.filing import Filed
from podion_sentiment_monitor.ingest import MOST_ARTICLES, Outcome, Taken, correct, remove, take_in
from podion_sentiment_monitor.listing import found
from podion_sentiment_monitor.reading import read, spotter_of
from podion_sentiment_monitor.schema import ArticleText

router = APIRouter()

_READING = {
    "sentiment": "negative",
    "confidence": 0.91,
    "abstained": False,
    "topics": [{"topic": "deposit safety", "confidence": 0.88}],
    "entities": [
        {"entity": "Harbour Bank", "sentiment": "negative", "confidence": 0.9, "mentions": [[0, 12]], "by": "model"}
    ],
    "intensity": -0.7,
    "interval": [-1.0, -0.4],
    "predictions": {"sentiment": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"},
    "adapters": {"sentiment": "zero-shot"},
}
_DRAFT = {
    "doc_id": "herald-20260701-17",
    "source": "herald.example",
    "url": "https://herald.example/17",
    "published_at": "2026-07-01T14:05:00Z",
    "lang": "en",
    "title": "Harbour Bank customers queue after transfer delays",
    "body": "Dozens of customers queued outside branches of Harbour Bank on Wednesday.",
    "reach": 1200,
}
_TAKEN = {"doc_id": "herald-20260701-17", "outcome": "created", "differs": False, "reading": _READING}


class Batch(BaseModel):
    """Articles, up to 500."""

    model_config = ConfigDict(extra="forbid")

    articles: list[ArticleDraft] = Field(min_length=1, max_length=MOST_ARTICLES)


class Accepted(BaseModel):
    """What became of the articles, in the order sent; they are in trends, stories and alerts within seconds."""

    created: int
    known: int
    relabelled: int
    data: list[Taken]


class Question(BaseModel):
    """One text as `text`, or several as `texts`."""

    model_config = ConfigDict(extra="forbid")

    text: ArticleText | None = Field(default=None, description="one text")
    texts: list[ArticleText] | None = Field(default=None, min_length=1, max_length=256, description="several texts")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.texts is None):
            raise ValueError("send either `text` (one text) or `texts` (a list of them)")
        return self


class Readings(BaseModel):
    """What the heads say of each text, in the order sent."""

    data: list[Reading]


class FiledArticle(Article):
    """An article as it is kept, with the story that it belongs to (null for the seconds until it is filed)."""

    story: str | None = None


@router.post("/analyze", dependencies=[requires("predict")], responses=answer_like({"data": [_READING]}))
async def analyze(
    request: Annotated[Question, Body(examples=[{"text": "Harbour Bank customers queue after transfer delays"}])],
    caller: Caller,
) -> Readings:
    """Return sentiment, topics, the sentiment towards each watched entity, and intensity; nothing is kept."""
    texts = [request.text] if request.text is not None else list(request.texts or ())
    return Readings(data=await read(caller, texts, await spotter_of(caller)))


@router.post(
    "/articles",
    status_code=202,
    dependencies=[requires("data")],
    responses=answer_like({"created": 1, "known": 0, "relabelled": 0, "data": [_TAKEN]}, 202),
)
async def post_articles(batch: Annotated[Batch, Body(examples=[{"articles": [_DRAFT]}])], caller: Caller) -> Accepted:
    """Take in up to 500 articles. A doc_id that is known changes nothing, or its labels, and the answer says which."""
    return _accepted(await take_in(caller, batch.articles))


@router.post(
    "/articles:upload",
    status_code=202,
    dependencies=[requires("data")],
    responses=answer_like({"created": 1, "known": 0, "relabelled": 0, "data": [_TAKEN]}, 202),
)
async def upload_articles(
    lines: Annotated[bytes, Body(media_type="application/x-ndjson", description="one article a line, up to 500")],
    caller: Caller,
) -> Accepted:
    """Take in articles of a JSONL file, up to 500 lines and 4 MiB at once; none is taken if one line is faulty."""
    return _accepted(await take_in(caller, parsed(lines)))


@router.get(
    "/articles/{doc_id}",
    dependencies=[requires("data")],
    responses=answer_like({**_DRAFT, "id": "herald-20260701-17", "story": "sto_1f", "reading": _READING}),
)
async def get_article(doc_id: DocumentId, caller: Caller) -> FiledArticle:
    """Return an article with what was read out of it, and its story."""
    article = await caller.store.get(Article, doc_id)
    filed = (await found(caller, Filed, [doc_id])).get(doc_id)
    return FiledArticle(**article.model_dump(), story=filed.story if filed else None)


@router.put(
    "/articles/{doc_id}/labels",
    dependencies=[requires("data")],
    responses=answer_like({**_DRAFT, "id": "herald-20260701-17", "labels": {"sentiment": "neutral"}}),
)
async def put_labels(
    doc_id: DocumentId, labels: Annotated[Labels, Body(examples=[{"sentiment": "neutral"}])], caller: Caller
) -> Article:
    """Say what an article should have been read as: counted so from now on, and learned by the next grow."""
    return await correct(caller, doc_id, labels)


@router.delete(
    "/articles/{doc_id}",
    dependencies=[requires("data")],
    responses=answer_like({"id": "herald-20260701-17", "deleted": True}),
)
async def delete_article(doc_id: DocumentId, caller: Caller) -> Gone:
    """Remove an article: at once from the store, within seconds from stories, trends and counts."""
    await remove(caller, doc_id)
    return Gone(id=doc_id)


def parsed(lines: bytes) -> list[ArticleDraft]:
    """Return the articles of JSON lines; raises `DataError` that names each faulty line, `TooLarge` above 500."""
    rows = [(number, line) for number, line in enumerate(lines.splitlines(), start=1) if line.strip()]
    if len(rows) > MOST_ARTICLES:
        raise TooLarge(f"{len(rows)} lines: at most {MOST_ARTICLES} articles are taken at once, send them in parts")
    drafts, faults = [], []
    for number, line in rows:
        try:
            drafts.append(ArticleDraft.model_validate(json.loads(line)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = "/".join(str(part) for part in first["loc"])
            faults.append(Fault(f"/{number - 1}/{place}", f"line {number}: {first['msg']}"))
        except (ValueError, RecursionError):
            faults.append(Fault(f"/{number - 1}", f"line {number} is no JSON"))
    if faults:
        raise DataError(f"{len(faults)} of {len(rows)} lines are no articles: {faults[0].detail}", faults=faults[:5])
    if not drafts:
        raise DataError("there is no article: send one JSON object a line", code="empty")
    return drafts


def _accepted(taken: list[Taken]) -> Accepted:
    count = {outcome: sum(each.outcome is outcome for each in taken) for outcome in Outcome}
    return Accepted(
        created=count[Outcome.CREATED], known=count[Outcome.KNOWN], relabelled=count[Outcome.RELABELLED], data=taken
    )
