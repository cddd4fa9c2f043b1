"""The methods that only make a linear classifier: zero-shot, few-shot and head on frozen states."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor

from podion.finetuning.calibration import Floats, Integers, calibrate
from podion.finetuning.examples import Examples, folds_of, hold_out, texts_of
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.linear import PLAIN_PENALTY, Linear, Rows, choose_penalty, fit_linear, out_of_fold
from podion.finetuning.prototypes import check_labels, few_shot, label_prototypes, phrasings, zero_shot
from podion.finetuning.scoring import judge_logits
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
    rows = _rows(lesson, Examples(tuple(chosen), lesson.train.outside))

    def fit(part: Rows) -> Linear:
        return _linear(few_shot(prototypes, part.vectors.cpu().numpy(), part.targets.tolist()))

    made = fit(rows)
    if lesson.validation is not None and len(lesson.validation):
        return _untrained(lesson, made.tensors(), trained_on=len(chosen))
    return _cross_fitted(lesson, rows, chosen, fit, made)


def head_method(lesson: Lesson) -> Made:
    """Train a linear classifier on frozen states.

    With validation records they choose its penalty and calibrate it. Without, every record is judged by a head that
    did not see it, and all of them teach the head that is kept; where the split goes by time, the last ones are kept
    apart instead.
    """
    if lesson.validation is None and lesson.task.split.time is not None:
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
    rows = _rows(lesson, lesson.train)
    recipe, look = lesson.recipe, lesson.watch.look
    folds = folds_of(lesson.task, lesson.train.inside, recipe.folds, lesson.seed)
    lesson.watch.stage("fitting the head", 0.5, 0.95)
    penalty = PLAIN_PENALTY
    if (folds == 0).any():
        others = np.arange(len(rows.outside))
        train, test = rows.where(np.flatnonzero(folds != 0), others), rows.where(np.flatnonzero(folds == 0), [])
        penalty, _ = choose_penalty(train, test, recipe.penalties, recipe.outlier_weight, look)
    lesson.watch.at(0.3)

    def fit(part: Rows) -> Linear:
        return fit_linear(part, penalty, outlier_weight=recipe.outlier_weight, look=look)

    return _cross_fitted(lesson, rows, lesson.train.inside, fit, fit(rows), folds)


def _validated(lesson: Lesson, train: Examples, validation: Examples) -> Made:
    lesson.watch.stage("reading", 0.0, 0.5)
    rows, held_out = _rows(lesson, train), _rows(lesson, validation)
    lesson.watch.stage("fitting the head", 0.5, 0.95)
    recipe = lesson.recipe
    _, linear = choose_penalty(rows, held_out, recipe.penalties, recipe.outlier_weight, lesson.watch.look)
    inside, outside = linear.logits(held_out.vectors), linear.logits(held_out.outside)
    records = (*validation.inside, *validation.outside)
    calibration, metrics = _measure(lesson, inside, outside, held_out.targets.cpu().numpy(), records)
    return Made(
        head_tensors=linear.tensors(),
        calibration=calibration,
        validation=metrics,
        trainable_parameters=linear.weight.numel() + linear.bias.numel(),
        trained_on=len(train.inside),
        validated_on=len(records),
    )


def _untrained(lesson: Lesson, tensors: dict[str, Array], trained_on: int) -> Made:
    calibration, validated_on = Calibration(keep=lesson.task.keep), 0
    metrics: dict[str, Any] = {}
    if lesson.validation is not None and lesson.validation.inside:
        held_out = _rows(lesson, lesson.validation)
        linear = _linear(tensors)
        records = (*lesson.validation.inside, *lesson.validation.outside)
        inside, outside = linear.logits(held_out.vectors), linear.logits(held_out.outside)
        calibration, metrics = _measure(lesson, inside, outside, held_out.targets.cpu().numpy(), records)
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
    recipe = lesson.recipe
    folds = folds if folds is not None else folds_of(lesson.task, records, recipe.folds, lesson.seed)
    outside_folds = np.random.default_rng(lesson.seed).permutation(len(rows.outside)) % recipe.folds
    calibration = Calibration(keep=lesson.task.keep)
    metrics: dict[str, Any] = {}
    if (folds >= 0).any():
        inside, outside = out_of_fold(rows, folds, outside_folds, fit)
        judged = np.flatnonzero(folds >= 0).tolist()
        seen = np.flatnonzero(~np.isnan(outside).any(axis=1)).tolist()
        chosen = [*(records[place] for place in judged), *(lesson.train.outside[place] for place in seen)]
        targets = rows.targets.cpu().numpy()[judged]
        calibration, metrics = _measure(lesson, inside[judged], outside[seen], targets, chosen)
    return Made(
        head_tensors=made.tensors(),
        calibration=calibration,
        validation=metrics,
        trainable_parameters=0 if lesson.recipe.method is Method.FEW_SHOT else made.weight.numel() + made.bias.numel(),
        trained_on=len(records),
        validated_on=0,
    )


def _measure(
    lesson: Lesson, inside: Floats, outside: Floats, targets: Integers, records: Sequence[BaseModel]
) -> tuple[Calibration, dict[str, Any]]:
    """Calibrate on logits of in-scope and out-of-scope rows, in that order, and judge what would be answered."""
    logits = np.concatenate([inside, outside]).astype(np.float32)
    is_outside = np.arange(len(logits)) >= len(inside)
    padded = np.concatenate([targets, np.full(len(outside), -1)])
    calibration = calibrate(logits, padded, is_outside, lesson.task.keep)
    return calibration, judge_logits(lesson.task, records, logits, lesson.space.labels, calibration)


def _prototypes(lesson: Lesson) -> Floats:
    texts = phrasings(lesson.space)
    flat = [text for group in texts for text in group]
    vectors = lesson.encoder.states(lesson.encoder.tokenise(flat)).pooled.cpu().numpy()
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


def _rows(lesson: Lesson, examples: Examples) -> Rows:
    vectors = _pooled(lesson, texts_of(lesson.task, (*examples.inside, *examples.outside)))
    targets = torch.tensor(lesson.space.targets(examples.inside), dtype=torch.long, device=vectors.device)
    count = len(examples.inside)
    return Rows(vectors[:count], targets, vectors[count:], len(lesson.space))


def _pooled(lesson: Lesson, texts: Sequence[str], chunk: int = 512) -> Tensor:
    """The frozen, pooled states of texts; each text is computed once."""
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    found: list[Tensor] = []
    for first in range(0, len(distinct), chunk):
        lesson.watch.at(first / len(distinct))
        found.append(lesson.encoder.states(lesson.encoder.tokenise(distinct[first : first + chunk])).pooled)
    places = {text: place for place, text in enumerate(distinct)}
    if not found:
        return torch.zeros(0, lesson.encoder.hidden_size, device=lesson.encoder.device)
    return torch.cat(found)[[places[text] for text in texts]]


def _linear(tensors: dict[str, Array]) -> Linear:
    return Linear(torch.from_numpy(tensors["linear.weight"]), torch.from_numpy(tensors["linear.bias"]))
