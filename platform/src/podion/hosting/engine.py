"""One pass, every tenant: calls of any owners, adapters and label sets, answered by one pass over a shared base.

The engine is one compute thread's. It is used in process, and behind a socket by `podion.hosting.server`.
"""

import logging
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional

from podion.errors import DataError, NotFound, PodionError
from podion.hosting.adapter_cache import AdapterCache, Hold, LoadedAdapter
from podion.hosting.answering import answer_rows
from podion.hosting.bases import find_base
from podion.hosting.encoder import Encoder
from podion.hosting.histogram import SECONDS, Histogram
from podion.hosting.label_batch import judging_of, label_answers
from podion.hosting.protocol import Answered, Call, Failed, Json, TextKind
from podion.hosting.silent_rows import speaking
from podion.hosting.state_cache import StateCache
from podion.hosting.token_rows import TokenRow
from podion.nn import States
from podion.settings import Device, Runtime

ADAPTER_BYTES = 1 << 30
"""Bytes of loaded adapters that the engine keeps."""

STATE_BYTES = 256 << 20
"""Bytes of states that the engine remembers: of about 20,000 short texts."""

_NOWHERE = -1

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Prepared:
    """A call that may be computed: its place among the calls, its adapter, its rows, and where it reads the base."""

    place: int
    call: Call
    adapter: LoadedAdapter
    rows: list[TokenRow]
    cut: int

    @property
    def reads_base_at(self) -> int:
        """The cut; -1 where no row says anything, so that the call goes to its head without a pass."""
        return self.cut if speaking(self.rows) else _NOWHERE


class Engine:
    """Answers and embeds; loads bases and adapters when they are first asked for."""

    def __init__(
        self,
        bases: Path,
        *,
        device: Device = "auto",
        threads: int = 1,
        runtime: Runtime = "fp32",
        adapter_bytes: int = ADAPTER_BYTES,
        state_bytes: int = STATE_BYTES,
    ) -> None:
        self._bases = bases
        self._device: Device = device
        self._threads = threads
        self._runtime: Runtime = runtime
        self._encoders: dict[str, Encoder] = {}
        self._rows = 0
        self._adapters = AdapterCache(adapter_bytes)
        self._adapter_bytes = adapter_bytes
        self._state_bytes = state_bytes
        self._caches: dict[str, StateCache] = {}
        self._stages = {stage: Histogram(SECONDS) for stage in ("tokenise", "base", "heads")}

    def answer(self, calls: Sequence[Call]) -> list[Answered | Failed]:
        """Return what became of each call, in order; what is wrong with one does not touch the others.

        Calls of one owner on the same texts (an intent and its slots) share the layers that neither adapts. A call in
        whose records nothing is said goes straight to its head.
        An adapter that is unknown, damaged or of another base than the one asked for fails its call: never is a call
        answered by the base alone. A call without records brings its adapter into memory.
        """
        results: dict[int, Answered | Failed] = {}
        groups: dict[tuple[str, int], list[_Prepared]] = {}
        with self._adapters.holding() as hold:
            for prepared in self._timed("tokenise", lambda: self._prepare_all(calls, hold, results)):
                if not prepared.rows:  # its adapter is there now, and that was all
                    results[prepared.place] = Answered(answers=())
                    continue
                groups.setdefault((prepared.call.base, prepared.reads_base_at), []).append(prepared)
            for (base, cut), group in groups.items():
                results |= self._answer_group(self._encoders[base], cut, group)
        return [results[place] for place in range(len(calls))]

    def embed(self, base: str, texts: Sequence[str], kind: TextKind = "query") -> NDArray[np.float32]:
        """Return vectors of length 1, [texts, hidden]: of what is searched with (`query`) or found (`passage`).

        That of a text that says nothing is zeros.
        """
        encoder = self.encoder(base)
        prefix = encoder.base.passage_prefix if kind == "passage" else encoder.base.prefix
        self._rows += len(texts)
        states = encoder.states(encoder.tokenise(texts, prefix=prefix, with_offsets=False))
        vectors: NDArray[np.float32] = functional.normalize(states.pooled, dim=-1).cpu().numpy()
        return vectors

    def encoder(self, base: str) -> Encoder:
        """Return the encoder of a base, loading it the first time; raises `NotFound` or `DataError`."""
        if base not in self._encoders:
            found = find_base(base, self._bases).computed_by(self._runtime)
            self._encoders[base] = Encoder.load(
                found, device=self._device, threads=self._threads, adapter_bytes=self._adapter_bytes
            )
            self._caches[base] = StateCache(self._state_bytes)
            log.info("base loaded", extra={"base": base, "fingerprint": found.fingerprint})
        return self._encoders[base]

    def status(self) -> Json:
        """Return what is loaded and how much was computed.

        `rows` were asked for; of them `lower_rows` went through the shared layers and `upper_rows` through those
        above. `tokens` counts a text's tokens once for every layer they went through, `computed_tokens` also what was
        computed beside them.
        """
        work = [encoder.work for encoder in list(self._encoders.values())]
        caches = list(self._caches.values())
        tokens, computed = sum(each.tokens for each in work), sum(each.computed for each in work)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "bases": {name: encoder.base.fingerprint for name, encoder in dict(self._encoders).items()},
            "runtime": self._runtime,
            "batches": sum(each.batches for each in work),
            "rows": self._rows,
            "lower_rows": sum(each.lower_rows for each in work),
            "upper_rows": sum(each.upper_rows for each in work),
            "tokens": tokens,
            "computed_tokens": computed,
            "padding_share": 1 - tokens / computed if computed else 0.0,
            **self._adapters.status(),
            "state_bytes": sum(cache.nbytes for cache in caches),
            "state_hits": sum(cache.hits for cache in caches),
            "state_misses": sum(cache.misses for cache in caches),
            "stage_seconds": {stage: histogram.status() for stage, histogram in self._stages.items()},
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            **_resident(),
        }

    def _prepare_all(self, calls: Sequence[Call], hold: Hold, results: dict[int, Answered | Failed]) -> list[_Prepared]:
        """Those calls that may be computed, texts tokenised together; what became of the others is in `results`."""
        ready: dict[str, list[tuple[int, LoadedAdapter, list[str]]]] = {}
        for place, call in enumerate(calls):
            try:
                adapter = self._adapter(call, hold)
                ready.setdefault(call.base, []).append((place, adapter, [_text(record) for record in call.records]))
            except Exception as error:
                results[place] = _failed(call, error)
        prepared: list[_Prepared] = []
        for base, asked in ready.items():
            encoder = self._encoders[base]
            distinct = list(dict.fromkeys(text for _, _, texts in asked for text in texts))
            reads = any(adapter.head.reads_tokens for _, adapter, _ in asked)
            try:
                rows = dict(zip(distinct, encoder.tokenise(distinct, with_offsets=reads), strict=True))
            except Exception as error:
                if len(asked) == 1:
                    results[asked[0][0]] = _failed(calls[asked[0][0]], error)
                else:  # one of them has a text that cannot be read: each on its own, so that it fails alone
                    prepared += [
                        one for place, _, _ in asked for one in self._prepare_alone(place, calls, hold, results)
                    ]
                continue
            for place, adapter, texts in asked:
                cut = encoder.cut if adapter.cut is None else adapter.cut
                prepared.append(_Prepared(place, calls[place], adapter, [rows[text] for text in texts], cut))
        return prepared

    def _prepare_alone(
        self, place: int, calls: Sequence[Call], hold: Hold, results: dict[int, Answered | Failed]
    ) -> list[_Prepared]:
        own: dict[int, Answered | Failed] = {}
        prepared = self._prepare_all([calls[place]], hold, own)
        if own:
            results[place] = own[0]
        return [replace(one, place=place) for one in prepared]

    def _adapter(self, call: Call, hold: Hold) -> LoadedAdapter:
        encoder = self.encoder(call.base)
        try:
            return hold.take(encoder, call.folder, call.digest)
        except (DataError, NotFound) as error:
            # what the caller sent is fine, what is stored here is not
            raise PodionError(error.detail, code=error.code) from error

    def _answer_group(self, encoder: Encoder, cut: int, group: Sequence[_Prepared]) -> dict[int, Answered | Failed]:
        self._rows += sum(len(one.rows) for one in group)
        try:
            states = self._timed("base", lambda: self._states(encoder, cut, group))
        except Exception as error:
            return {one.place: _failed(one.call, error) for one in group}
        return self._timed("heads", lambda: _judge(states, group))

    def _states(self, encoder: Encoder, cut: int, group: Sequence[_Prepared]) -> States:
        """The states of all calls' rows, out of one pass."""
        return encoder.states(
            list(chain.from_iterable(one.rows for one in group)),
            adapters=list(chain.from_iterable([one.adapter.pooled] * len(one.rows) for one in group)),
            reads_tokens=list(chain.from_iterable([one.adapter.head.reads_tokens] * len(one.rows) for one in group)),
            cut=cut,
            owners=list(chain.from_iterable([one.call.owner] * len(one.rows) for one in group)),
            cache=self._caches[encoder.base.name],
        )

    def _timed(self, stage: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return work()
        finally:
            self._stages[stage].observe(time.perf_counter() - started)


def _resident() -> Json:
    """The process's memory, where the system tells."""
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    except OSError:
        return {}
    return {"resident_bytes": int(pages) * resource.getpagesize()}


def _judge(states: States, group: Sequence[_Prepared]) -> dict[int, Answered | Failed]:
    """What became of each call: the ready-made label heads all at once, any other head alone on its own rows."""
    places = list(_rows_of(group))
    results: dict[int, Answered | Failed] = {}
    found = (
        (one, judging_of(one.adapter.head, one.adapter.calibration, own))
        for one, own in zip(group, places, strict=True)
    )
    together = [(one, judging) for one, judging in found if judging is not None]
    for (one, _), answers in zip(together, label_answers(states, [judging for _, judging in together]), strict=True):
        if answers is not None:
            results[one.place] = Answered(answers=tuple(answers))
    for one, own in zip(group, places, strict=True):
        if one.place in results:
            continue
        try:
            results[one.place] = Answered(
                answers=tuple(answer_rows(one.adapter, _part(states, own, one), one.call.records))
            )
        except Exception as error:
            results[one.place] = _failed(one.call, error)
    return results


def _rows_of(group: Sequence[_Prepared]) -> Iterator[slice]:
    """Each call's own rows among those of the group."""
    start = 0
    for one in group:
        yield slice(start, start := start + len(one.rows))


def _part(states: States, own: slice, one: _Prepared) -> States:
    """A call's own part of the states, as long as its own longest row."""
    length = max(map(len, one.rows), default=0) if one.adapter.head.reads_tokens else 0
    return States(
        pooled=states.pooled[own],
        tokens=states.tokens[own, :length],
        mask=states.mask[own, :length],
        offsets=states.offsets[own, :length],
        lower=states.lower[own] if states.lower is not None else None,
    )


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
