"""Adapters that the engine has in memory: verified when read, kept by content, the least recently used dropped."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import torch

from podion.errors import DataError
from podion.hosting.adapter_files import Calibration, read_adapter
from podion.hosting.head_loading import AnyHead, load_head, reads_features, record_type
from podion.hosting.lora import LoraTensors


@dataclass(frozen=True, kw_only=True)
class LoadedAdapter:
    """An adapter ready to answer. `record` is the task's schema when the head makes features of records, else None.

    `cut` is the layer that its head reads beside the last one, or None.
    """

    digest: str
    fingerprint: str
    head: AnyHead
    head_path: str
    calibration: Calibration
    lora: LoraTensors | None
    record: type | None
    cut: int | None
    nbytes: int


class AdapterCache:
    """Loaded adapters under a byte budget, by folder and id; used by one thread."""

    def __init__(self, device: torch.device, budget: int) -> None:
        self._device = device
        self._budget = budget
        self._loaded: OrderedDict[tuple[str, str], LoadedAdapter] = OrderedDict()
        self.nbytes = 0
        self.hits = 0
        self.loads = 0

    def __len__(self) -> int:
        return len(self._loaded)

    def get(self, folder: str, digest: str) -> LoadedAdapter:
        """Return the adapter `digest` that lies in `folder`.

        Raises `NotFound` (code `unknown_adapter`), `DataError` (code `damaged_adapter` or `bad_adapter`) or
        `PluginError`: never another adapter, never none.
        """
        key = (folder, digest)
        if key in self._loaded:
            self.hits += 1
            self._loaded.move_to_end(key)
            return self._loaded[key]
        adapter = self._load(folder, digest)
        self.loads += 1
        self._loaded[key] = adapter
        self.nbytes += adapter.nbytes
        while self.nbytes > self._budget and len(self._loaded) > 1:
            _, dropped = self._loaded.popitem(last=False)
            self.nbytes -= dropped.nbytes
        return adapter

    def _load(self, folder: str, digest: str) -> LoadedAdapter:
        if not digest:
            raise DataError("a call names no adapter: give the id of one", code="unknown_adapter")
        parts = read_adapter(Path(folder), digest)
        head = load_head(parts.head, parts.head_tensors, self._device)
        lora = LoraTensors.from_files(parts.lora, self._device) if parts.lora else None
        return LoadedAdapter(
            digest=digest,
            fingerprint=str(parts.card.get("fingerprint")),
            head=head,
            head_path=parts.head.implementation,
            calibration=parts.calibration,
            lora=lora,
            record=record_type(parts.head) if reads_features(head) else None,
            cut=parts.head.cut,
            nbytes=sum(array.nbytes for array in parts.head_tensors.values()) + (lora.nbytes if lora else 0),
        )
