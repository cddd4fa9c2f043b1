"""A linear head on vectors and words at once: multinomial logistic regression with a penalty for either. No torch.

What vectors tell apart, words need not: fitted together they do better than either and than two heads whose answers
are averaged. Deterministic; both penalties are chosen by the likelihood of rows that were held out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.integer[Any]]
Narrow = NDArray[np.float32]
Penalties = tuple[float, float]

STEP = 0.3
"""Between one penalty that is tried and the next: half an order of magnitude."""

FIRST = (0.3, 0.3)
"""The penalties of vectors and of words where the search begins, and where no row can be spared for it."""

_CHANGES = ((1.0, STEP), (1.0, 1 / STEP), (STEP, 1.0), (1 / STEP, 1.0))
_MOST_TRIED = 9
_ITERATIONS = 100


@dataclass(frozen=True)
class WordedRows:
    """`vectors` [rows, width], `words` [rows, words] (sparse) and the label of each row.

    A negative target is that of a row which belongs to no label and teaches to be unsure of all. `weights` [rows] say
    how much a row counts; `offsets` [labels] are added to the logits while the head is fitted.
    """

    vectors: Narrow
    words: Any
    targets: Integers
    labels: int
    weights: Floats | None = None
    offsets: Floats | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def at(self, places: Sequence[int] | Integers) -> "WordedRows":
        """Return the rows at these positions."""
        chosen = np.asarray(places, dtype=np.int64)
        weights = None if self.weights is None else self.weights[chosen]
        return replace(
            self, vectors=self.vectors[chosen], words=self.words[chosen], targets=self.targets[chosen], weights=weights
        )


@dataclass(frozen=True)
class WordedLinear:
    """The layers: `vectors` [labels, width], `bias` [labels], `words` [words, labels]."""

    vectors: Narrow
    bias: Narrow
    words: Narrow

    def logits(self, rows: WordedRows) -> Floats:
        """Return [rows, labels]."""
        found: Floats = rows.vectors @ self.vectors.T + rows.words @ self.words + self.bias
        return found


def fit_worded(
    rows: WordedRows,
    penalties: Penalties,
    *,
    start: WordedLinear | None = None,
    look: Callable[[], None] = lambda: None,
) -> WordedLinear:
    """Return the layers with the least cross entropy, plus half the squared weights times each's penalty over all rows.

    `look` is called at every step.
    """
    from scipy.optimize import minimize  # only training needs it

    loss = _Loss(rows, penalties, look)
    begin = np.zeros(loss.size) if start is None else loss.flat(start)
    found = minimize(
        loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS, "gtol": 1e-5, "ftol": 1e-7}
    )
    return loss.layers(found.x)


def choose_penalties(
    train: WordedRows, held_out: WordedRows, look: Callable[[], None] = lambda: None
) -> tuple[Penalties, WordedLinear]:
    """Return the penalties whose head explains the held-out rows best, and that head.

    From the first pair on, the words' and the vectors' are moved in turn while that helps; each fit starts from the
    best one's answer.
    """
    best = fit_worded(train, FIRST, look=look)
    penalties, least = FIRST, _surprise(best.logits(held_out), held_out.targets)
    tried = {FIRST}
    moved = True
    while moved and len(tried) < _MOST_TRIED:
        moved = False
        for change in _CHANGES if train.vectors.shape[1] else _CHANGES[:2]:
            asked = (round(penalties[0] * change[0], 6), round(penalties[1] * change[1], 6))
            if asked in tried or len(tried) >= _MOST_TRIED:
                continue
            tried.add(asked)
            made = fit_worded(train, asked, start=best, look=look)
            loss = _surprise(made.logits(held_out), held_out.targets)
            if loss < least:
                penalties, least, best, moved = asked, loss, made, True
    return penalties, best


class _Loss:
    """The penalised mean loss of all layers laid end to end, and its gradient."""

    def __init__(self, rows: WordedRows, penalties: Penalties, look: Callable[[], None]) -> None:
        self._rows, self._penalties, self._look = rows, penalties, look
        self._transposed = rows.words.T.tocsr()
        inside = rows.targets >= 0
        self._shares = np.full((len(rows), rows.labels), 1 / rows.labels, dtype=np.float32)
        self._shares[inside] = np.eye(rows.labels, dtype=np.float32)[rows.targets[inside]]
        self._weights = (np.ones(len(rows)) if rows.weights is None else rows.weights).astype(np.float32)[:, None]
        self._total = float(self._weights[inside].sum()) or 1.0
        self._offsets = 0.0 if rows.offsets is None else np.asarray(rows.offsets, dtype=np.float32)
        self._ends = np.cumsum([rows.labels * rows.vectors.shape[1], rows.labels, rows.words.shape[1] * rows.labels])

    @property
    def size(self) -> int:
        return int(self._ends[-1])

    def flat(self, layers: WordedLinear) -> Floats:
        return np.concatenate([layers.vectors.ravel(), layers.bias, layers.words.ravel()]).astype(np.float64)

    def layers(self, flat: Floats) -> WordedLinear:
        vectors, bias, words = np.split(flat.astype(np.float32), self._ends[:-1])
        labels = self._rows.labels
        return WordedLinear(vectors.reshape(labels, -1), bias, words.reshape(-1, labels))

    def __call__(self, flat: Floats) -> tuple[float, Floats]:
        self._look()
        layers, rows = self.layers(flat), self._rows
        logits = layers.logits(rows) + self._offsets
        logits = logits - logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1, keepdims=True)
        losses = np.log(sums) - (self._shares * logits).sum(axis=1, keepdims=True)
        on_vectors, on_words = self._penalties
        loss = float((losses * self._weights).sum(dtype=np.float64))
        loss += on_vectors / 2 * float(np.square(layers.vectors).sum(dtype=np.float64))
        loss += on_words / 2 * float(np.square(layers.words).sum(dtype=np.float64))
        error = (powers / sums - self._shares) * self._weights
        gradient = WordedLinear(
            error.T @ rows.vectors + on_vectors * layers.vectors,
            error.sum(axis=0),
            self._transposed @ error + on_words * layers.words,
        )
        return loss / self._total, self.flat(gradient) / self._total


def _surprise(logits: Floats, targets: Integers) -> float:
    """The mean negative log likelihood of the rows that have a label; 0 where none has."""
    counted = np.flatnonzero(targets >= 0)
    if not len(counted):
        return 0.0
    wide = logits[counted].astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    return float((np.log(np.exp(wide).sum(axis=1)) - wide[np.arange(len(counted)), targets[counted]]).mean())
