"""What the words of a text say of where marked stretches begin and go on, for heads that read more than states."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from podion.nn.token_words import MOST_CHARACTERS, Keys, Places, TokenWords, codes_of, token_words

TAGS = 3
"""Outside, begin, inside."""

Marks = Sequence[tuple[int, int, int]]
"""Stretches of a text: first character, end (exclusive), place of the label."""

Narrow = NDArray[np.float32]

_FOLDS = 3
_LEAST_SEEN = 2
_MOST_WEIGHTS = 4_000_000
_MOST_READ = 3_000_000
"""Characters that teach: more take minutes and gigabytes, and tell little that is new."""

_PENALTY = 0.5
_ITERATIONS = 60
_SMALL = 0.02
"""What moves no logit by more than this need not be kept."""


@dataclass(frozen=True)
class Said:
    """Logits [words, labels, 3] of the words of some texts, and where in which text each stands."""

    words: TokenWords
    logits: Tensor


@dataclass(frozen=True)
class _Layer:
    """Sorted keys, and what each says: `weight` [keys, outputs]; `bias` [outputs]."""

    keys: Keys
    weight: Narrow
    bias: Narrow

    def of(self, words: TokenWords) -> Narrow:
        """Return logits, [words, outputs]."""
        found: Narrow = _table(words.keys, self.keys) @ self.weight + self.bias
        return found


class TagScores(nn.Module):
    """A linear layer on words in their surroundings, in any script, fitted at once and not by gradients.

    Each label is tagged for itself: outside, begin, inside. `known` is how many things count, 0 before `fit`; each has
    a key and a weight an output. They are buffers, so that a head which holds this module saves them.
    """

    def __init__(self, labels: int, known: int = 0) -> None:
        super().__init__()
        self.keys: Tensor
        self.weight: Tensor
        self.bias: Tensor
        self._labels = labels
        self._without: list[_Layer] = []
        self.register_buffer("keys", torch.zeros(known, dtype=torch.int64))
        self.register_buffer("weight", torch.zeros(known, TAGS * labels))
        self.register_buffer("bias", torch.zeros(TAGS * labels))

    @property
    def known(self) -> int:
        """How many things count that may be known of a word."""
        return len(self.keys)

    def forward(self, codes: Tensor, folds: Tensor | None = None) -> Said:
        """Return what the words say in texts given as `codes_of` gives them.

        Texts of a fold (0 or more) hear the layer that did not learn from them, all others the whole one.
        """
        words = token_words(codes.cpu().numpy())
        logits = self._whole().of(words)
        if folds is not None and self._without:
            own = folds.cpu().numpy()[words.rows]
            for fold, layer in enumerate(self._without):
                places = np.flatnonzero(own == fold)
                if len(places):
                    logits[places] = layer.of(_at(words, places))
        return Said(words, torch.from_numpy(logits.reshape(len(words), self._labels, TAGS)))

    def fit(
        self,
        texts: Sequence[str],
        marks: Sequence[Marks | None],
        *,
        look: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """Learn from texts and their marked stretches (None: nobody looked), and return each text's fold, [texts].

        What is trained further on the same texts has to hear what a layer says that did not learn from them: see
        `forward`. Equal texts share a fold.
        """
        learned = _spread([place for place, told in enumerate(marks) if told is not None], texts)
        words = token_words(codes_of([texts[place] for place in learned]))
        targets = _targets(words, [marks[place] or () for place in learned], self._labels)
        keys = _choose(words.keys, TAGS * self._labels)
        table = _table(words.keys, keys)
        folds = _folds(list(texts))
        own = folds[np.asarray(learned, dtype=np.int64)][words.rows] if learned else np.zeros(0, np.int64)
        self._without = []
        for fold in range(_FOLDS):
            others = np.flatnonzero(own != fold)
            self._without.append(_Layer(keys, *_fit(table[others], targets[others], look)))
        weight, bias = _fit(table, targets, look)
        kept = np.flatnonzero(np.abs(weight).max(axis=1, initial=0.0) > _SMALL)
        self.keys, self.weight = torch.from_numpy(keys[kept].copy()), torch.from_numpy(weight[kept].copy())
        self.bias = torch.from_numpy(bias)
        return torch.from_numpy(folds)

    def _whole(self) -> _Layer:
        return _Layer(self.keys.cpu().numpy(), self.weight.cpu().numpy(), self.bias.cpu().numpy())


def _at(words: TokenWords, places: Places) -> TokenWords:
    return TokenWords(words.rows[places], words.starts[places], words.ends[places], words.keys[places])


def _spread(places: list[int], texts: Sequence[str]) -> list[int]:
    """As many of these texts, evenly spread, as are read in reasonable time."""
    characters = sum(min(len(texts[place]), MOST_CHARACTERS) for place in places)
    return places[:: max(1, -(-characters // _MOST_READ))]


def _choose(keys: Keys, outputs: int) -> Keys:
    """The keys that stand often enough to be known, sorted: as many as there may be weights for."""
    found, counts = np.unique(keys[keys != 0], return_counts=True)
    least = _LEAST_SEEN
    while ((counts >= least).sum() + 1) * outputs > _MOST_WEIGHTS:
        least += 1
    chosen: Keys = found[counts >= least]
    return chosen


def _table(keys: Keys, known: Keys) -> Any:
    """Which words have which known keys: a sparse table [words, known] of ones."""
    if not len(known) or not keys.size:
        return sparse.csr_matrix((len(keys), len(known)), dtype=np.float32)
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    there = (known[places] == keys) & (keys != 0)
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    columns = places[there].astype(np.int32)
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(keys), len(known)))


def _targets(words: TokenWords, marks: Sequence[Marks], labels: int) -> Places:
    """The tag of every word for every label, [words, labels]; of stretches of a label that overlap the longest."""
    targets = np.zeros((len(words), labels), dtype=np.int64)
    bounds = np.searchsorted(words.rows, np.arange(len(marks) + 1))
    for row, told in enumerate(marks):
        first, last = bounds[row], bounds[row + 1]
        starts, ends = words.starts[first:last], words.ends[first:last]
        for start, end, label in sorted(told, key=lambda mark: (mark[0] - mark[1], mark[0])):
            inside = first + np.flatnonzero((starts < end) & (ends > start))
            if len(inside) and not targets[inside, label].any():
                targets[inside, label] = 2
                targets[inside[0], label] = 1
    return targets


def _fit(table: Any, targets: Places, look: Callable[[], None]) -> tuple[Narrow, Narrow]:
    """The layer with the least cross entropy of all words and labels plus half its squared weights times the penalty.

    Returns weights [keys, outputs] and bias [outputs]. `look` is called at every step.
    """
    words, labels = targets.shape
    outputs, known = TAGS * labels, table.shape[1]
    across = table.T.tocsr()
    truth = np.eye(TAGS, dtype=np.float32)[targets].reshape(words, outputs)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        look()
        weight, bias = np.split(flat.astype(np.float32).reshape(known + 1, outputs), [known])
        logits = (table @ weight + bias).reshape(words, labels, TAGS)
        logits -= logits.max(axis=-1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=-1, keepdims=True)
        surprise = float(np.log(sums).sum(dtype=np.float64)) - float((logits.reshape(words, outputs) * truth).sum())
        wrong = (powers / sums).reshape(words, outputs) - truth
        gradient = np.concatenate([across @ wrong + _PENALTY * weight, wrong.sum(axis=0, keepdims=True)])
        restraint = 0.5 * _PENALTY * float((weight.astype(np.float64) ** 2).sum())
        return surprise + restraint, gradient.astype(np.float64).ravel()

    from scipy.optimize import minimize  # only training needs it

    begin = np.zeros((known + 1) * outputs)
    options = {"maxiter": _ITERATIONS, "maxcor": 5, "ftol": 1e-5}
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options=options)
    weight, bias = np.split(found.x.astype(np.float32).reshape(known + 1, outputs), [known])
    return weight, bias[0]


def _folds(groups: Sequence[Any]) -> Places:
    """A fold for each text, neighbours together; texts of one group share it.

    Texts that follow one another are often of one document and repeat its words: a layer that learned from some of them
    would be too good on the others.
    """
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    return np.array([_FOLDS * places[group] // len(places) for group in groups], dtype=np.int64)
