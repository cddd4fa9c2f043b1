"""The methods that train by gradients: any head on frozen states, and LoRA in the upper layers with any head."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor
from torch.nn import functional

from podion.data.labels import is_out_of_scope
from podion.finetuning.abstention import ENOUGH_OUTSIDE
from podion.finetuning.checkpoints import Checkpoints
from podion.finetuning.cut_states import CutStates
from podion.finetuning.examples import Examples, hold_out, texts_of
from podion.finetuning.few_rows import few_offsets, with_words
from podion.finetuning.frozen_vectors import words_of
from podion.finetuning.lesson import Lesson, Made
from podion.finetuning.linear import PLAIN_PENALTY, Rows, choose_penalty, class_means, fit_linear
from podion.finetuning.linear_methods import options_of
from podion.finetuning.lora_layers import LoraInTraining, lora_in
from podion.finetuning.prototypes import head_file
from podion.finetuning.scoring import (
    Batch,
    answer_all,
    calibrate_head,
    featured,
    judge,
    primary_value,
)
from podion.finetuning.trainer import Course, deterministic, train
from podion.hosting.adapter_files import Calibration
from podion.hosting.head_loading import AnyHead, head_tensors, new_head
from podion.hosting.heads import LabelClassifier
from podion.nn import States

_OUTLIERS_A_BATCH = 4


def own_head_method(lesson: Lesson) -> Made:
    """Train a head of any kind on frozen states; a part of the records is kept apart unless validation was given."""
    return _Training(lesson, lesson.encoder.layers, None).run()


def lora_method(lesson: Lesson) -> Made:
    """Train a LoRA in the layers above the base's cut together with the head, which starts as good as it gets alone."""
    with lora_in(lesson.encoder, lesson.recipe, lesson.encoder.cut, lesson.seed) as lora:
        return _Training(lesson, lesson.encoder.cut, lora).run()


class _Training:
    """One lesson's head, adapter and states at the cut."""

    def __init__(self, lesson: Lesson, cut: int, lora: LoraInTraining | None) -> None:
        self.lesson, self.lora = lesson, lora
        train, validation = _sides(lesson)
        self.inside, self.outside = train.inside, train.outside if lesson.is_linear else ()
        self.held_out = (*validation.inside, *validation.outside)
        self.head = _fresh_head(lesson, train.inside)
        lesson.watch.stage("reading", 0.0, 0.2)
        records = (*self.inside, *self.outside, *self.held_out)
        rows = lesson.encoder.tokenise(texts_of(lesson.task, records))
        self.cut = CutStates(lesson.encoder, rows, cut, lesson.watch.look)
        self.first_held_out = len(self.inside) + len(self.outside)
        targets = torch.tensor(lesson.space.targets(self.inside)) if lesson.is_linear else torch.zeros(0)
        self.offsets = few_offsets(targets, len(lesson.space)) if lesson.is_linear else None

    def run(self) -> Made:
        """Train, calibrate on what was kept apart, and say how it went."""
        lesson = self.lesson
        checkpoints = Checkpoints(lesson.checkpoints, lesson.identity)
        if lesson.is_linear:
            self._warm_start()
        lesson.watch.stage("training", 0.25, 0.95)
        course = self._course()
        train(course, lesson.recipe, lesson.seed, lesson.watch, checkpoints)
        lesson.watch.stage("calibrating", 0.95, 1.0)
        calibration, metrics = self._calibrate()
        return Made(
            head_tensors=head_tensors(self.head),
            calibration=calibration,
            validation=metrics,
            trainable_parameters=sum(parameter.numel() for parameter in course.parameters.values()),
            trained_on=len(self.inside),
            validated_on=len(self.held_out),
            lora=self.lora.files() if self.lora else None,
            options=_options(lesson, calibration),
        )

    def _warm_start(self) -> None:
        self.lesson.watch.stage("warming the head", 0.2, 0.25)
        lesson, recipe = self.lesson, self.lesson.recipe
        vectors = self.cut.vectors(len(self.cut), lesson.watch.look)
        records = (*self.inside, *self.outside, *self.held_out)
        targets = torch.tensor(lesson.space.targets(records), device=vectors.device)
        count, end = len(self.inside), self.first_held_out
        rows = Rows(vectors[:count], targets[:count], vectors[count:end], len(lesson.space))
        rows = with_words(rows, words_of(lesson))
        penalty, start = PLAIN_PENALTY, None
        if (targets[end:] >= 0).any():
            held_out = Rows(vectors[end:], targets[end:], vectors[:0], len(lesson.space))
            penalty, start = choose_penalty(rows, held_out, recipe.penalties, recipe.outlier_weight, lesson.watch.look)
        linear = fit_linear(
            rows,
            penalty * recipe.warm_factor,
            outlier_weight=recipe.outlier_weight,
            start=start,
            look=lesson.watch.look,
        )
        self.head.load_state_dict({name: torch.from_numpy(array) for name, array in linear.tensors().items()})

    def _course(self) -> Course:
        recipe = self.lesson.recipe
        head = {f"head.{name}": parameter for name, parameter in self.head.named_parameters()}
        lora = dict(self.lora.parameters) if self.lora else {}
        rate = recipe.head_rate
        if self.lesson.is_linear:
            rate = recipe.warm_rate * float(self.head.get_parameter("linear.weight").detach().square().mean().sqrt())
        return Course(
            parameters={**head, **lora},
            rates={**dict.fromkeys(head, rate), **dict.fromkeys(lora, recipe.rate)},
            buffers={f"head.{name}": buffer for name, buffer in self.head.named_buffers()},
            lengths=self.cut.lengths[: len(self.inside)],
            loss=self._loss,
            measure=self._measure if self.held_out else None,
            dropout=self._dropout,
            metric=self.lesson.task.primary_metric.name,
        )

    def _dropout(self, on: bool) -> None:
        self.head.train(on)
        if self.lora:
            self.lora.training(on)

    def _loss(self, places: Sequence[int], generator: np.random.Generator) -> Tensor:
        records = [self.inside[place] for place in places]
        states = featured(self.head, self._states(places), records)
        logits = self.head(self._dropped(states))
        if self.offsets is not None:
            logits = logits + self.offsets.to(logits.device)
        loss: Tensor = self.head.loss(logits, records)
        if self.outside and self.lesson.recipe.outlier_weight:
            drawn = generator.integers(0, len(self.outside), _OUTLIERS_A_BATCH) + len(self.inside)
            others = self.head(self._dropped(self._states(drawn.tolist())))
            unsure = -functional.log_softmax(others, dim=-1).mean()
            loss = loss + self.lesson.recipe.outlier_weight * unsure
        return loss

    def _states(self, places: Sequence[int]) -> States:
        with nullcontext() if self.lora else torch.no_grad():
            return self.cut.states(places, reads_tokens=self.head.reads_tokens)

    def _dropped(self, states: States) -> States:
        share = self.lesson.recipe.pooled_dropout
        return replace(
            states,
            pooled=functional.dropout(states.pooled, share),
            tokens=functional.dropout(states.tokens, share),
            lower=None if states.lower is None else functional.dropout(states.lower, share),
        )

    def _batches(self) -> list[Batch]:
        """The states of what was kept apart, as the adapter in training makes them."""
        order = sorted(range(len(self.held_out)), key=lambda place: self.cut.lengths[self.first_held_out + place])
        batches = []
        for first in range(0, len(order), self.lesson.recipe.batch_rows):
            places = order[first : first + self.lesson.recipe.batch_rows]
            records = tuple(self.held_out[place] for place in places)
            with torch.no_grad():
                states = self._states([self.first_held_out + place for place in places])
            batches.append(Batch(tuple(places), records, featured(self.head, states, records)))
            self.lesson.watch.look()
        return batches

    def _measure(self) -> tuple[float, float]:
        task, plain = self.lesson.task, Calibration()
        batches = self._batches()
        found = answer_all(self.head, batches, plain)
        metrics = judge(task, self.held_out, found, self.lesson.space.labels, plain, brief=True)
        value = primary_value(task, metrics)
        share = min(1.0, max(0.0, abs(value)))
        return value, (share * (1 - share) / max(1, int(metrics["rows"]))) ** 0.5

    def _calibrate(self) -> tuple[Calibration, dict[str, Any]]:
        task = self.lesson.task
        if not self.held_out:
            return Calibration(keep=task.keep), {}
        with deterministic():
            self._centre()
            batches = self._batches()
            calibration, why = calibrate_head(self.head, batches, task, self.held_out)
            found = answer_all(self.head, batches, calibration)
        if isinstance(self.head, LabelClassifier) and calibration.score != "distance":
            self.head.centroids = None
        metrics = judge(task, self.held_out, found, self.lesson.space.labels, calibration)
        return calibration, {**metrics, "abstention": why} if why else metrics

    def _centre(self) -> None:
        """Give the head the mean vector of each label's rows, where there are rows enough to judge what it is worth."""
        outside = sum(is_out_of_scope(self.lesson.task, record) for record in self.held_out)
        if not isinstance(self.head, LabelClassifier) or outside < ENOUGH_OUTSIDE:
            return
        vectors = self.cut.vectors(len(self.inside), self.lesson.watch.look)
        targets = torch.tensor(self.lesson.space.targets(self.inside), device=vectors.device)
        self.head.centroids = class_means(vectors, targets, len(self.lesson.space))


def _sides(lesson: Lesson) -> tuple[Examples, Examples]:
    """What to learn from and what to validate on: as given, or a part of the training records kept apart."""
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


def _options(lesson: Lesson, calibration: Calibration) -> dict[str, Any]:
    return options_of(lesson, calibration) if lesson.is_linear else {}


def _fresh_head(lesson: Lesson, records: Sequence[BaseModel]) -> AnyHead:
    with torch.random.fork_rng():
        torch.manual_seed(lesson.seed)
        options = _options(lesson, Calibration())
        head = new_head(head_file(lesson.task, lesson.space, lesson.encoder.hidden_size, options))
    head.to(lesson.encoder.device)
    head.fit_features(list(records))
    return head.eval()
