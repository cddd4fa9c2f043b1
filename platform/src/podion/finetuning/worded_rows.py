"""Records as a head that reads words sees them on the frozen base."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from pydantic import BaseModel
from scipy import sparse
from torch import Tensor

from podion.finetuning.calibration import Floats, Integers
from podion.finetuning.examples import Examples, texts_of
from podion.finetuning.few_rows import few_labels, few_offsets, flatten
from podion.finetuning.frozen_vectors import frozen_vectors, rows_vectors
from podion.finetuning.lesson import Lesson
from podion.finetuning.prototypes import LABEL_WEIGHT, phrasings
from podion.nn.word_counts import Vocabulary, word_rows
from podion.nn.word_linear import WordedRows

OUTSIDE = -1
"""The target of a row that belongs to no label."""


@dataclass(frozen=True)
class Reader:
    """What records look like through one vocabulary, and the rows that stand for each label by its words."""

    lesson: Lesson
    vocabulary: Vocabulary

    def rows(self, examples: Examples) -> WordedRows:
        """Return the rows of `examples`: those with a label, in order, then those that belong to none."""
        records, targets = records_of(examples), self.lesson.space.targets(examples.inside)
        vectors = rows_vectors(self.lesson, records, joined=True)
        texts = texts_of(self.lesson.task, records)
        return self._read(vectors, texts, [*targets, *([OUTSIDE] * len(examples.outside))])

    def phrases(self) -> WordedRows:
        """Return the rows of the texts that stand for each label."""
        texts, targets = flatten(phrasings(self.lesson.space))
        return self._read(frozen_vectors(self.lesson, texts, joined=True), texts, targets)

    def _read(self, vectors: Tensor, texts: Sequence[str], targets: Sequence[int]) -> WordedRows:
        words = word_rows(texts, self.vocabulary, self.lesson.reading)
        return WordedRows(vectors.cpu().numpy(), words, np.array(targets, dtype=np.int64), len(self.lesson.space))


def taught(rows: WordedRows, phrases: WordedRows | None, outlier_weight: float) -> WordedRows:
    """Return the rows as they teach: the words of labels with few rows stand beside them, as in `few_rows`.

    Rows that belong to no label together weigh `outlier_weight` times as much as all others.
    """
    inside = rows.targets >= 0
    weights = np.ones(len(rows))
    if not inside.all():
        weights[~inside] = outlier_weight * inside.sum() / (~inside).sum()
    targets = torch.from_numpy(rows.targets[inside])
    few = few_labels(targets, rows.labels).numpy()
    if phrases is None or not few.any():
        return replace(rows, weights=weights)
    chosen = np.flatnonzero(few[phrases.targets])
    forms = np.bincount(phrases.targets[chosen], minlength=rows.labels)
    offsets = few_offsets(targets, rows.labels)
    return WordedRows(
        vectors=np.concatenate([rows.vectors, phrases.vectors[chosen]]),
        words=sparse.vstack([rows.words, phrases.words[chosen]], format="csr"),
        targets=np.concatenate([rows.targets, phrases.targets[chosen]]),
        labels=rows.labels,
        weights=np.concatenate([weights, LABEL_WEIGHT / forms[phrases.targets[chosen]]]),
        offsets=None if offsets is None else offsets.numpy(),
    )


def folds_with_outside(folds: Integers, outside: int, count: int, seed: int) -> Integers:
    """Return the folds of rows with a label followed by drawn ones for `outside` rows that belong to none."""
    return np.concatenate([folds, np.random.default_rng(seed).permutation(outside) % count])


def known(logits: Floats) -> Integers:
    """Return the places of rows of which something was said."""
    return np.flatnonzero(~np.isnan(logits).any(axis=1))


def records_of(examples: Examples) -> tuple[BaseModel, ...]:
    """Return the records in the order of their rows."""
    return (*examples.inside, *examples.outside)
