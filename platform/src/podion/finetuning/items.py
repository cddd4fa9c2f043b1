"""What labels stand for, where they are ids of things with texts: the vectors of these texts, computed once a run."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors
from torch.nn import functional

from podion.finetuning.progress import Watch
from podion.hosting.encoder import Encoder
from podion.vertical import Task

_CHUNK = 512
_FILE = "items.safetensors"


@dataclass(frozen=True)
class Items:
    """Things by their ids, and the vectors of their texts, [items, hidden] of length 1 (zeros: nothing is said).

    `digest` is of all that is known of them, and of the base.
    """

    items: tuple[BaseModel, ...]
    vectors: NDArray[np.float32]
    digest: str


def items_of(
    task: Task,
    items: Sequence[BaseModel],
    labels: Collection[str],
    encoder: Encoder,
    watch: Watch,
    folder: Path | None,
) -> Items | None:
    """Return the things that `labels` name, each with the base's vector of its text; None where none is known.

    The vectors are those of passages (`Engine.embed`). With `folder`, one of this run alone, they are kept there, and a
    run that goes on does not compute them again.
    """
    if task.items is None:
        return None
    wanted = set(labels)
    known = {getattr(item, "id"): item for item in items if getattr(item, "id") in wanted}  # noqa: B009
    if not known:
        return None
    texts = [str(getattr(item, task.item_text) or "") for item in known.values()]
    digest = hashlib.sha256("\0".join([encoder.base.fingerprint, *texts]).encode()).hexdigest()
    vectors = _kept(folder, digest)
    if vectors is None:
        vectors = _vectors(encoder, texts, watch)
        _keep(folder, digest, vectors)
    told = "\0".join(item.model_dump_json() for item in known.values())
    return Items(tuple(known.values()), vectors, hashlib.sha256(f"{digest}{told}".encode()).hexdigest())


def _vectors(encoder: Encoder, texts: Sequence[str], watch: Watch) -> NDArray[np.float32]:
    watch.stage("reading items", 0.0, 0.1)
    rows = encoder.tokenise(list(texts), prefix=encoder.base.passage_prefix, with_offsets=False)
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    vectors = np.zeros((len(rows), encoder.hidden_size), dtype=np.float32)
    for first in range(0, len(order), _CHUNK):
        watch.look()
        places = order[first : first + _CHUNK]
        states = encoder.states([rows[place] for place in places])
        vectors[places] = functional.normalize(states.pooled, dim=-1).cpu().numpy()
        watch.at((first + len(places)) / len(order))
    return vectors


def _kept(folder: Path | None, digest: str) -> NDArray[np.float32] | None:
    if folder is None:
        return None
    try:
        found: NDArray[np.float32] | None = load_tensors((folder / _FILE).read_bytes()).get(digest)
    except (OSError, SafetensorError):
        return None  # not there, or damaged: computed again to the same bits
    return found


def _keep(folder: Path | None, digest: str, vectors: NDArray[np.float32]) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{_FILE}.draft"
    draft.write_bytes(save_tensors({digest: vectors}))
    draft.replace(folder / _FILE)
