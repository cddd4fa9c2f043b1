"""What every method is given, and what it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podion.finetuning.examples import Examples
from podion.finetuning.progress import Watch
from podion.finetuning.recipe import Recipe
from podion.hosting.adapter_files import Array, Calibration, LoraFiles
from podion.hosting.encoder import Encoder
from podion.vertical import LabelHead, LabelSpace, Task


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
        """True where the head is the ready-made linear classifier, for which there are faster ways."""
        return self.task.head_declaration.implementation == LabelHead().implementation


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a method made: the parts of an adapter, and how it did on rows that it did not learn from.

    `validation` is empty where there were no such rows. `validated_on` counts rows kept apart; 0 when each row was
    judged by a head that had not seen it and all rows taught the head that is kept. `options` are those of the
    ready-made head.
    """

    head_tensors: Mapping[str, Array]
    calibration: Calibration
    validation: Mapping[str, Any]
    trainable_parameters: int
    trained_on: int
    validated_on: int
    lora: LoraFiles | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
