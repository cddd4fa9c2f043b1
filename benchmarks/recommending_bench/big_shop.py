"""A large made-up shop: items of many categories, and customers who mostly take what lies next on the shelf."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

WORDS = (
    "amber", "birch", "cobalt", "dune", "ember", "fjord", "garnet", "harbour", "indigo", "juniper", "kelp", "lunar",
    "maple", "nectar", "onyx", "pebble", "quartz", "river", "saffron", "tidal", "umber", "velvet", "willow", "zephyr",
)  # fmt: skip
THINGS = ("lamp", "chair", "jacket", "kettle", "notebook", "speaker", "rucksack", "blanket", "camera", "watch")
A_SHELF = 500
"""Items of one category."""


def items(count: int, seed: int = 2026) -> Iterator[dict[str, Any]]:
    """Yield items: `A_SHELF` a category, created over the last 300 days."""
    chance = random.Random(seed)
    now = datetime.now(UTC)
    for number in range(count):
        words = " ".join(chance.choice(WORDS) for _ in range(3))
        thing = THINGS[number % len(THINGS)]
        yield {
            "item_id": f"i{number}",
            "title": f"{words} {thing}".capitalize(),
            "text": f"A {thing} in {words}, made to last.",
            "tags": [thing, words.split()[0]],
            "category": f"shelf {number // A_SHELF}",
            "price": round(chance.lognormvariate(3.5, 0.8), 2),
            "created_at": (now - timedelta(days=chance.uniform(1, 300))).isoformat(),
        }


def interactions(users: int, steps: int, count: int, seed: int = 2026) -> list[dict[str, Any]]:
    """Return what customers did, in order of time: each walks along shelves, skewed to the popular ones."""
    chance = random.Random(seed)
    begin = datetime.now(UTC) - timedelta(days=60)
    shelves = max(1, count // A_SHELF)
    made: list[dict[str, Any]] = []
    for user in range(users):
        at = begin + timedelta(minutes=chance.randrange(60 * 24 * 25))
        place = _entry(chance, shelves, count)
        for _ in range(steps):
            at += timedelta(minutes=chance.randrange(1, 600))
            kind = chance.choice(("click", "click", "click", "cart", "purchase"))
            made.append(_act(f"h{len(made)}", user, place, kind, at))
            jumps = chance.random() < 0.15
            place = _entry(chance, shelves, count) if jumps else min(count - 1, place + chance.randrange(1, 4))
    return sorted(made, key=lambda act: act["at"])


def live(number: int, users: int, count: int, chance: random.Random) -> dict[str, Any]:
    """Return an act that happens now."""
    kind = chance.choice(("impression", "impression", "impression", "click", "click", "cart", "purchase", "hide"))
    place = _entry(chance, max(1, count // A_SHELF), count)
    return _act(f"l{number}", chance.randrange(users), place, kind, datetime.now(UTC))


def bought(id: str, user: str, item: str) -> dict[str, Any]:
    """Return a purchase that happens now."""
    return {"event_id": id, "user_id": user, "item_id": item, "kind": "purchase", "at": datetime.now(UTC).isoformat()}


def _act(id: str, user: int, place: int, kind: str, at: datetime) -> dict[str, Any]:
    return {"event_id": id, "user_id": f"u{user}", "item_id": f"i{place}", "kind": kind, "at": at.isoformat()}


def _entry(chance: random.Random, shelves: int, count: int) -> int:
    shelf = min(shelves - 1, int(chance.paretovariate(0.8)) - 1)
    return min(count - 1, shelf * A_SHELF + min(A_SHELF - 1, int(chance.expovariate(1 / 80))))


def parts(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Yield the rows in parts."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
