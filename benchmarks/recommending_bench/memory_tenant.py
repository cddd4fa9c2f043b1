"""A tenant in memory, for lists by the hundred thousand: the plugin's own code, with a dictionary in place of SQL."""

import itertools
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from podion import Found, Page, Prediction, RankedItem, RankingAnswer, Task


class MemoryStore:
    """Documents by kind and id; they are never changed in place, so nothing is copied."""

    def __init__(self) -> None:
        self.kept: dict[type[BaseModel], dict[str, Any]] = {}

    async def put(self, document: Any) -> Any:
        """Keep a document."""
        self.kept.setdefault(type(document), {})[document.id] = document
        return document

    async def put_all(self, documents: Sequence[Any]) -> Sequence[Any]:
        """Keep documents."""
        return [await self.put(document) for document in documents]

    async def get_all(self, kind: Any, ids: Collection[str]) -> dict[str, Any]:
        """Return those that are there."""
        held = self.kept.get(kind, {})
        return {id: held[id] for id in ids if id in held}

    async def update_all(
        self, wanted: Mapping[type[BaseModel], Collection[str]], change: Callable[[Found], Sequence[BaseModel]]
    ) -> Sequence[BaseModel]:
        """Keep what `change` makes of documents."""
        return await self.put_all(change(Found({kind: await self.get_all(kind, ids) for kind, ids in wanted.items()})))

    async def list(
        self, kind: Any, where: Mapping[str, Any] | None = None, cursor: str | None = None, limit: int = 50
    ) -> Any:
        """Return a page, the newest first."""
        held = list(self.kept.get(kind, {}).values())
        wanted = (where or {}).items()
        found = [each for each in reversed(held) if all(getattr(each, name) == value for name, value in wanted)]
        start = int(cursor or 0)
        return Page(data=found[start : start + limit], next=str(start + limit) if len(found) > start + limit else None)

    async def delete_all(self, kind: Any, ids: Collection[str]) -> int:
        """Remove documents."""
        return sum(self.kept.get(kind, {}).pop(id, None) is not None for id in ids)


class MemoryTenant:
    """As much of a caller as lists need; its model ranks the catalogue at random, what may not be shown among it."""

    def __init__(self, catalogue: Sequence[str], settings: Mapping[str, Any], seed: int) -> None:
        self.store = MemoryStore()
        self.config = settings
        self._catalogue = catalogue
        self._chance = random.Random(seed)
        self._numbers = itertools.count()

    def new_id(self, prefix: str) -> str:
        """Return an id."""
        return f"{prefix}_{next(self._numbers)}"

    async def predict(self, task: Task, records: Sequence[Any], *, adapter: str | None = None) -> Prediction[Any]:
        """Return a ranking of 40 items that knows nothing of what the user has seen."""
        names = self._chance.sample(self._catalogue, min(40, len(self._catalogue)))
        items = tuple(RankedItem(item_id=name, score=-float(place)) for place, name in enumerate(names))
        answers = [RankingAnswer(confidence=0.5, prediction_id="prd", items=items) for _ in records]
        return Prediction(task="recommender/next_item", adapter="made-up", answers=answers)

    async def vectors(self, collection: str, ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return no vector."""
        return {}

    async def search(self, collection: str, query: str, k: int = 5, where: Any = None) -> Sequence[Any]:
        """Find nothing."""
        return []
