"""PEFT on the same base, the same texts and the same files, in the ways its documentation shows."""

import time
import warnings
from collections.abc import Sequence
from statistics import median
from typing import Any

import peft
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoModel
from transformers.utils import logging

from podion.hosting.base_card import InstalledBase
from podion.hosting.base_loading import load_tokenizer

from .ours import Found
from .world import Adapter

# peft reads a name that transformers has renamed
warnings.filterwarnings("ignore", category=FutureWarning)
logging.set_verbosity_error()  # type: ignore[no-untyped-call]
logging.disable_progress_bar()  # type: ignore[no-untyped-call]


class Peft:
    """A PEFT model that has all the tenants' adapters loaded, and their heads beside it."""

    def __init__(self, base: InstalledBase, adapters: Sequence[Adapter]) -> None:
        plain = AutoModel.from_pretrained(base.path, add_pooling_layer=False)
        self._tokenizer = load_tokenizer(base, plain)
        first = adapters[0]
        self.model: Any = peft.PeftModel.from_pretrained(plain, first.folder, adapter_name=first.owner)
        for adapter in adapters[1:]:
            self.load(adapter)
        self.model.eval()
        self._heads = {one.owner: (torch.from_numpy(one.weight), torch.from_numpy(one.bias)) for one in adapters}

    def load(self, adapter: Adapter, *, on_meta: bool = False) -> None:
        """Load one more adapter; `on_meta` does not fill its matrices first (`low_cpu_mem_usage`)."""
        self.model.load_adapter(adapter.folder, adapter_name=adapter.owner, low_cpu_mem_usage=on_meta)

    def drop(self, name: str) -> None:
        """Remove an adapter."""
        self.model.delete_adapter(name)

    @torch.inference_mode()
    def mixed(self, rows: Sequence[tuple[Adapter, str]], groups: int) -> Found:
        """Answer by `adapter_names`: sorted by length into `groups` batches, each padded to its longest row."""
        ids = self._tokenise([text for _, text in rows])
        order = sorted(range(len(rows)), key=lambda row: len(ids[row])) if groups > 1 else list(range(len(rows)))
        size = -(-len(rows) // groups)
        states: dict[int, Tensor] = {}
        for first in range(0, len(rows), size):
            places = order[first : first + size]
            pooled = self._pooled([ids[row] for row in places], adapter_names=[rows[row][0].owner for row in places])
            states.update(zip(places, pooled, strict=True))
        return self._answers(rows, torch.stack([states[row] for row in range(len(rows))]))

    @torch.inference_mode()
    def switched(self, rows: Sequence[tuple[Adapter, str]]) -> Found:
        """Answer tenant by tenant: `set_adapter`, then the tenant's rows as one batch."""
        ids = self._tokenise([text for _, text in rows])
        states: dict[int, Tensor] = {}
        for owner, places in _by_owner(rows).items():
            self.model.set_adapter(owner)
            states.update(zip(places, self._pooled([ids[row] for row in places]), strict=True))
        return self._answers(rows, torch.stack([states[row] for row in range(len(rows))]))

    @torch.inference_mode()
    def alone(self, texts: Sequence[str]) -> Tensor:
        """Compute the texts without adapters, padded to the longest."""
        with self.model.disable_adapter():
            return self._pooled(self._tokenise(texts))

    def _tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def _pooled(self, ids: Sequence[list[int]], **options: Any) -> Tensor:
        longest = max(map(len, ids))
        padded = torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids])
        attention = torch.arange(longest)[None, :] < torch.tensor([len(row) for row in ids])[:, None]
        hidden = self.model(input_ids=padded, attention_mask=attention.long(), **options).last_hidden_state
        weights = attention[:, :, None].to(hidden.dtype)
        pooled: Tensor = (hidden * weights).sum(1) / weights.sum(1)
        return pooled

    def _answers(self, rows: Sequence[tuple[Adapter, str]], pooled: Tensor) -> Found:
        vectors = functional.normalize(pooled, dim=-1)
        found: dict[int, tuple[str, float]] = {}
        for owner, places in _by_owner(rows).items():
            weight, bias = self._heads[owner]
            shares, best = torch.softmax(functional.linear(vectors[places], weight, bias), -1).max(-1)
            named = zip(best.tolist(), shares.tolist(), strict=True)
            found.update(
                (place, (f"label-{label}", share)) for place, (label, share) in zip(places, named, strict=True)
            )
        return [found[row] for row in range(len(rows))]


def ms_to_load(peer: Peft, adapters: Sequence[Adapter]) -> float:
    """Return the median CPU ms of `load_adapter`, by the quicker of its two ways; what was loaded is dropped again."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for adapter in adapters:
        for on_meta, times in found.items():
            started = time.process_time()
            peer.load(adapter, on_meta=on_meta)
            times.append((time.process_time() - started) * 1e3)
            peer.drop(adapter.owner)
    return min(map(median, found.values()))


def _by_owner(rows: Sequence[tuple[Adapter, str]]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, (adapter, _) in enumerate(rows):
        places.setdefault(adapter.owner, []).append(place)
    return places
