"""Records and label words as a label head reads them on the frozen base model."""

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor

from podion.finetuning.examples import Examples, texts_of
from podion.finetuning.few_rows import FEW, Words, flatten
from podion.finetuning.lesson import Lesson
from podion.finetuning.linear import Rows
from podion.finetuning.pair_vectors import frozen_pair_vectors
from podion.finetuning.prototypes import phrasings
from podion.hosting.heads import label_vectors


def rows_of(lesson: Lesson, examples: Examples, *, joined: bool = False) -> Rows:
    """Return records as a label head reads them on the frozen base, `joined` as in `frozen_vectors`."""
    vectors = rows_vectors(lesson, (*examples.inside, *examples.outside), joined=joined)
    targets = torch.tensor(lesson.space.targets(examples.inside), dtype=torch.long, device=vectors.device)
    count = len(examples.inside)
    return Rows(vectors[:count], targets, vectors[count:], len(lesson.space))


def rows_vectors(lesson: Lesson, records: Sequence[BaseModel], *, joined: bool) -> Tensor:
    """Return what a label head, or that of pairs, reads of records on the frozen base, [records, width]."""
    if lesson.is_of_pairs:
        return frozen_pair_vectors(lesson, records)
    return frozen_vectors(lesson, texts_of(lesson.task, records), joined=joined)


def words_of(lesson: Lesson) -> Words | None:
    """Return what stands for each label by its words, as the head reads it.

    None where no label has few records, and for pairs: a label's words are no pair.
    """
    if lesson.is_of_pairs:
        return None
    targets = torch.tensor(lesson.space.targets(lesson.train.inside), dtype=torch.long)
    most = int(np.ceil(FEW * lesson.recipe.folds / (lesson.recipe.folds - 1)))
    if not bool((torch.bincount(targets, minlength=len(lesson.space)) < most).any()):
        return None  # not even in a fold
    texts, owners = flatten(phrasings(lesson.space))
    vectors = frozen_vectors(lesson, texts, joined=True)
    return Words(vectors, torch.tensor(owners, device=vectors.device))


def frozen_vectors(lesson: Lesson, texts: Sequence[str], *, joined: bool, chunk: int = 512) -> Tensor:
    """Return what a label head reads of texts on the frozen base, [texts, width]; each text is computed once.

    `joined` vectors hold the state at the cut beside the last one.
    """
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    width = lesson.encoder.hidden_size * (2 if joined else 1)
    found = [torch.zeros(0, width, device=lesson.encoder.device)]
    for first in range(0, len(distinct), chunk):
        lesson.watch.at(first / len(distinct))
        states = lesson.encoder.states(lesson.encoder.tokenise(distinct[first : first + chunk], with_offsets=False))
        found.append(label_vectors(states.pooled, states.lower if joined else None))
    places = {text: place for place, text in enumerate(distinct)}
    return torch.cat(found)[[places[text] for text in texts]]
