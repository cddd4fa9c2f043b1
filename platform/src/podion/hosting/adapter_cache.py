"""Adapters that the engine has in memory: verified when read, kept by content, the least recently used dropped."""

import gc
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from podion.errors import Conflict, DataError
from podion.hosting.adapter_files import Calibration, read_adapter
from podion.hosting.adapter_pool import PooledAdapter
from podion.hosting.encoder import Encoder
from podion.hosting.head_loading import AnyHead, load_head, reads_features, record_type
from podion.hosting.histogram import Histogram
from podion.hosting.peft_files import read_deltas
from podion.hosting.protocol import Json

_FREEZE_LOADS = 64

_SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256)


@dataclass(frozen=True, kw_only=True)
class LoadedAdapter:
    """An adapter ready to answer. `record` is the task's schema when the head makes features of records, else None.

    `pooled` is what it changes in the base, `cut` the layer that its head reads beside the last one; each may be None.
    """

    digest: str
    head: AnyHead
    head_path: str
    calibration: Calibration
    pooled: PooledAdapter | None
    record: type | None
    cut: int | None
    nbytes: int


@dataclass
class _Resident:
    """A loaded adapter, the encoder whose pool it lies in, and how many passes hold it."""

    adapter: LoadedAdapter
    encoder: Encoder
    pins: int = 0


class AdapterCache:
    """Loaded adapters under a byte budget, by base, folder and id; used by one thread.

    Each is loaded once however many calls of a pass ask for it, and none that a pass holds is dropped: while the
    passes in hand need more than the budget, the budget gives way.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._residents: OrderedDict[tuple[str, str, str], _Resident] = OrderedDict()
        self._nbytes = 0
        self._hits = 0
        self._evictions = 0
        self._seconds = Histogram(_SECONDS)

    def __len__(self) -> int:
        return len(self._residents)

    @contextmanager
    def holding(self) -> "Iterator[Hold]":
        """Give a hold: adapters that are taken through it stay until the block ends."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            for resident in hold.residents:
                resident.pins -= 1
            self._make_room()

    def resident(self, encoder: Encoder, folder: str, digest: str) -> _Resident:
        """Return the adapter `digest` that lies in `folder`, on the encoder's base.

        Raises `NotFound` (code `unknown_adapter`), `Conflict` (code `fingerprint_mismatch`), `DataError` (code
        `damaged_adapter` or `bad_adapter`) or `PluginError`: never another adapter, never none.
        """
        key = (encoder.base.name, folder, digest)
        found = self._residents.get(key)
        if found is not None:
            self._hits += 1
            self._residents.move_to_end(key)
            return found
        started = time.perf_counter()
        found = _Resident(_load(encoder, folder, digest), encoder)
        self._seconds.observe(time.perf_counter() - started)
        self._residents[key] = found
        self._nbytes += found.adapter.nbytes
        if self._seconds.count % _FREEZE_LOADS == 0:
            # what is resident holds no cycles: without this, collections go through all of it (0.3 s with 5,000)
            gc.freeze()
        return found

    def status(self) -> Json:
        """Return what is resident and what was done for it."""
        return {
            "adapters": len(self._residents),
            "adapter_bytes": self._nbytes,
            "adapter_hits": self._hits,
            "adapter_loads": self._seconds.count,
            "adapter_evictions": self._evictions,
            "adapter_load_seconds": self._seconds.status(),
        }

    def _make_room(self) -> None:
        chosen: list[tuple[str, str, str]] = []
        over = self._nbytes - self._budget
        for key, resident in self._residents.items():
            if over <= 0 or len(chosen) + 1 == len(self._residents):
                break
            if not resident.pins:
                chosen.append(key)
                over -= resident.adapter.nbytes
        for key in chosen:
            self._drop(key)

    def _drop(self, key: tuple[str, str, str]) -> None:
        dropped = self._residents.pop(key)
        self._nbytes -= dropped.adapter.nbytes
        self._evictions += 1
        if dropped.adapter.pooled is not None:
            dropped.encoder.pool.release(dropped.adapter.pooled)


class Hold:
    """The adapters that one pass uses; none of them is dropped before the pass is over."""

    def __init__(self, cache: AdapterCache) -> None:
        self._cache = cache
        self.residents: list[_Resident] = []

    def take(self, encoder: Encoder, folder: str, digest: str) -> LoadedAdapter:
        """Return an adapter, loaded if need be; raises what `AdapterCache.resident` raises."""
        resident = self._cache.resident(encoder, folder, digest)
        resident.pins += 1
        self.residents.append(resident)
        return resident.adapter


def _load(encoder: Encoder, folder: str, digest: str) -> LoadedAdapter:
    if not digest:
        raise DataError("a call names no adapter: give the id of one", code="unknown_adapter")
    parts = read_adapter(Path(folder), digest, for_serving=True)
    made_on, base = str(parts.card.get("fingerprint")), encoder.base
    if made_on != base.fingerprint:
        raise Conflict(
            f"adapter {digest[:16]}… was made on fingerprint {made_on} ({parts.card.get('runtime', 'fp32')}), base "
            f"{base.name} has {base.fingerprint} ({base.runtime}): train it again on this base and runtime, or serve "
            "with those it was made on (PODION_BASE, PODION_RUNTIME)",
            code="fingerprint_mismatch",
        )
    encoder.check_cut(parts.head.cut)
    head = load_head(parts.head, parts.head_tensors, encoder.device)
    record = record_type(parts.head) if reads_features(head) else None
    pooled = encoder.pool.put(read_deltas(parts.lora), digest) if parts.lora else None
    return LoadedAdapter(
        digest=digest,
        head=head,
        head_path=parts.head.implementation,
        calibration=parts.calibration,
        pooled=pooled,
        record=record,
        cut=parts.head.cut,
        nbytes=sum(array.nbytes for array in parts.head_tensors.values()) + (pooled.nbytes if pooled else 0),
    )
