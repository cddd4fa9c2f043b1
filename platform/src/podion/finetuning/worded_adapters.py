"""An adapter beside words: trained as if there were none, and joined afterwards to a head that knows them.

A head that learns beside what words say leaves them what they know, and both are too sure of it; weighed afterwards
against each other on records kept apart, they are not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import BaseModel

from podion.finetuning.calibration import Floats
from podion.finetuning.examples import texts_of
from podion.finetuning.gradient_training import GradientTraining
from podion.finetuning.late_fusion import Fusion, fuse
from podion.finetuning.lesson import Lesson, Made, sides
from podion.finetuning.lora_layers import LoraInTraining
from podion.finetuning.recipe import Recipe
from podion.finetuning.scoring import answer_all
from podion.finetuning.soups import trained
from podion.finetuning.worded_methods import measure, word_options, word_tensors, words_in
from podion.finetuning.worded_rows import records_of, taught
from podion.hosting.adapter_files import Array, Calibration
from podion.nn.word_counts import Vocabulary, word_rows
from podion.nn.word_linear import FIRST, WordedLinear, WordedRows, choose_penalties, fit_worded
from podion.vertical import Method

_SMOOTHING = 0.1
_RATE = 2e-3
_EPOCHS = 2 / 3
"""Of the recipe's: from then on an adapter grows surer of itself, and no better."""

_MEMBERS, _FEW_ROWS = 3, 5_000
"""Where so few rows teach every layer, the luck of a single training is worth as much as what it learns."""


def worded_lora_method(lesson: Lesson) -> Made:
    """Train an adapter and its head, and another head on words and on what is below the adapter; keep their sum."""
    train, validation = parts = sides(lesson)

    def begin(lesson: Lesson, lora: LoraInTraining) -> GradientTraining:
        return GradientTraining(lesson, lesson.cut, lora, parts=parts)

    with trained(replace(lesson.without_words(), recipe=_modest(lesson)), begin) as training:
        logits = answer_all(training.head, training.batches(), Calibration()).logits
        plain, lower = training.made(Calibration(), {}), training.lower_vectors()
    lesson.watch.stage("reading words", 0.95, 0.97)
    vocabulary = words_in(lesson, train)
    rows = _rows(lesson, (*records_of(train), *records_of(validation)), lower, vocabulary)
    held_out = rows.at(range(len(train), len(rows)))
    beside = _beside(lesson, rows.at(range(len(train))), held_out)
    ours = np.zeros((0, rows.labels), np.float32) if logits is None else logits
    fusion = fuse(ours, beside.logits(held_out), held_out.targets)
    calibration = Calibration(keep=lesson.task.keep)
    metrics: Mapping[str, Any] = {}
    if len(held_out):
        fused = fusion.logits(ours, beside.logits(held_out))
        calibration, metrics = measure(lesson, fused, held_out.targets, validation)
    return replace(
        plain,
        head_tensors=_joined(plain.head_tensors, beside, fusion, vocabulary),
        calibration=calibration,
        validation=metrics,
        trainable_parameters=plain.trainable_parameters + beside.words.size,
        options=word_options(lesson, vocabulary),
    )


def _modest(lesson: Lesson) -> Recipe:
    """The recipe for an adapter that need not know everything, and should not be too sure of what it does."""
    recipe = lesson.recipe
    if recipe.method is not Method.LORA:
        return replace(recipe, label_smoothing=_SMOOTHING)
    members = _MEMBERS if lesson.task.deep and len(lesson.train.inside) <= _FEW_ROWS else 1
    epochs = math.ceil(_EPOCHS * recipe.epochs)
    return replace(recipe, label_smoothing=_SMOOTHING, rate=_RATE, epochs=epochs, members=members)


def _rows(lesson: Lesson, records: Sequence[BaseModel], lower: Array, vocabulary: Vocabulary) -> WordedRows:
    """Records as the head beside the adapter sees them."""
    words = word_rows(texts_of(lesson.task, records), vocabulary, lesson.reading)
    return WordedRows(lower, words, np.array(lesson.space.targets(records), dtype=np.int64), len(lesson.space))


def _beside(lesson: Lesson, rows: WordedRows, held_out: WordedRows) -> WordedLinear:
    """The head on words and on what the adapter does not change."""
    lessons = taught(rows, None, lesson.recipe.outlier_weight)
    if not (held_out.targets >= 0).any():
        return fit_worded(lessons, FIRST, look=lesson.watch.look)
    return choose_penalties(lessons, held_out, lesson.watch.look)[1]


def _joined(
    plain: Mapping[str, Array], beside: WordedLinear, fusion: Fusion, vocabulary: Vocabulary
) -> dict[str, Array]:
    """The state of a `WordedClassifier` whose logits are those of both heads, each with its weight.

    It reads what the other head reads after what the adapter changes.
    """
    weight: Floats = fusion.first * plain["linear.weight"]
    weight[:, -beside.vectors.shape[1] :] += fusion.second * beside.vectors
    bias = fusion.first * plain["linear.bias"] + fusion.second * beside.bias + fusion.bias
    return {
        "plain.linear.weight": weight.astype(np.float32),
        "plain.linear.bias": bias.astype(np.float32),
        **word_tensors(vocabulary, fusion.second * beside.words),
    }
