"""Documents cut into segments with vectors, before the transaction that keeps them."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion.errors import PluginError
from podion.hosting.protocol import TextKind
from podion.retrieval.segments import cut_text
from podion.storage.segments import NewSegment
from podion.vertical import CollectionSpec

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str], TextKind, str], Awaitable[Floats]]
"""Texts, of which kind, and on whose account they wait for the engine: a tenant's, or "" for the platform's own."""
"""Gives vectors of length 1, [texts, hidden]: of what is searched with (`query`) or found (`passage`)."""

_FORMAT = 1
_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The segments of one document, and the texts that they were cut from."""

    texts: Mapping[str, str]
    segments: tuple[NewSegment, ...]
    fingerprint: str


def recipe_of(spec: CollectionSpec) -> str:
    """Return the digest of how documents are cut: another one means that they must be cut again."""
    return hashlib.sha256(json.dumps([_FORMAT, spec.texts]).encode()).hexdigest()


def searched_text(body: Mapping[str, Any], field: str, start: int, stop: int) -> str:
    """Return what a segment is searched by: its own words after the document's title."""
    title = body.get("title") if field != "title" else None
    own = str(body[field])[start:stop]
    return f"{title}. {own}" if isinstance(title, str) and title.strip() else own


async def cut_all(
    spec: CollectionSpec, bodies: Sequence[Mapping[str, Any]], embed: Embed, fingerprint: str, owner: str
) -> list[Cut]:
    """Return the cuts of documents, as JSON, in order; raises `PluginError` for a field that is no text."""
    texts = [{name: _text(spec, body, name) for name in spec.texts if body.get(name) is not None} for body in bodies]
    places = [[(name, *place) for name, text in one.items() for place in cut_text(text)] for one in texts]
    spoken = [searched_text(body, *place) for body, own in zip(bodies, places, strict=True) for place in own]
    vectors = iter(await embed_all(spoken, embed, owner))
    return [
        Cut(
            texts=one,
            segments=tuple(
                NewSegment(field=name, start=start, stop=stop, vector=next(vectors).astype("<f4").tobytes())
                for name, start, stop in own
            ),
            fingerprint=fingerprint,
        )
        for one, own in zip(texts, places, strict=True)
    ]


async def embed_all(texts: Sequence[str], embed: Embed, owner: str) -> list[Floats]:
    """Return one vector a text, in order; texts of like length go together, so that little is padded."""
    by_length = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    vectors: dict[int, Floats] = {}
    for first in range(0, len(texts), _AT_ONCE):
        places = by_length[first : first + _AT_ONCE]
        found = await embed([texts[place] for place in places], "passage", owner)
        vectors.update(zip(places, found, strict=True))
    return [vectors[place] for place in range(len(texts))]


def _text(spec: CollectionSpec, body: Mapping[str, Any], name: str) -> str:
    text = body[name]
    if not isinstance(text, str):
        raise PluginError(
            f"collection {spec.name} searches texts, and field {name} of a {spec.kind.__name__} holds "
            f"a {type(text).__name__}: leave it out of `texts`"
        )
    return text
