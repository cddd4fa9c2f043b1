"""Several trainings of one LoRA and its head, averaged into one that does better on new rows than each of them.

Trainings that start from the same base end near enough to each other that the mean of their weights answers as well as
all of them together would, at the price of one (Wortsman et al., Model soups, 2022).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import torch

from podion.finetuning.gradient_training import GradientTraining
from podion.finetuning.lesson import Lesson
from podion.finetuning.lora_layers import LoraInTraining, lora_in
from podion.hosting.adapter_files import Array, LoraFiles
from podion.hosting.head_loading import head_tensors

Begin = Callable[[Lesson, LoraInTraining], GradientTraining]
"""Makes a training of a lesson; all trainings of one adapter learn from the same rows and keep the same ones apart."""

_FIRST, _SECOND = "lora_A.weight", "lora_B.weight"
_END = 0.95
"""The fraction of a run at which a training ends: see `GradientTraining.train`."""


@contextmanager
def trained(lesson: Lesson, begin: Begin) -> Iterator[GradientTraining]:
    """Train an adapter and its head as often as the recipe says; inside the block both are in place.

    Each training has another seed, and what is in place is the mean of all. Only a LoRA is trained more than once.
    """
    last = lesson.recipe.members - 1
    before = [_learned(lesson, number, begin) for number in range(last)]
    with _one(lesson, last, begin) as (lora, training):
        if before:
            adapters, heads = zip(*before, (lora.files(), head_tensors(training.head)), strict=True)
            lora.put(mean_adapter(adapters))
            training.head.load_state_dict({name: torch.from_numpy(array) for name, array in _mean(heads).items()})
        yield training


def mean_adapter(adapters: Sequence[LoraFiles]) -> LoraFiles:
    """Return the LoRA whose product of matrices is nearest to the mean of the others', with the rank they have.

    Their own mean has as many times the rank, and would cost that much in service; what is nearest leaves out its
    smallest singular values (Eckart and Young, 1936). Every adapter has the same modules, rank and scale.
    """
    first = adapters[0]
    tensors = dict(first.tensors)
    for name in first.tensors:
        if name.endswith(_FIRST):
            second = name.removesuffix(_FIRST) + _SECOND
            pairs = [(adapter.tensors[name], adapter.tensors[second]) for adapter in adapters]
            tensors[name], tensors[second] = _nearest(pairs)
    return replace(first, tensors=tensors)


@contextmanager
def _one(lesson: Lesson, number: int, begin: Begin) -> Iterator[tuple[LoraInTraining, GradientTraining]]:
    """One of the trainings, ended; its adapter stays in the base as long as the block lasts."""
    count, member = lesson.recipe.members, lesson
    place: AbstractContextManager[None] = nullcontext()
    if count > 1:
        member = _member(lesson, number)
        place = lesson.watch.within(_END * number / count, _END * (number + 1) / count, f"{number + 1} of {count}")
    with lora_in(member.encoder, member.recipe, member.cut, member.seed) as lora:
        with place:
            training = begin(member, lora)
            training.learn()
        yield lora, training


def _member(lesson: Lesson, number: int) -> Lesson:
    """The lesson of one of several trainings, with a seed and checkpoints of its own."""
    checkpoints = lesson.checkpoints / f"member-{number}" if lesson.checkpoints is not None else None
    return replace(lesson, seed=lesson.seed + number, checkpoints=checkpoints)


def _learned(lesson: Lesson, number: int, begin: Begin) -> tuple[LoraFiles, Mapping[str, Array]]:
    """What one of the trainings came to; the states that it kept of every row are let go."""
    with _one(lesson, number, begin) as (lora, training):
        return lora.files(), head_tensors(training.head)


def _mean(heads: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.stack([head[name] for head in heads]).mean(axis=0) for name in heads[0]}


def _nearest(pairs: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """The matrices [rank, in] and [out, rank] whose product is nearest to the mean of the pairs' products."""
    rank = len(pairs[0][0])
    inner, right = np.linalg.qr(np.concatenate([first for first, _ in pairs]).T.astype(np.float64))
    outer, left = np.linalg.qr(np.concatenate([second for _, second in pairs], axis=1).astype(np.float64))
    u, sizes, v = np.linalg.svd(left @ right.T / len(pairs))
    roots = np.sqrt(sizes[:rank])
    first, second = roots[:, None] * (v[:rank] @ inner.T), (outer @ u[:, :rank]) * roots
    return first.astype(np.float32), second.astype(np.float32)
