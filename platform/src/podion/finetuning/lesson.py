"""What every method is given, and what it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from podion.finetuning.examples import Examples, hold_out
from podion.finetuning.progress import Watch
from podion.finetuning.recipe import Recipe
from podion.head_kinds import LabelHead
from podion.hosting.adapter_files import Array, Calibration, LoraFiles
from podion.hosting.encoder import Encoder
from podion.vertical import LabelSpace, Task


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A run in the making: what to learn, from what, by which recipe.

    Without `validation` a method keeps apart what it needs of `train`. `checkpoints` is a folder of this run alone.
    """

    task: Task
    space: LabelSpace
    recipe: Recipe
    seed: int
    shots: int | None
    encoder: Encoder
    train: Examples
    validation: Examples | None
    watch: Watch
    checkpoints: Path | None
    identity: str

    @property
    def is_linear(self) -> bool:
        """True where the head is a ready-made linear classifier, for which there are faster ways."""
        return isinstance(self.task.head_declaration, LabelHead)

    @property
    def reads_words(self) -> bool:
        """True where the ready-made linear classifier also reads words."""
        head = self.task.head_declaration
        return isinstance(head, LabelHead) and head.words


def sides(lesson: Lesson) -> tuple[Examples, Examples]:
    """Return what to learn from and what to validate on: as given, or a part of the training records kept apart."""
    if lesson.validation is not None and lesson.validation.inside:
        return lesson.train, lesson.validation
    inside, outside = lesson.train.inside, lesson.train.outside
    share = lesson.recipe.validation_share
    kept, taken = hold_out(lesson.task, inside, share, lesson.seed)
    order = np.random.default_rng(lesson.seed).permutation(len(outside)).tolist()
    cut = round(len(outside) * share)
    return (
        Examples(tuple(inside[place] for place in kept), tuple(outside[place] for place in sorted(order[cut:]))),
        Examples(tuple(inside[place] for place in taken), tuple(outside[place] for place in sorted(order[:cut]))),
    )


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a method made: the parts of an adapter, and how it did on rows that it did not learn from.

    `validation` is empty where there were no such rows. `validated_on` counts rows kept apart; 0 when each row was
    judged by a head that had not seen it and all rows taught the head that is kept. `options` are the keywords that the
    head is built with.
    """

    head_tensors: Mapping[str, Array]
    calibration: Calibration
    validation: Mapping[str, Any]
    trainable_parameters: int
    trained_on: int
    validated_on: int
    lora: LoraFiles | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
