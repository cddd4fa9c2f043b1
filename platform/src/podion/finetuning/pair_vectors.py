"""Pairs of texts as the head that reads them reads them on the base model."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from pydantic import BaseModel
from torch import Tensor

from podion.finetuning.examples import texts_of
from podion.finetuning.fresh_heads import features_of, fresh_head
from podion.finetuning.lesson import Lesson
from podion.hosting.pair_heads import PairClassifier
from podion.nn import States

_CHUNK = 256


def pair_head(lesson: Lesson) -> PairClassifier:
    """Return the untrained head of a lesson of pairs, without words."""
    head = fresh_head(lesson.without_words(), (), {})
    assert isinstance(head, PairClassifier)
    return head


def frozen_pair_vectors(lesson: Lesson, records: Sequence[BaseModel]) -> Tensor:
    """Return what a pair's head reads of records on the frozen base, [records, width]."""
    head, encoder = pair_head(lesson), lesson.encoder
    rows = encoder.tokenise(texts_of(lesson.task, records))
    features = features_of(head, lesson.task, records, 0)

    def states(places: Sequence[int]) -> States:
        found = encoder.states([rows[place] for place in places], reads_tokens=True)
        return replace(found, features={name: tensor[list(places)] for name, tensor in features.items()})

    order = sorted(range(len(rows)), key=lambda place: (rows[place].ids, place))  # equal rows in one pass are one row
    order.sort(key=lambda place: len(rows[place]))
    batches = [order[first : first + _CHUNK] for first in range(0, len(order), _CHUNK)]
    return vectors_in(head, batches, states, lesson.watch.look)


def vectors_in(
    head: PairClassifier,
    batches: Sequence[Sequence[int]],
    states: Callable[[Sequence[int]], States],
    look: Callable[[], None],
) -> Tensor:
    """Return what the head reads of the rows at the places of all batches, [rows, width], without gradients."""
    weight = head.linear.weight
    found = torch.zeros(sum(map(len, batches)), weight.shape[1], device=weight.device)
    for places in batches:
        look()
        with torch.no_grad():
            found[list(places)] = head.vectors(states(places))
    return found
