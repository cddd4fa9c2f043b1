"""What every method is given, and what it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from podion.finetuning.examples import Examples, hold_out
from podion.finetuning.items import Items
from podion.finetuning.progress import Watch
from podion.finetuning.recipe import ADAPTED, Recipe
from podion.head_kinds import LabelHead, OwnHead, PairHead, SpanHead
from podion.hosting.adapter_files import Array, Calibration, LoraFiles
from podion.hosting.encoder import Encoder
from podion.nn.word_counts import Reading
from podion.nn.word_differences import differences_in
from podion.nn.word_sequences import sequences_in
from podion.vertical import LabelSpace, Task


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A run in the making: what to learn, from what, by which recipe.

    Without `validation` a method keeps apart what it needs of `train`. `checkpoints` is a folder of this run alone.
    `items` are the things that labels are ids of, where the task declares them and some are known.
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
    items: Items | None = None

    @property
    def is_linear(self) -> bool:
        """True where the head is a ready-made linear classifier, for which there are faster ways."""
        return isinstance(self.task.head_declaration, LabelHead | PairHead)

    @property
    def cut(self) -> int:
        """How many layers stay as they are: the base's cut, or none where an adapter reaches into every layer."""
        head = self.task.head_declaration
        reaches = self.task.deep or (isinstance(head, SpanHead) and head.nested)
        return 0 if reaches and self.recipe.method in ADAPTED else self.encoder.cut

    @property
    def layer_read(self) -> int:
        """The layer whose mean states a head reads, too: the cut, or below a plugin's own head that of the base."""
        return self.encoder.cut if isinstance(self.task.head_declaration, OwnHead) else self.cut

    @property
    def is_of_pairs(self) -> bool:
        """True where that classifier reads two texts."""
        return isinstance(self.task.head_declaration, PairHead)

    @property
    def reads_words(self) -> bool:
        """True where the ready-made linear classifier also reads words."""
        head = self.task.head_declaration
        return isinstance(head, LabelHead | PairHead) and head.words

    def without_words(self) -> "Lesson":
        """Return the lesson of the same ready-made head that reads no words."""
        head = self.task.head_declaration
        if not isinstance(head, LabelHead | PairHead | SpanHead):
            return self
        return replace(self, task=replace(self.task, head=replace(head, words=False)))

    @property
    def reading(self) -> Reading:
        """Which words count as standing in a record's text; of a pair, those that one part alone has."""
        return differences_in if self.is_of_pairs else sequences_in


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
