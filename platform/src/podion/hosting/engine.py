"""One pass, every tenant: calls of any owners, adapters and label sets, answered by one pass over a shared base.

The engine is one compute thread's. It is used in process, and behind a socket by `podion.hosting.server`.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional

from podion.errors import Conflict, DataError, NotFound, PodionError
from podion.hosting.adapter_cache import AdapterCache, LoadedAdapter
from podion.hosting.answering import answer_rows
from podion.hosting.bases import find_base
from podion.hosting.encoder import Encoder, TokenRow, choose_device
from podion.hosting.protocol import Answered, Call, Failed, Json, TextKind
from podion.nn import States
from podion.settings import Device

ADAPTER_BYTES = 1 << 30
"""Bytes of loaded adapters that the engine keeps."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Prepared:
    """A call that may be computed: its place among the calls, its adapter, its rows, and where it reads the base."""

    place: int
    call: Call
    adapter: LoadedAdapter
    rows: list[TokenRow]
    cut: int


class Engine:
    """Answers and embeds; loads bases and adapters when they are first asked for."""

    def __init__(
        self, bases: Path, *, device: Device = "auto", threads: int = 1, adapter_bytes: int = ADAPTER_BYTES
    ) -> None:
        self._bases = bases
        self._device: Device = device
        self._threads = threads
        self._encoders: dict[str, Encoder] = {}
        self._rows = 0
        self._adapters = AdapterCache(choose_device(device), adapter_bytes)

    def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
        """Return what became of each call, in order; what is wrong with one does not touch the others.

        Calls of one owner on the same texts (an intent and its slots) share the layers that neither adapts.
        An adapter that is unknown, damaged or of another base than the one asked for fails its call: never is a call
        answered by the base alone.
        """
        results: dict[int, Answered | Failed] = {}
        groups: dict[tuple[str, int], list[_Prepared]] = {}
        for place, call in enumerate(calls):
            try:
                prepared = self._prepare(place, call)
            except Exception as error:
                results[place] = _failed(call, error)
            else:
                groups.setdefault((call.base, prepared.cut), []).append(prepared)
        for (base, cut), group in groups.items():
            results |= self._answer_group(self._encoders[base], cut, group)
        return [results[place] for place in range(len(calls))]

    def embed(self, base: str, texts: Sequence[str], kind: TextKind = "query") -> NDArray[np.float32]:
        """Return vectors of length 1, [texts, hidden]: of what is searched with (`query`) or found (`passage`)."""
        encoder = self.encoder(base)
        prefix = encoder.base.passage_prefix if kind == "passage" else encoder.base.prefix
        self._rows += len(texts)
        states = encoder.states(encoder.tokenise(texts, prefix=prefix))
        vectors: NDArray[np.float32] = functional.normalize(states.pooled, dim=-1).cpu().numpy()
        return vectors

    def encoder(self, base: str) -> Encoder:
        """Return the encoder of a base, loading it the first time; raises `NotFound` or `DataError`."""
        if base not in self._encoders:
            found = find_base(base, self._bases)
            self._encoders[base] = Encoder.load(found, device=self._device, threads=self._threads)
            log.info("base loaded", extra={"base": base, "fingerprint": found.fingerprint})
        return self._encoders[base]

    def status(self) -> Json:
        """Return what is loaded and how much was computed.

        `rows` were asked for; of them `lower_rows` went through the shared layers and `upper_rows` through those above.
        """
        encoders = dict(self._encoders)
        tokens = sum(encoder.work.tokens for encoder in encoders.values())
        computed = sum(encoder.work.computed for encoder in encoders.values())
        return {
            "bases": {name: encoder.base.fingerprint for name, encoder in encoders.items()},
            "batches": sum(encoder.work.batches for encoder in encoders.values()),
            "rows": self._rows,
            "lower_rows": sum(encoder.work.lower_rows for encoder in encoders.values()),
            "upper_rows": sum(encoder.work.upper_rows for encoder in encoders.values()),
            "tokens": tokens,
            "padding_share": 1 - tokens / computed if computed else 0.0,
            "adapters": len(self._adapters),
            "adapter_bytes": self._adapters.nbytes,
            "adapter_hits": self._adapters.hits,
            "adapter_loads": self._adapters.loads,
        }

    def _prepare(self, place: int, call: Call) -> _Prepared:
        encoder = self.encoder(call.base)
        adapter = self._adapter(call, encoder)
        if adapter.fingerprint != encoder.base.fingerprint:
            raise Conflict(
                f"adapter {call.digest[:16]}… was made on fingerprint {adapter.fingerprint}, base {call.base} has "
                f"{encoder.base.fingerprint}: train it again on this base, or install the one it was made on",
                code="fingerprint_mismatch",
            )
        cut = encoder.cut if adapter.cut is None else adapter.cut
        return _Prepared(place, call, adapter, encoder.tokenise([_text(record) for record in call.records]), cut)

    def _adapter(self, call: Call, encoder: Encoder) -> LoadedAdapter:
        try:
            adapter = self._adapters.get(call.folder, call.digest)
            if adapter.lora is not None:
                encoder.check_adapter(adapter.lora)
            encoder.check_cut(adapter.cut)
        except (DataError, NotFound) as error:
            # what the caller sent is fine, what is stored here is not
            raise PodionError(error.detail, code=error.code) from error
        return adapter

    def _answer_group(self, encoder: Encoder, cut: int, group: Sequence[_Prepared]) -> dict[int, Answered | Failed]:
        self._rows += sum(len(one.rows) for one in group)
        try:
            states = list(_states_of(encoder, cut, group))
        except Exception as error:
            return {one.place: _failed(one.call, error) for one in group}
        results: dict[int, Answered | Failed] = {}
        for one, own in zip(group, states, strict=True):
            try:
                results[one.place] = Answered(answers=tuple(answer_rows(one.adapter, own, one.call.records)))
            except Exception as error:
                results[one.place] = _failed(one.call, error)
        return results


def _states_of(encoder: Encoder, cut: int, group: Sequence[_Prepared]) -> Iterator[States]:
    """Compute the rows of all calls in one pass and yield each call's own part, as long as its own longest row."""
    rows = list(chain.from_iterable(one.rows for one in group))
    adapters = list(chain.from_iterable([one.adapter.lora] * len(one.rows) for one in group))
    states = encoder.states(
        rows,
        adapters=adapters,
        reads_tokens=any(one.adapter.head.reads_tokens for one in group),
        cut=cut,
        owners=list(chain.from_iterable([one.call.owner] * len(one.rows) for one in group)),
    )
    start = 0
    for one in group:
        own = slice(start, start + len(one.rows))
        length = max(map(len, one.rows), default=0) if one.adapter.head.reads_tokens else 0
        yield States(
            pooled=states.pooled[own],
            tokens=states.tokens[own, :length],
            mask=states.mask[own, :length],
            offsets=states.offsets[own, :length],
            lower=states.lower[own] if states.lower is not None else None,
        )
        start = own.stop


def _text(record: Json) -> str:
    text = record.get("text")
    if not isinstance(text, str):
        raise DataError(f"a record has {type(text).__name__} under 'text'; a text is needed", code="bad_record")
    return text


def _failed(call: Call, error: Exception) -> Failed:
    if isinstance(error, PodionError):
        log.warning("call failed", extra={"owner": call.owner, "adapter": call.digest, "code": error.code})
        return Failed.of(error)
    log.error("call failed", exc_info=error, extra={"owner": call.owner, "adapter": call.digest, "code": "internal"})
    return Failed(code="internal", status=500, detail="the engine could not compute this call; its log says why")
