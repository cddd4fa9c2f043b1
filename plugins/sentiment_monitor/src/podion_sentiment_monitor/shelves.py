"""The stories of the last days as they are kept for comparison: sketches packed into a few documents.

Whoever files reads them all, so they are small: a story takes 95 characters. Beyond `MOST_STORIES`, the oldest are
forgotten: what repeats them begins a story of its own.
"""

import base64
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, Field

from podion_sentiment_monitor.sketches import MEMBERS, Sketch
from podion_sentiment_monitor.stories import SPAN, Known

SHELF_HOLDS = 2_000
MOST_STORIES = 100_000


class Shelf(BaseModel):
    """Up to 2,000 stories: ids, when each began (seconds since 1970), and sketches (64 bytes a story, base64)."""

    id: str = ""
    ids: list[str] = []
    seconds: list[int] = []
    sketches: str = ""


class Ledger(BaseModel):
    """What filing has to know at its start: since when there are counts, and which shelves hold the last days."""

    id: str = ""
    first: int | None = Field(default=None, description="when counting begins: the oldest publication, in seconds")
    shelves: list[str] = []
    newest: dict[str, int] = Field(default={}, description="shelf → when its newest story began")
    made: int = 0


def unpacked(shelves: Sequence[Shelf]) -> Known:
    """Return the stories of shelves, in their order."""
    if not shelves:
        return Known.nothing()
    raw = b"".join(base64.b64decode(shelf.sketches) for shelf in shelves)
    return Known(
        np.frombuffer(raw, "<u4").reshape(-1, MEMBERS).astype(np.uint32),
        [id for shelf in shelves for id in shelf.ids],
        np.array([second for shelf in shelves for second in shelf.seconds], np.int64),
    )


def shelved(ledger: Ledger, last: Shelf | None, fresh: Sequence[tuple[str, int, Sketch]]) -> tuple[Ledger, list[Shelf]]:
    """Return the ledger and the shelves to be written when stories (id, seconds, sketch) are added.

    `last` is the shelf that the ledger names last. Shelves whose newest story is too old to be repeated are dropped.
    """
    changed: dict[str, Shelf] = {}
    shelves, newest, made = list(ledger.shelves), dict(ledger.newest), ledger.made
    shelf = last
    for start in range(0, len(fresh), SHELF_HOLDS):
        rest = list(fresh[start : start + SHELF_HOLDS])
        while rest:
            if shelf is None or len(shelf.ids) >= SHELF_HOLDS:
                made += 1
                shelf = Shelf(id=f"shelf-{made}")
                shelves.append(shelf.id)
            part, rest = rest[: SHELF_HOLDS - len(shelf.ids)], rest[SHELF_HOLDS - len(shelf.ids) :]
            shelf = _with(shelf, part)
            changed[shelf.id] = shelf
            newest[shelf.id] = max(shelf.seconds)
    return _bounded(ledger, shelves, newest, made), list(changed.values())


def _with(shelf: Shelf, part: Sequence[tuple[str, int, Sketch]]) -> Shelf:
    raw = base64.b64decode(shelf.sketches) + b"".join(sketch.astype("<u4").tobytes() for _, _, sketch in part)
    return shelf.model_copy(
        update={
            "ids": [*shelf.ids, *(id for id, _, _ in part)],
            "seconds": [*shelf.seconds, *(seconds for _, seconds, _ in part)],
            "sketches": base64.b64encode(raw).decode("ascii"),
        }
    )


def _bounded(ledger: Ledger, shelves: list[str], newest: dict[str, int], made: int) -> Ledger:
    latest = max(newest.values(), default=0)
    oldest = latest - 2 * SPAN.total_seconds()
    kept = [id for id in shelves if newest.get(id, latest) >= oldest][-(MOST_STORIES // SHELF_HOLDS) :]
    times = {id: newest[id] for id in kept if id in newest}
    return ledger.model_copy(update={"shelves": kept, "newest": times, "made": made})
