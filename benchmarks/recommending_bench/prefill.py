"""A large catalogue kept by the plugin's own code, in a server's database, without the server's base.

To embed 100,000 texts takes many minutes and says nothing of serving: here each text's vector is drawn at random, under
the fingerprint of the server's base. Everything else is what `POST /items` does.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion.hosting.bases import find_base
from podion.lifecycle.store import VerticalStore
from podion.retrieval.collections import Collections
from podion.settings import Settings
from podion.storage.database import Database
from podion.storage.files import Files
from podion.storage.ids import new_id
from podion_recommender.catalogue import MOST_ITEMS, ItemDraft, take_items
from podion_recommender.plugin import register_vertical
from recommending_bench import big_shop
from recommending_bench.big_shop import parts

_WIDTH = 384


class Stocker:
    """As much of a caller as keeping items needs."""

    def __init__(self, store: VerticalStore) -> None:
        self.store = store
        self.config: Mapping[str, Any] = {}

    def new_id(self, prefix: str) -> str:
        """Return an id."""
        return new_id(prefix)

    async def enqueue(self, job: str, payload: Any, *, delay_seconds: float = 0) -> None:
        """Leave nothing for later."""


async def _drawn(texts: Sequence[str], kind: str = "passage", owner: str = "") -> NDArray[np.float32]:
    """Return a random vector of length 1 a text, the same for equal texts."""
    seeds = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") for text in texts]
    rows = np.stack([np.random.default_rng(seed).standard_normal(_WIDTH) for seed in seeds]).astype(np.float32)
    found: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def prefill(home: Path, tenant: str, count: int, base: str) -> None:
    """Keep `count` items for a tenant in the state folder of a server that may be running."""
    settings = Settings(home=home)
    installed = find_base(base, settings.bases).computed_by(settings.runtime)
    database = Database(settings.database)
    collections = Collections(
        database=database,
        files=Files(settings.files),
        embed=_drawn,
        fingerprint=lambda: installed.fingerprint,
    )
    store = VerticalStore(
        database=database,
        collections=collections,
        tenant=tenant,
        vertical=register_vertical(),
        mask=lambda document: document,
        new_id=new_id,
    )

    async def fill() -> None:
        drafts = [ItemDraft.model_validate(row) for row in big_shop.items(count)]
        for part in parts(drafts, MOST_ITEMS):
            await take_items(Stocker(store), part)  # type: ignore[arg-type]

    asyncio.run(fill())
    database.close()
