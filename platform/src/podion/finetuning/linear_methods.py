"""The methods that only make a linear classifier: zero-shot, few-shot and head on frozen states."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel

from podion.finetuning.abstention import Promise, calibrate
from podion.finetuning.calibration import Floats, Integers
from podion.finetuning.examples import Examples, folds_of, goes_by_time, hold_out
from podion.finetuning.few_rows import flatten, with_words
from podion.finetuning.fresh_heads import declared
from podion.finetuning.frozen_vectors import frozen_vectors, rows_of, words_of
from podion.finetuning.judging import judge_logits
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.linear import (
    PLAIN_PENALTY,
    Judgement,
    Linear,
    Rows,
    choose_penalty,
    class_means,
    fit_linear,
    judgement,
    out_of_fold,
)
from podion.finetuning.prototypes import check_labels, few_shot, label_prototypes, phrasings, zero_shot
from podion.hosting.adapter_files import Array, Calibration
from podion.vertical import Method


def zero_shot_method(lesson: Lesson) -> Made:
    """Make an adapter of the labels' words alone; training records only say which labels there are."""
    check_labels(lesson.task)
    lesson.watch.stage("reading label names", 0.0, 0.5)
    return _untrained(lesson, zero_shot(_prototypes(lesson)), trained_on=0)


def few_shot_method(lesson: Lesson) -> Made:
    """Make an adapter of the labels' words and of `shots` records a label (all of them when None).

    With two records a label or more, each is judged by prototypes without it, which calibrates.
    """
    check_labels(lesson.task)
    lesson.watch.stage("reading label names", 0.0, 0.3)
    prototypes = _prototypes(lesson)
    chosen = _draw(lesson)
    lesson.watch.stage("reading examples", 0.3, 0.8)
    rows = rows_of(lesson, Examples(tuple(chosen), lesson.train.outside))

    def fit(part: Rows) -> Linear:
        return linear_of(few_shot(prototypes, part.vectors.cpu().numpy(), part.targets.tolist()))

    made = fit(rows)
    if lesson.validation is not None and len(lesson.validation):
        return _untrained(lesson, made.tensors(), trained_on=len(chosen))
    return _cross_fitted(lesson, rows, chosen, fit, made)


def head_method(lesson: Lesson) -> Made:
    """Train a linear classifier on the frozen states at the cut and of the last layer.

    The words of labels with few records help them, see `podion.finetuning.few_rows`. With validation records they
    choose its penalty and calibrate it. Without, every record is judged by a head that did not see it, and all of them
    teach the head that is kept; where the split goes by time, the last ones are kept apart instead.
    """
    if lesson.validation is None and goes_by_time(lesson.task, lesson.train.inside):
        kept, taken = hold_out(lesson.task, lesson.train.inside, lesson.recipe.validation_share, lesson.seed)
        inside = lesson.train.inside
        return _validated(
            lesson,
            Examples(tuple(inside[place] for place in kept), lesson.train.outside),
            Examples(tuple(inside[place] for place in taken)),
        )
    if lesson.validation is not None and lesson.validation.inside:
        return _validated(lesson, lesson.train, lesson.validation)
    lesson.watch.stage("reading", 0.0, 0.5)
    rows, words = rows_of(lesson, lesson.train, joined=True), words_of(lesson)
    recipe, look = lesson.recipe, lesson.watch.look
    folds = folds_of(lesson.task, lesson.train.inside, recipe.folds, lesson.seed)
    lesson.watch.stage("fitting the head", 0.5, 0.95)
    penalty = PLAIN_PENALTY
    if (folds == 0).any():
        others = np.arange(len(rows.outside))
        train, test = rows.where(np.flatnonzero(folds != 0), others), rows.where(np.flatnonzero(folds == 0), [])
        train = with_words(train, words)
        penalty, _ = choose_penalty(train, test, recipe.penalties, recipe.outlier_weight, look)
    lesson.watch.at(0.3)

    def fit(part: Rows) -> Linear:
        return fit_linear(with_words(part, words), penalty, outlier_weight=recipe.outlier_weight, look=look)

    return _cross_fitted(lesson, rows, lesson.train.inside, fit, fit(rows), folds)


def _validated(lesson: Lesson, train: Examples, validation: Examples) -> Made:
    lesson.watch.stage("reading", 0.0, 0.5)
    rows, held_out = rows_of(lesson, train, joined=True), rows_of(lesson, validation, joined=True)
    taught = with_words(rows, words_of(lesson))
    lesson.watch.stage("fitting the head", 0.5, 0.95)
    recipe = lesson.recipe
    _, linear = choose_penalty(taught, held_out, recipe.penalties, recipe.outlier_weight, lesson.watch.look)
    inside, outside = judgement(linear, rows, held_out.vectors), judgement(linear, rows, held_out.outside)
    records = (*validation.inside, *validation.outside)
    calibration, metrics = _measure(lesson, inside, outside, held_out.targets.cpu().numpy(), records)
    return Made(
        head_tensors=linear.tensors() | _centroids(rows, calibration),
        calibration=calibration,
        validation=metrics,
        trainable_parameters=linear.weight.numel() + linear.bias.numel(),
        trained_on=len(train.inside),
        validated_on=len(records),
        options=options_of(lesson, calibration),
    )


def _untrained(lesson: Lesson, tensors: dict[str, Array], trained_on: int) -> Made:
    calibration, validated_on = Calibration(keep=lesson.task.keep), 0
    metrics: dict[str, Any] = {}
    if lesson.validation is not None and lesson.validation.inside:
        held_out = rows_of(lesson, lesson.validation)
        linear = linear_of(tensors)
        records = (*lesson.validation.inside, *lesson.validation.outside)
        inside, outside = Judgement.far(linear, held_out.vectors), Judgement.far(linear, held_out.outside)
        targets = held_out.targets.cpu().numpy()
        calibration, metrics = _measure(lesson, inside, outside, targets, records, near=False)
        validated_on = len(records)
    return Made(
        head_tensors=tensors,
        calibration=calibration,
        validation=metrics,
        trainable_parameters=0,
        trained_on=trained_on,
        validated_on=validated_on,
    )


def _cross_fitted(
    lesson: Lesson,
    rows: Rows,
    records: Sequence[BaseModel],
    fit: Callable[[Rows], Linear],
    made: Linear,
    folds: Integers | None = None,
) -> Made:
    recipe, is_few_shot = lesson.recipe, lesson.recipe.method is Method.FEW_SHOT
    folds = folds if folds is not None else folds_of(lesson.task, records, recipe.folds, lesson.seed)
    outside_folds = np.random.default_rng(lesson.seed).permutation(len(rows.outside)) % recipe.folds
    calibration = Calibration(keep=lesson.task.keep)
    metrics: dict[str, Any] = {}
    if (folds >= 0).any():
        inside, outside = out_of_fold(rows, folds, outside_folds, fit)
        judged = np.flatnonzero(folds >= 0).tolist()
        seen = np.flatnonzero(~np.isnan(outside.nearness)).tolist()
        chosen = [*(records[place] for place in judged), *(lesson.train.outside[place] for place in seen)]
        targets = rows.targets.cpu().numpy()[judged]
        calibration, metrics = _measure(
            lesson, inside.at(judged), outside.at(seen), targets, chosen, near=not is_few_shot
        )
    return Made(
        head_tensors=made.tensors() | _centroids(rows, calibration),
        calibration=calibration,
        validation=metrics,
        trainable_parameters=0 if is_few_shot else made.weight.numel() + made.bias.numel(),
        trained_on=len(records),
        validated_on=0,
        options={} if is_few_shot else options_of(lesson, calibration),
    )


def _measure(
    lesson: Lesson,
    inside: Judgement,
    outside: Judgement,
    targets: Integers,
    records: Sequence[BaseModel],
    *,
    near: bool = True,
) -> tuple[Calibration, dict[str, Any]]:
    """Calibrate on what is said of in-scope and out-of-scope rows, in that order, and judge what would be answered.

    `near` says that the head was trained: the distance to the labels' means is a candidate for the score then, and two
    labels may be shifted.
    """
    logits = np.concatenate([inside.logits, outside.logits]).astype(np.float32)
    nearness = np.concatenate([inside.nearness, outside.nearness]) if near else None
    is_outside = np.arange(len(logits)) >= len(inside.logits)
    padded = np.concatenate([targets, np.full(len(outside.logits), -1)])
    refuses = lesson.task.out_of_scope is not None and not lesson.is_of_pairs
    calibration, why = calibrate(
        logits,
        padded,
        is_outside,
        lesson.task.keep,
        refuses=refuses,
        nearness=nearness,
        shifts=near,
        promised=Promise.of(lesson.task),
    )
    metrics = judge_logits(lesson.task, records, logits, lesson.space.labels, calibration, nearness)
    return calibration, {**metrics, "abstention": why}


def options_of(lesson: Lesson, calibration: Calibration) -> dict[str, Any]:
    """What the ready-made head is built with: it reads the cut, and holds centroids where they decide."""
    read = {"cut": lesson.cut, **declared(lesson.task)}
    return read | ({"centroids": True} if calibration.score == "distance" else {})


def _centroids(rows: Rows, calibration: Calibration) -> dict[str, Array]:
    if calibration.score != "distance":
        return {}
    return {"centroids": class_means(rows.vectors, rows.targets, rows.labels).cpu().numpy()}


def _prototypes(lesson: Lesson) -> Floats:
    texts = phrasings(lesson.space)
    vectors = frozen_vectors(lesson, flatten(texts)[0], joined=False).cpu().numpy()
    ends = np.cumsum([len(group) for group in texts])[:-1]
    return label_prototypes(np.split(vectors, ends))


def _draw(lesson: Lesson) -> list[BaseModel]:
    """The records to learn from: `shots` of each label, drawn by the seed, in their order."""
    records = lesson.train.inside
    if lesson.shots is None:
        return list(records)
    taken: dict[int, int] = {}
    chosen: list[int] = []
    targets = lesson.space.targets(records)
    for place in np.random.default_rng(lesson.seed).permutation(len(records)).tolist():
        if taken.get(targets[place], 0) < lesson.shots:
            taken[targets[place]] = taken.get(targets[place], 0) + 1
            chosen.append(place)
    return [records[place] for place in sorted(chosen)]


def linear_of(tensors: dict[str, Array]) -> Linear:
    """Return the layer in a head's tensors."""
    return Linear(torch.from_numpy(tensors["linear.weight"]), torch.from_numpy(tensors["linear.bias"]))
