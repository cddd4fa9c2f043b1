"""Items taken in and taken out: their texts are made searchable first, then they are kept."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import Found, NotFound, TenantCaller, not_blank
from podion_recommender.covisits import Neighbours
from podion_recommender.popularity import EVERYTHING, Fresh, category_id
from podion_recommender.schema import Category, Item, ItemId, Tag

ITEMS = "items"
INDEX = "index"
MOST_ITEMS = 500


class Nothing(BaseModel):
    """What the job that gets searches ready has to be told: nothing."""


class ItemText(BaseModel):
    """What an item is found by: kept while the item is not hidden, and only written again when its words change."""

    id: str = Field(default="", description="the item's id")
    title: str
    text: str
    category: str | None = None
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None


class ItemDraft(BaseModel):
    """An item as it is sent."""

    model_config = ConfigDict(extra="forbid")

    item_id: ItemId = Field(description="yours: the same one again replaces it")
    title: Annotated[
        str, Field(min_length=1, max_length=300, json_schema_extra={"pattern": r"\S"}), AfterValidator(not_blank)
    ]
    text: str = Field(default="", max_length=5_000, description="what a reader is told of it")
    tags: list[Tag] = Field(default=[], max_length=50)
    category: Category | None = None
    price: float | None = Field(default=None, ge=0, le=1e12)
    created_at: AwareDatetime | None = Field(default=None, description="default: when it first came")
    valid_from: AwareDatetime | None = Field(default=None, description="not shown before")
    valid_to: AwareDatetime | None = Field(default=None, description="not shown from then on")
    hidden: bool = Field(default=False, description="true: shown to nobody until it is sent with false")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_from is not None and self.valid_to is not None and self.valid_from >= self.valid_to:
            raise ValueError("valid_from must lie before valid_to")
        return self

    def kept(self, before: Item | None, now: datetime) -> Item:
        """Return it as it is kept in place of `before`."""
        created = self.created_at or (before.created_at if before else now)
        fields = self.model_dump(exclude={"item_id", "created_at"})
        return Item(id=self.item_id, created_at=created, **fields | {"tags": list(dict.fromkeys(self.tags))})


class TakenItem(BaseModel):
    """What became of an item that was sent."""

    item_id: str
    created: bool = Field(description="false: it was there and has been replaced")


def text_of(item: Item) -> ItemText | None:
    """Return what an item is found by; None for one that is hidden."""
    if item.hidden:
        return None
    parts = (item.category or "", ", ".join(item.tags), item.text)
    told = ". ".join(part.strip() for part in parts if part.strip())
    return ItemText(
        id=item.id,
        title=item.title,
        text=told or item.title,
        category=item.category,
        valid_from=item.valid_from,
        valid_to=item.valid_to,
    )


async def take_items(caller: TenantCaller, drafts: Sequence[ItemDraft]) -> list[TakenItem]:
    """Keep items, in place of those of the same id; return what became of each, in the order sent.

    Of two with one id in a call the later one stays. When this has returned, all of it is kept and found.
    """
    now = datetime.now(UTC)
    newest = {draft.item_id: draft for draft in drafts}
    before = await caller.store.get_all(Item, list(newest))
    items = {id: draft.kept(before.get(id), now) for id, draft in newest.items()}
    texts = {id: text_of(item) for id, item in items.items()}
    kept = {id: text_of(item) for id, item in before.items()}
    # Texts come first: an item that is there with the same words was made searchable before.
    changed = [text for id, text in texts.items() if text is not None and text != kept.get(id)]
    if changed:
        await caller.store.put_all(changed)
        await caller.enqueue(INDEX, Nothing())
    await _keep(caller, list(items.values()))
    gone = [id for id, text in texts.items() if text is None and kept.get(id) is not None]
    if gone:
        await caller.store.delete_all(ItemText, gone)
    return [TakenItem(item_id=draft.item_id, created=draft.item_id not in before) for draft in drafts]


async def index(caller: TenantCaller, _: Nothing) -> None:
    """Search once, so that what has come in is in the index before a list asks for it."""
    await caller.search(ITEMS, "index", 1)


async def _keep(caller: TenantCaller, items: Sequence[Item]) -> None:
    """Write items, and the lists of the newest that they belong to."""
    lists: dict[str, list[Item]] = {EVERYTHING: list(items)}
    for item in items:
        if item.category is not None:
            lists.setdefault(category_id(item.category), []).append(item)

    def change(found: Found) -> list[BaseModel]:
        fresh = []
        for id, own in lists.items():
            kept = found.get(Fresh, id) or Fresh(id=id)
            changed = kept.with_items((item.id, item.created_at) for item in own)
            if changed != kept:
                fresh.append(changed)
        return [*items, *fresh]

    await caller.store.update_all({Fresh: list(lists)}, change)


async def remove_item(caller: TenantCaller, item_id: str) -> None:
    """Remove an item: from lists, searches and what follows it; raises `NotFound`."""
    if not await caller.store.delete_all(Item, [item_id]):
        raise NotFound("there is no item of this id")
    await caller.store.delete_all(ItemText, [item_id])
    await caller.store.delete_all(Neighbours, [item_id])
