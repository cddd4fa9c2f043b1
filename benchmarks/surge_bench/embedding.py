"""Vectors of texts by an installed base, as a server gives them."""

from collections.abc import Sequence

from podion.hosting.engine import Engine
from podion.settings import Settings


def embed(settings: Settings, base: str, texts: Sequence[str]) -> list[list[float]]:
    """Return unit vectors, one a text."""
    engine = Engine(settings.bases, device=settings.device, threads=1)
    vectors: list[list[float]] = []
    for start in range(0, len(texts), 64):
        vectors += [row.tolist() for row in engine.embed(base, texts[start : start + 64], "query")]
    return vectors
