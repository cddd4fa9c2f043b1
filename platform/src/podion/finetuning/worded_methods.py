"""The method of the head that reads words on frozen states; what others make of its parts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from podion.finetuning.abstention import Promise, calibrate
from podion.finetuning.calibration import Floats, Integers
from podion.finetuning.examples import Examples, folds_of, hold_out, texts_of
from podion.finetuning.few_rows import FEW
from podion.finetuning.fresh_heads import declared
from podion.finetuning.judging import judge_logits
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.worded_rows import Reader, folds_with_outside, known, records_of, taught
from podion.hosting.adapter_files import Array, Calibration
from podion.nn.word_choice import choose_words
from podion.nn.word_counts import Vocabulary
from podion.nn.word_linear import FIRST, Penalties, WordedLinear, WordedRows, choose_penalties, fit_worded


def worded_head_method(lesson: Lesson) -> Made:
    """Train a linear classifier on frozen states and on words.

    With validation records they choose its penalties and calibrate it. Without, every record is judged by a head that
    did not see it, and all of them teach the head that is kept; where the split goes by time, the last ones are kept
    apart instead.
    """
    if lesson.validation is not None and lesson.validation.inside:
        return _validated(lesson, lesson.train, lesson.validation)
    if lesson.task.split.time is not None:
        inside = lesson.train.inside
        kept, taken = hold_out(lesson.task, inside, lesson.recipe.validation_share, lesson.seed)
        if taken:
            train = Examples(tuple(inside[place] for place in kept), lesson.train.outside)
            return _validated(lesson, train, Examples(tuple(inside[place] for place in taken)))
    return _cross_fitted(lesson)


def _validated(lesson: Lesson, train: Examples, validation: Examples) -> Made:
    lesson.watch.stage("reading", 0.0, 0.5)
    reader = _reader(lesson, train)
    rows, held_out, phrases = reader.rows(train), reader.rows(validation), _phrases(reader)
    lesson.watch.stage("fitting the head", 0.5, 0.95)
    lessons = taught(rows, phrases, lesson.recipe.outlier_weight)
    _, linear = choose_penalties(lessons, held_out, lesson.watch.look)
    calibration, metrics = measure(lesson, linear.logits(held_out), held_out.targets, validation)
    return _made(lesson, reader.vocabulary, linear, calibration, metrics, len(train.inside), len(validation))


def _cross_fitted(lesson: Lesson) -> Made:
    lesson.watch.stage("reading", 0.0, 0.5)
    reader = _reader(lesson, lesson.train)
    rows, phrases = reader.rows(lesson.train), _phrases(reader)
    count, recipe, look = lesson.recipe.folds, lesson.recipe, lesson.watch.look
    folds = folds_of(lesson.task, lesson.train.inside, count, lesson.seed)
    folds = folds_with_outside(folds, len(lesson.train.outside), count, lesson.seed)
    lesson.watch.stage("fitting the head", 0.5, 0.95)

    def fit(part: WordedRows, penalties: Penalties) -> WordedLinear:
        return fit_worded(taught(part, phrases, recipe.outlier_weight), penalties, look=look)

    penalties = FIRST
    if (folds == 0).any():
        first = taught(rows.at(np.flatnonzero(folds != 0)), phrases, recipe.outlier_weight)
        penalties, _ = choose_penalties(first, rows.at(np.flatnonzero(folds == 0)), look)
    logits = np.full((len(rows), rows.labels), np.nan, dtype=np.float32)
    for fold in sorted(set(folds[folds >= 0].tolist())):
        lesson.watch.at(0.3 + 0.6 * fold / count)
        chosen = np.flatnonzero(folds == fold)
        logits[chosen] = fit(rows.at(np.flatnonzero(folds != fold)), penalties).logits(rows.at(chosen))
    calibration = Calibration(keep=lesson.task.keep)
    metrics: dict[str, Any] = {}
    judged = known(logits)
    if (folds[: len(lesson.train.inside)] >= 0).any():
        records = records_of(lesson.train)
        inside = [records[place] for place in judged.tolist() if rows.targets[place] >= 0]
        outside = [records[place] for place in judged.tolist() if rows.targets[place] < 0]
        calibration, metrics = measure(
            lesson, logits[judged], rows.targets[judged], Examples(tuple(inside), tuple(outside))
        )
    linear = fit(rows, penalties)
    return _made(lesson, reader.vocabulary, linear, calibration, metrics, len(lesson.train.inside), 0)


def _reader(lesson: Lesson, train: Examples) -> Reader:
    return Reader(lesson, words_in(lesson, train))


def words_in(lesson: Lesson, train: Examples) -> Vocabulary:
    """Return the words that count in a lesson's training records."""
    return choose_words(texts_of(lesson.task, train.inside), len(lesson.space), lesson.seed, lesson.reading)


def _phrases(reader: Reader) -> WordedRows | None:
    """What stands for each label by its words; None where no label has few records, not even in a fold."""
    lesson = reader.lesson
    counts = np.bincount(lesson.space.targets(lesson.train.inside), minlength=len(lesson.space))
    most = np.ceil(FEW * lesson.recipe.folds / (lesson.recipe.folds - 1))
    return reader.phrases() if (counts < most).any() and not lesson.is_of_pairs else None


def measure(
    lesson: Lesson, logits: Floats, targets: Integers, examples: Examples
) -> tuple[Calibration, dict[str, Any]]:
    """Calibrate on what is said of rows, in the order of `examples`, and judge what would be answered."""
    outside = np.arange(len(targets)) >= len(examples.inside)
    task = lesson.task
    calibration, why = calibrate(logits, targets, outside, task.keep, refuses=False, promised=Promise.of(task))
    records: Sequence[BaseModel] = records_of(examples)
    return calibration, {
        **judge_logits(lesson.task, records, logits, lesson.space.labels, calibration),
        "abstention": why,
    }


def _made(
    lesson: Lesson,
    vocabulary: Vocabulary,
    linear: WordedLinear,
    calibration: Calibration,
    metrics: dict[str, Any],
    trained_on: int,
    validated_on: int,
) -> Made:
    plain = {"plain.linear.weight": linear.vectors, "plain.linear.bias": linear.bias}
    return Made(
        head_tensors={**plain, **word_tensors(vocabulary, linear.words)},
        calibration=calibration,
        validation=metrics,
        trainable_parameters=linear.vectors.size + linear.bias.size + linear.words.size,
        trained_on=trained_on,
        validated_on=validated_on,
        options=word_options(lesson, vocabulary),
    )


def word_tensors(vocabulary: Vocabulary, weight: Array) -> dict[str, Array]:
    """Return the state of a `WordedClassifier` beside that of its plain part."""
    return {
        "words.keys": vocabulary.keys,
        "words.rarity": vocabulary.rarity,
        "words.weight": weight.astype(np.float32),
        "words.bias": np.zeros(weight.shape[1], np.float32),
    }


def word_options(lesson: Lesson, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the keywords that a `WordedClassifier` is built with."""
    return {"cut": lesson.cut, **declared(lesson.task), "words": len(vocabulary)}
