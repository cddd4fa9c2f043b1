"""Keeping what a tenant writes: one or many, each under its own id, with a version that counts changes."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from podion import NotFound, TenantCaller
from podion_customer_service.knowledge import Article, CuratedAnswer, CuratedDraft, Template, TemplateDraft

KindT = TypeVar("KindT", Template, CuratedAnswer)

_AT_ONCE = 8


async def keep_all(
    caller: TenantCaller, kind: type[KindT], drafts: Sequence[TemplateDraft | CuratedDraft], prefix: str
) -> list[KindT]:
    """Keep drafts under their ids, made up where empty, and return them as kept, in order."""
    named = [draft.model_copy(update={"id": draft.id or caller.new_id(prefix)}) for draft in drafts]
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(draft: TemplateDraft | CuratedDraft) -> KindT:
        async with room:
            return await keep(caller, kind, draft)

    return list(await asyncio.gather(*map(one, named)))


async def keep(caller: TenantCaller, kind: type[KindT], draft: TemplateDraft | CuratedDraft) -> KindT:
    """Keep a draft in place of what was there: a change is the next version, the same again is the same version."""
    try:
        return await caller.store.update(kind, draft.id, lambda kept: _next(kind, kept, draft))
    except NotFound:
        return await caller.store.put(kind(**draft.model_dump()))


async def replace(caller: TenantCaller, kind: type[KindT], id: str, draft: TemplateDraft | CuratedDraft) -> KindT:
    """Replace what is there; raises `NotFound` when nothing is."""
    named = draft.model_copy(update={"id": id})
    return await caller.store.update(kind, id, lambda kept: _next(kind, kept, named))


async def keep_articles(caller: TenantCaller, articles: Sequence[Article]) -> list[Article]:
    """Keep articles under their ids, made up where empty, and return them as kept, in order."""
    named = [article.model_copy(update={"id": article.id or caller.new_id("art")}) for article in articles]
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(article: Article) -> Article:
        async with room:
            return await caller.store.put(article)

    return list(await asyncio.gather(*map(one, named)))


def _next(kind: type[KindT], kept: KindT, draft: TemplateDraft | CuratedDraft) -> KindT:
    after = kind(**draft.model_dump(), version=kept.version)
    return kept if after == kept else after.model_copy(update={"version": kept.version + 1})
