"""One collection's index in memory, brought up to its rows before each search."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from podion.retrieval.cuts import searched_text
from podion.retrieval.index import VectorIndex
from podion.retrieval.lexical import LexicalIndex
from podion.storage import segments
from podion.storage.database import Connection
from podion.storage.documents import DocumentRow
from podion.storage.segments import CollectionRow, SegmentRow
from podion.vertical import CollectionSpec

DENSE_SHARE = 0.6
"""What meaning weighs, against letters.

On the tuning part of benchmarks/retrieval.py anything up to it does nearly as well, since its disturbances keep most
letters; the highest such share leaves most to meaning, for questions that share no word with their answer.
"""

_FIRST_LOOK = 64
_ENTRY_BYTES = 400

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class OtherBase(Exception):
    """A vector of one base cannot be compared with those of another."""


class Entry(NamedTuple):
    """Where a segment stands."""

    document: str
    field: str
    start: int
    stop: int


class Found(NamedTuple):
    """A document's best segment and its score in [0, 1]."""

    score: float
    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class _Terms:
    """When a document may be found, and what it may be asked for."""

    start: datetime | None
    end: datetime | None
    filters: Mapping[str, Any]

    def admit(self, at: datetime, where: Mapping[str, Any]) -> bool:
        if (self.start and at < self.start) or (self.end and at >= self.end):
            return False
        return all(self.filters[name] == value for name, value in where.items())


class CollectionIndex:
    """Segments of one collection, of one tenant, by vector and by letters. Its user holds a lock around each call."""

    def __init__(
        self, *, fingerprint: str, vectors: VectorIndex, lexical: LexicalIndex | None = None, generation: int = 0
    ) -> None:
        self.fingerprint = fingerprint
        self.generation = generation
        self.changed = 0
        self._vectors = vectors
        self._lexical = lexical or LexicalIndex()
        self._entries: dict[int, Entry] = {}
        self._numbers: dict[str, set[int]] = {}
        self._terms: dict[str, _Terms] = {}
        self._timed: set[str] = set()
        self._having: dict[tuple[str, str], set[str]] = {}

    def __len__(self) -> int:
        return len(self._vectors)

    @property
    def nbytes(self) -> int:
        """Bytes in memory, about."""
        return self._vectors.nbytes + self._lexical.nbytes + _ENTRY_BYTES * len(self._entries)

    @property
    def numbers(self) -> set[int]:
        """The numbers of the segments that it would find."""
        return set(self._vectors.numbers.tolist())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a file keeps of it."""
        return {"vectors": self._vectors.to_array(), **self._lexical.arrays()}

    def catch_up(self, c: Connection, row: CollectionRow, spec: CollectionSpec, kind: str) -> bool:
        """Take in what was written since, let go of what was removed; return whether it now equals the rows.

        Raises `OtherBase` where a row's vector is of another base than this index.
        """
        if self.generation == row.generation and self._entries:
            return True
        written = segments.since(c, row, self.generation)
        if any(one.fingerprint != self.fingerprint for one in written):
            raise OtherBase
        strange = [] if self._entries else segments.places(c, row, self.generation)
        wanted = sorted({one.document for one in written} | {one.document for one in strange})
        bodies = segments.documents_of(c, row.tenant, row.vertical, kind, wanted)
        # A segment without its document cites nothing: it is as good as gone.
        written = [one for one in written if one.document in bodies]
        places = {one.number: Entry(one.document, one.field, one.start, one.stop) for one in strange}
        self._enter({number: place for number, place in places.items() if place.document in bodies})
        self._know({id: _terms(spec, body) for id, body in bodies.items()})
        self._take(written, lambda one: searched_text(bodies[one.document].body, one.field, one.start, one.stop))
        if len(self._vectors) != segments.count(c, row) or len(self._entries) != len(self._vectors):
            self._keep_only(segments.numbers(c, row))
        self.generation = row.generation
        return self._entries.keys() == self.numbers and len(self._entries) == len(self._lexical)

    def search(self, vector: Floats, query: str, k: int, where: Mapping[str, Any], at: datetime) -> list[Found]:
        """Return the best segment of each of the `k` best documents that may be found, best first; exact."""
        if not len(self):
            return []
        allowed = self._allowed(where, at)
        letters = self._lexical.scores(query)
        among = None if allowed is None else self._lexical.numbers[allowed]
        most = len(self) if among is None else len(among)
        look = min(most, max(_FIRST_LOOK, 8 * k))
        while most:
            numbers, near = self._vectors.search(vector, look, among)
            floor = float(near[-1]) if look < most else -np.inf
            best = self._best(numbers, near, letters, k)
            if look >= most:
                return best
            if len(best) == k:
                unseen = self._unseen(numbers, letters, floor, best[-1].score, allowed)
                more = self._vectors.vectors(unseen) @ vector
                return self._best(np.concatenate([numbers, unseen]), np.concatenate([near, more]), letters, k)
            look = min(most, 4 * look)
        return []

    def _unseen(
        self, seen: Ints, letters: Floats, floor: float, worst: float, allowed: NDArray[np.bool_] | None
    ) -> Ints:
        """Return what the vectors' first look left out and may still be better than the worst that was found."""
        may = _fused(np.float32(floor), letters) >= worst
        may[np.searchsorted(self._lexical.numbers, seen)] = False
        left: Ints = self._lexical.numbers[may if allowed is None else may & allowed]
        return left

    def _best(self, numbers: Ints, near: Floats, letters: Floats, k: int) -> list[Found]:
        scores = _fused(near, letters[np.searchsorted(self._lexical.numbers, numbers)])
        found: dict[str, Found] = {}
        # Ties go to the older segment, so that the same search gives the same answer everywhere.
        for place in np.lexsort((numbers, -scores)):
            entry = self._entries[int(numbers[place])]
            if entry.document not in found:
                found[entry.document] = Found(float(scores[place]), int(numbers[place]), entry)
                if len(found) == k:
                    break
        return list(found.values())

    def _allowed(self, where: Mapping[str, Any], at: datetime) -> NDArray[np.bool_] | None:
        """Return which rows may be found, None where all may; looks only at documents that may make a difference."""
        if where:
            asked = [self._having.get(_asked(name, value), set()) for name, value in where.items()]
            fitting = set.intersection(*asked)
            admitted = [id for id in fitting if self._terms[id].admit(at, where)]
            return self._marked(admitted)
        barred = [id for id in self._timed if not self._terms[id].admit(at, where)]
        return ~self._marked(barred) if barred else None

    def _marked(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows are of these documents."""
        numbers = [number for id in ids for number in self._numbers.get(id, ())]
        marked = np.zeros(len(self._lexical), np.bool_)
        marked[np.searchsorted(self._lexical.numbers, np.array(numbers, np.int64))] = True
        return marked

    def _know(self, terms: Mapping[str, _Terms]) -> None:
        """Note when documents may be found, and by what they may be asked for."""
        for id, own in terms.items():
            self._forget(id)
            self._terms[id] = own
            if own.start is not None or own.end is not None:
                self._timed.add(id)
            for name, value in own.filters.items():
                self._having.setdefault(_asked(name, value), set()).add(id)

    def _forget(self, id: str) -> None:
        known = self._terms.pop(id, None)
        self._timed.discard(id)
        for name, value in known.filters.items() if known is not None else ():
            self._having[_asked(name, value)].discard(id)

    def _take(self, written: Sequence[SegmentRow], text: Callable[[SegmentRow], str]) -> None:
        """Add new segments; one that is known has a new vector only."""
        if not written:
            return
        numbers = np.array([one.number for one in written], np.int64)
        vectors = np.frombuffer(b"".join(one.vector for one in written), "<f4").reshape(len(written), -1)
        self._vectors.remove(numbers)
        self._vectors.add(numbers, vectors)
        known = set(self._lexical.numbers.tolist())
        new = [one for one in written if one.number not in known]
        self._lexical.add(np.array([one.number for one in new], np.int64), [text(one) for one in new])
        self._enter({one.number: Entry(one.document, one.field, one.start, one.stop) for one in written})
        self.changed += len(written)

    def _enter(self, places: Mapping[int, Entry]) -> None:
        self._entries.update(places)
        for number, entry in places.items():
            self._numbers.setdefault(entry.document, set()).add(number)

    def _keep_only(self, living: Sequence[int]) -> None:
        gone = np.setdiff1d(self._lexical.numbers, np.array(living, np.int64))
        self._vectors.remove(gone)
        self._lexical.keep(~np.isin(self._lexical.numbers, gone))
        for number in gone.tolist():
            entry = self._entries.pop(number, None)
            if entry is not None:
                own = self._numbers[entry.document]
                own.discard(number)
                if not own:
                    del self._numbers[entry.document]
                    self._forget(entry.document)
        self.changed += len(gone)


def _asked(name: str, value: Any) -> tuple[str, str]:
    """Return by what documents with a value in a field are found: as JSON, where 1 and 1.0 and true are one."""
    plain = int(value) if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()) else value
    return name, json.dumps(plain, sort_keys=True)


def _fused(near: Any, letters: Floats) -> Floats:
    fused: Floats = np.clip(DENSE_SHARE * near + (1 - DENSE_SHARE) * letters, 0, 1).astype(np.float32)
    return fused


def _terms(spec: CollectionSpec, row: DocumentRow) -> _Terms:
    return _Terms(
        _moment(row.body.get("valid_from")),
        _moment(row.body.get("valid_to")),
        {name: row.body.get(name) for name in spec.filters},
    )


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
