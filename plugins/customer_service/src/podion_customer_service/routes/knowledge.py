"""What the tenant has written: templates, curated answers, articles; and a search through the articles."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, DocumentId, Gone, Hit, Kept, Language, Limit, Page, answer_like, requires
from podion_customer_service.editing import keep_all, keep_articles, replace
from podion_customer_service.gathering import ARTICLES
from podion_customer_service.knowledge import (
    Article,
    Audience,
    CuratedAnswer,
    CuratedDraft,
    Template,
    TemplateDraft,
)
from podion_customer_service.schema import CustomerText

router = APIRouter(dependencies=[requires("data")])

MOST_AT_ONCE = 500

Templates = TemplateDraft | Annotated[list[TemplateDraft], Field(min_length=1, max_length=MOST_AT_ONCE)]
CuratedAnswers = CuratedDraft | Annotated[list[CuratedDraft], Field(min_length=1, max_length=MOST_AT_ONCE)]
Articles = Article | Annotated[list[Article], Field(min_length=1, max_length=MOST_AT_ONCE)]

_ANY_TIME = {"valid_from": None, "valid_to": None}
_TEMPLATE: dict[str, Any] = {
    "id": "order-status-en",
    "locale": "en",
    **_ANY_TIME,
    "intent": "order_status",
    "variants": ["Order {order_number} is on its way."],
    "required_slots": ["order_number"],
    "approved_by": "Mei",
}
_CURATED: dict[str, Any] = {
    "id": "gift-cards-en",
    "locale": "en",
    **_ANY_TIME,
    "questions": ["Do you sell gift cards?", "Can I buy a voucher for a friend?"],
    "answer": "Yes: in every shop and online, from 10 to 200 euros.",
    "approved_by": "Mei",
}
_ARTICLE: dict[str, Any] = {
    "id": "returns-zh",
    "locale": "zh",
    **_ANY_TIME,
    "title": "退货",
    "question": "多久之内可以退货？",
    "text": "自签收之日起30天内可以退货。",
    "url": "https://shop.example/help/returns",
    "version": "2026-03",
    "audience": "customers",
}
_KEPT_TEMPLATE = {**_TEMPLATE, "version": 1}
_KEPT_CURATED = {**_CURATED, "version": 1, "text": "\n".join(_CURATED["questions"])}


class Search(BaseModel):
    """What to look for in the articles."""

    model_config = ConfigDict(extra="forbid")

    query: CustomerText
    k: int = Field(default=5, ge=1, le=50)
    locale: Language | None = None
    audience: Audience | None = None


@router.post("/templates", status_code=201, responses=answer_like({"data": [_KEPT_TEMPLATE]}, 201))
async def post_templates(templates: Annotated[Templates, Body(examples=[_TEMPLATE])], caller: Caller) -> Kept[Template]:
    """Keep one template, or up to 500; one whose id is there already replaces it as its next version."""
    drafts = templates if isinstance(templates, list) else [templates]
    return Kept(data=await keep_all(caller, Template, drafts, "tpl"))


@router.get("/templates", responses=answer_like({"data": [_KEPT_TEMPLATE], "next": None}))
async def list_templates(
    caller: Caller,
    intent: Annotated[str | None, Query(max_length=200, description="only those for this intent")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Template]:
    """Return the templates, newest first."""
    return await caller.store.list(Template, {"intent": intent} if intent else None, cursor, limit)


@router.get("/templates/{template_id}", responses=answer_like(_KEPT_TEMPLATE))
async def get_template(template_id: DocumentId, caller: Caller) -> Template:
    """Return one template."""
    return await caller.store.get(Template, template_id)


@router.put("/templates/{template_id}", responses=answer_like({**_KEPT_TEMPLATE, "version": 2}))
async def put_template(
    template_id: DocumentId, template: Annotated[TemplateDraft, Body(examples=[_TEMPLATE])], caller: Caller
) -> Template:
    """Replace a template; what was approved before has to be approved again, by `approved_by`."""
    return await replace(caller, Template, template_id, template)


@router.delete("/templates/{template_id}", responses=answer_like({"id": "order-status-en", "deleted": True}))
async def delete_template(template_id: DocumentId, caller: Caller) -> Gone:
    """Remove a template; it answers nobody from now on."""
    await caller.store.delete(Template, template_id)
    return Gone(id=template_id)


@router.post("/curated-answers", status_code=201, responses=answer_like({"data": [_KEPT_CURATED]}, 201))
async def post_curated(
    curated: Annotated[CuratedAnswers, Body(examples=[_CURATED])], caller: Caller
) -> Kept[CuratedAnswer]:
    """Keep one curated answer, or up to 500; one whose id is there already replaces it as its next version."""
    drafts = curated if isinstance(curated, list) else [curated]
    return Kept(data=await keep_all(caller, CuratedAnswer, drafts, "cur"))


@router.get("/curated-answers", responses=answer_like({"data": [_KEPT_CURATED], "next": None}))
async def list_curated(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[CuratedAnswer]:
    """Return the curated answers, newest first."""
    return await caller.store.list(CuratedAnswer, None, cursor, limit)


@router.put("/curated-answers/{curated_id}", responses=answer_like({**_KEPT_CURATED, "version": 2}))
async def put_curated(
    curated_id: DocumentId, curated: Annotated[CuratedDraft, Body(examples=[_CURATED])], caller: Caller
) -> CuratedAnswer:
    """Replace a curated answer."""
    return await replace(caller, CuratedAnswer, curated_id, curated)


@router.delete("/curated-answers/{curated_id}", responses=answer_like({"id": "gift-cards-en", "deleted": True}))
async def delete_curated(curated_id: DocumentId, caller: Caller) -> Gone:
    """Remove a curated answer; it answers nobody from now on."""
    await caller.store.delete(CuratedAnswer, curated_id)
    return Gone(id=curated_id)


@router.post("/kb/documents", status_code=201, responses=answer_like({"data": [_ARTICLE]}, 201))
async def post_articles(articles: Annotated[Articles, Body(examples=[_ARTICLE])], caller: Caller) -> Kept[Article]:
    """Keep one article, or up to 500, to be quoted from at once; with a `question` it is an entry of a FAQ."""
    return Kept(data=await keep_articles(caller, articles if isinstance(articles, list) else [articles]))


@router.get("/kb/documents", responses=answer_like({"data": [_ARTICLE], "next": None}))
async def list_articles(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Article]:
    """Return the articles, newest first."""
    return await caller.store.list(Article, None, cursor, limit)


@router.get("/kb/documents/{article_id}", responses=answer_like(_ARTICLE))
async def get_article(article_id: DocumentId, caller: Caller) -> Article:
    """Return one article."""
    return await caller.store.get(Article, article_id)


@router.put("/kb/documents/{article_id}", responses=answer_like({**_ARTICLE, "version": "2026-09"}))
async def put_article(
    article_id: DocumentId, article: Annotated[Article, Body(examples=[_ARTICLE])], caller: Caller
) -> Article:
    """Replace an article; the old text is quoted to nobody from now on."""
    return await caller.store.update(Article, article_id, lambda kept: article.model_copy(update={"id": kept.id}))


@router.delete("/kb/documents/{article_id}", responses=answer_like({"id": "returns-zh", "deleted": True}))
async def delete_article(article_id: DocumentId, caller: Caller) -> Gone:
    """Remove an article; it is quoted to nobody from now on."""
    await caller.store.delete(Article, article_id)
    return Gone(id=article_id)


@router.post("/kb/search", responses=answer_like({"data": []}))
async def search(request: Annotated[Search, Body(examples=[{"query": "多久可以退货"}])], caller: Caller) -> Kept[Hit]:
    """Return the passages that fit a question, best first, each with document, version and place; valid ones only."""
    wanted = {"locale": request.locale, "audience": request.audience}
    where = {name: value for name, value in wanted.items() if value is not None}
    return Kept(data=list(await caller.search(ARTICLES, request.query, k=request.k, where=where)))
