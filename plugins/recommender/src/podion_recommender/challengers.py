"""Simple models on the same visits as the head, and an established library's: told of in every report, never served.

Each is fitted on what teaches, choosing its settings by the visits kept apart, and again on all visits with these.
"""

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from podion import LabelSpace, RankedItem, RankingAnswer
from podion_recommender.heads.asking import sequences_of
from podion_recommender.heads.neighbours import Counting, followers, nearness
from podion_recommender.schema import Visit

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Settings = Mapping[str, float]

_BLOCK = 256
_FIRST = 10
_MOST_ASKED = 2_000
_LENGTH = 30


class Rival(ABC):
    """Ranks by numbers [rows, items] that a model gives to what users took; what was taken or barred is left out."""

    name: ClassVar[str]

    def __init__(self, space: LabelSpace, seed: int) -> None:
        self.space, self.seed = space, seed
        self.items = len(space.labels)
        self.places = {label: place for place, label in enumerate(space.labels)}
        self.settings: Settings | None = None

    @abstractmethod
    def learn(self, sequences: Sequence[Ints], settings: Settings) -> None:
        """Learn from what each user took, in order."""

    @abstractmethod
    def scores(self, pasts: Sequence[Ints]) -> Floats:
        """Return how each item scores for users who took these in order, [rows, items]."""

    def grid(self) -> Sequence[Settings]:
        """Return the settings to choose from."""
        return ({},)

    def fit(self, train: Sequence[Visit], validation: Sequence[Visit]) -> None:
        """Learn; where visits were kept apart, with the settings that rank them best."""
        sequences, _ = sequences_of(train, self.places)
        choices = self.grid()
        if self.settings is None and validation and len(choices) > 1:
            drawn = np.random.default_rng(self.seed).permutation(len(validation))[:_MOST_ASKED]
            asked = [validation[place] for place in sorted(drawn.tolist())]
            self.settings = max(choices, key=lambda settings: self._gain(sequences, settings, asked))
        self.settings = choices[0] if self.settings is None else self.settings
        self.learn(sequences, self.settings)

    def rankings(self, records: Sequence[Visit]) -> list[RankingAnswer]:
        """Return a ranking a visit, of as many items as it asks for."""
        answers: list[RankingAnswer] = []
        for first in range(0, len(records), _BLOCK):
            rows = records[first : first + _BLOCK]
            pasts = [self._past(record) for record in rows]
            found = self.scores(pasts)
            for row, past in enumerate(pasts):
                found[row, past] = -np.inf
            answers += [self._answer(own, row.count) for own, row in zip(found, rows, strict=True)]
        return answers

    def text(self) -> str:
        """Return the settings as JSON."""
        return json.dumps({"model": self.name, "settings": dict(self.settings or {})}, sort_keys=True)

    def _gain(self, sequences: Sequence[Ints], settings: Settings, asked: Sequence[Visit]) -> float:
        self.learn(sequences, settings)
        total = 0.0
        for answer, record in zip(self.rankings(asked), asked, strict=True):
            ids = [item.item_id for item in answer.items[:_FIRST]]
            total += 1 / np.log2(ids.index(record.item_id) + 2) if record.item_id in ids else 0.0
        return total

    def _past(self, record: Visit) -> Ints:
        """What a user took, as numbers in order: also what lies further back than the past that a visit tells."""
        named = [*record.exclude, *(step.item_id for step in record.past or ())]
        return np.array([self.places[item] for item in named if item in self.places], dtype=np.int64)

    def _answer(self, scores: Floats, count: int) -> RankingAnswer:
        most = min(count, len(scores))
        best = np.argpartition(-scores, most - 1)[:most]
        order = best[np.lexsort((best, -scores[best]))].tolist()
        ids = self.space.labels
        items = (
            RankedItem.model_construct(item_id=ids[place], score=float(scores[place]), source=self.name)
            for place in order
            if np.isfinite(scores[place])
        )
        return RankingAnswer(items=tuple(items), confidence=0.0)

    def _matrix(self, rows: Sequence[Ints]) -> sparse.csr_array:
        """What users took without regard to order, [users, items] of 0 and 1."""
        once = [np.unique(row) for row in rows]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in once])]).astype(np.int64)
        places = np.concatenate([np.zeros(0, np.int64), *once])
        return sparse.csr_array((np.ones(len(places), np.float32), places, starts), shape=(len(rows), self.items))


class Popularity(Rival):
    """The same list for all: how many users took each item."""

    name = "popularity"

    def learn(self, sequences: Sequence[Ints], settings: Settings) -> None:
        """Count."""
        self._counts = np.asarray(self._matrix(sequences).sum(axis=0), dtype=np.float64).ravel()

    def scores(self, pasts: Sequence[Ints]) -> Floats:
        """Return the counts, once a row."""
        return np.tile(self._counts, (len(pasts), 1))


class ItemCosine(Rival):
    """Items whose users are those of the items taken (Sarwar et al. 2001), without regard to order."""

    name = "item_cosine"

    def learn(self, sequences: Sequence[Ints], settings: Settings) -> None:
        """Take the cosine of every two items' users."""
        taken = self._matrix(sequences)
        counts = np.maximum(np.asarray(taken.sum(axis=0), dtype=np.float64).ravel(), 1)
        scaled = taken @ sparse.diags_array(counts**-0.5)
        self._near = sparse.csr_array(scaled.T @ scaled)
        self._near.setdiag(0.0)

    def scores(self, pasts: Sequence[Ints]) -> Floats:
        """Return the sum over the items taken."""
        return np.asarray((self._matrix(pasts) @ self._near).toarray())


class SequenceCosine(Rival):
    """What followed what, as the head counts it (`heads.neighbours`), alone and with all followers kept."""

    name = "sequence_cosine"

    def grid(self) -> Sequence[Settings]:
        """Return powers of how often an item occurs, and how fast the past fades."""
        return [
            {"target": target, "source": source, "recency": recency}
            for target, source, recency in product((0.1, 0.2, 0.3, 0.5), (0.3, 0.5), (0.7, 0.8))
        ]

    def learn(self, sequences: Sequence[Ints], settings: Settings) -> None:
        """Count what followed what."""
        named = {name: settings[name] for name in ("target", "source", "recency")}
        self._counting = Counting(**named)  # type: ignore[arg-type]
        self._near = followers(sequences, self.items, self._counting)

    def scores(self, pasts: Sequence[Ints]) -> Floats:
        """Return the sum over the latest items, the last one weighing most."""
        latest = np.full((len(pasts), _LENGTH), -1, dtype=np.int64)
        for row, past in enumerate(pasts):
            own = past[-_LENGTH:][::-1]
            latest[row, : len(own)] = own
        return nearness(self._near, latest, self._counting.recency)


class AlternatingLeastSquares(Rival):
    """Implicit-feedback matrix factorisation (Hu, Koren and Volinsky 2008) by the library `implicit`."""

    name = "als"

    def grid(self) -> Sequence[Settings]:
        """Return widths, penalties and weights of what was taken."""
        return [
            {"factors": factors, "regularization": penalty, "alpha": alpha}
            for factors, penalty, alpha in product((64, 128), (1.0, 10.0), (2.0, 10.0))
        ]

    def learn(self, sequences: Sequence[Ints], settings: Settings) -> None:
        """Factorise, on one thread."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it says, once, of the threads that others may use
            from implicit.cpu.als import AlternatingLeastSquares as Library

            self._model: Any = Library(
                factors=int(settings["factors"]),
                regularization=settings["regularization"],
                alpha=settings["alpha"],
                iterations=10,
                num_threads=1,
                random_state=self.seed,
            )
            self._model.fit(sparse.csr_matrix(self._matrix(sequences)), show_progress=False)

    def scores(self, pasts: Sequence[Ints]) -> Floats:
        """Return users' factors, made anew of what they took, against the items'."""
        taken = sparse.csr_matrix(self._matrix(pasts))
        users = self._model.recalculate_user(np.arange(len(pasts)), taken)
        return np.asarray(users @ self._model.item_factors.T, dtype=np.float64)
