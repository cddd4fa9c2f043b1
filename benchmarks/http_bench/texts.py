"""What is asked: BANKING77's questions in a fixed order, tenants of different sizes, and who asks how often."""

import csv
import gzip
import json
import os
import random
from pathlib import Path

TENANTS = 64


def questions() -> list[str]:
    """Return every question of BANKING77 ($PODION_DATA) in a fixed order, then each again with a word more.

    So many, because a tenant that goes through them once must not meet a text that the server remembers.
    """
    folder = os.environ.get("PODION_DATA")
    if not folder:
        return _made_up()
    place = Path(folder) / "customer_service"
    with gzip.open(place / "banking77_train.csv.gz", "rt", encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    with (place / "banking77_test.csv").open(encoding="utf-8", newline="") as file:
        texts += [row["text"] for row in csv.DictReader(file)]
    texts = list(dict.fromkeys(texts))
    random.Random(77).shuffle(texts)
    return [*texts, *(f"{text} please" for text in texts)]


def _made_up() -> list[str]:
    """Sentences of BANKING77's mean length (12 words), for a machine without the data."""
    dice = random.Random(77)
    words = ["my", "card", "payment", "has", "not", "arrived", "yet", "why", "was", "the", "transfer", "declined"]
    return [" ".join(dice.choices(words, k=dice.randint(5, 22))) + "?" for _ in range(26_000)]


def label_counts(tenants: int = TENANTS) -> list[int]:
    """Return how many labels each tenant's head has: 8 to 77."""
    dice = random.Random(64)
    return [dice.randint(8, 77) for _ in range(tenants)]


def zipf(tenants: int = TENANTS) -> dict[str, float]:
    """Return how often each tenant asks: the n-th 1/n times as often as the first."""
    return {str(place): 1 / (place + 1) for place in range(tenants)}


def bodies(texts: list[str], key: str = "text", *, listed: bool = False, **more: str) -> list[str]:
    """Return the texts as JSON bodies."""
    return [json.dumps({**more, key: [text] if listed else text}, ensure_ascii=False) for text in texts]


def head(path: str, *headers: str) -> str:
    """Return a request up to its content-length."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", *headers]
    return "\r\n".join([*lines, ""])
