"""`/items`: taken in by batch or as JSON lines, read, what is like one, deleted."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, DocumentId, Gone, answer_like, requires
from podion_recommender.catalogue import MOST_ITEMS, ItemDraft, TakenItem, remove_item, take_items
from podion_recommender.lines import parsed
from podion_recommender.routes.asked import Count
from podion_recommender.schema import Item
from podion_recommender.similar import SimilarItems, similar

router = APIRouter(prefix="/items")

_DRAFT = {
    "item_id": "sku-1042",
    "title": "Trail running shoes",
    "text": "Light shoes with a grippy sole for wet forest paths.",
    "tags": ["running", "outdoor"],
    "category": "shoes",
    "price": 89.0,
    "valid_to": "2027-01-01T00:00:00Z",
}
_ITEM = {
    "id": "sku-1042",
    **{name: value for name, value in _DRAFT.items() if name != "item_id"},
    "created_at": "2026-07-01T09:00:00Z",
    "valid_from": None,
    "hidden": False,
}
_TAKEN = {"created": 1, "replaced": 0, "data": [{"item_id": "sku-1042", "created": True}]}
_SIMILAR = {
    "id": "sku-1042",
    "data": [
        {
            "item_id": "sku-1043",
            "title": "Road running shoes",
            "score": 0.91,
            "source": "together",
            "reasons": [
                {
                    "code": "similar",
                    "because": "sku-1042",
                    "wording": {
                        "en": "because it is like “Trail running shoes”",
                        "zh": "因为与“Trail running shoes”相似",
                    },
                }
            ],
        }
    ],
}


class ItemBatch(BaseModel):
    """Items, up to 500."""

    model_config = ConfigDict(extra="forbid")

    items: list[ItemDraft] = Field(min_length=1, max_length=MOST_ITEMS)


class AcceptedItems(BaseModel):
    """What became of the items, in the order sent; they may be recommended from now on."""

    created: int
    replaced: int
    data: list[TakenItem]


@router.post("", dependencies=[requires("data")], responses=answer_like(_TAKEN))
async def post_items(
    batch: Annotated[ItemBatch, Body(examples=[{"items": [_DRAFT]}])], caller: Caller
) -> AcceptedItems:
    """Keep up to 500 items, each in place of the one of its id; texts are searchable when this has answered."""
    return _accepted(await take_items(caller, batch.items))


@router.post(":upload", dependencies=[requires("data")], responses=answer_like(_TAKEN))
async def upload_items(
    lines: Annotated[bytes, Body(media_type="application/x-ndjson", description="one item a line, up to 500")],
    caller: Caller,
) -> AcceptedItems:
    """Keep the items of JSON lines, up to 500 and 4 MiB at once; none is kept if one line is faulty."""
    return _accepted(await take_items(caller, parsed(lines, ItemDraft, MOST_ITEMS)))


@router.get("/{item_id}", dependencies=[requires("data")], responses=answer_like(_ITEM))
async def get_item(item_id: DocumentId, caller: Caller) -> Item:
    """Return an item as it is kept, also one that is hidden or expired."""
    return await caller.store.get(Item, item_id)


@router.delete(
    "/{item_id}", dependencies=[requires("data")], responses=answer_like({"id": "sku-1042", "deleted": True})
)
async def delete_item(item_id: DocumentId, caller: Caller) -> Gone:
    """Remove an item; no list and no search shows it any more."""
    await remove_item(caller, item_id)
    return Gone(id=item_id)


@router.get("/{item_id}/similar", dependencies=[requires("predict")], responses=answer_like(_SIMILAR))
async def get_similar(item_id: DocumentId, caller: Caller, n: Count = 10) -> SimilarItems:
    """Return what others took after an item, and what is near it in meaning; the same for everybody."""
    return await similar(caller, item_id, n)


def _accepted(taken: list[TakenItem]) -> AcceptedItems:
    created = len({each.item_id for each in taken if each.created})
    replaced = len({each.item_id for each in taken if not each.created})
    return AcceptedItems(created=created, replaced=replaced, data=taken)
