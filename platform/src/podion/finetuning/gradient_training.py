"""One training by gradients: a head of any kind on frozen states, or with an adapter in the layers below it."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import RankingAnswer
from podion.data.labels import is_out_of_scope
from podion.data.withholding import without_sensitive
from podion.finetuning.abstention import ENOUGH_OUTSIDE
from podion.finetuning.checkpoints import Checkpoints
from podion.finetuning.cut_states import CutStates
from podion.finetuning.examples import Examples, texts_of
from podion.finetuning.few_rows import few_offsets, with_words
from podion.finetuning.fresh_heads import features_of, fresh_head
from podion.finetuning.frozen_states import FrozenStates
from podion.finetuning.frozen_vectors import words_of
from podion.finetuning.full_batch import Side, fit_whole, is_fitted_whole
from podion.finetuning.head_calibration import calibrate_head
from podion.finetuning.judging import judge, primary_value
from podion.finetuning.lesson import Lesson, Made, sides
from podion.finetuning.linear import PLAIN_PENALTY, Rows, choose_penalty, class_means, fit_linear
from podion.finetuning.linear_methods import options_of
from podion.finetuning.pair_vectors import vectors_in
from podion.finetuning.scoring import Batch, answer_all
from podion.finetuning.trainer import Course, deterministic, train
from podion.hosting.adapter_files import Array, Calibration
from podion.hosting.head_loading import (
    AnyHead,
    head_options,
    head_tensors,
)
from podion.hosting.heads import LabelClassifier
from podion.hosting.pair_heads import PairClassifier
from podion.hosting.shared_wording import WIDTH
from podion.hosting.token_rows import batches_of
from podion.nn import Head, States

if TYPE_CHECKING:
    from podion.finetuning.lora_layers import LoraInTraining

_OUTLIERS_A_BATCH = 4
_ROWS_MEASURED = 1024
_MOST_RANKED = 4_000
"""Rankings that choose an epoch, about: each goes over everything there is. What is reported is of all."""


class GradientTraining:
    """One lesson's head, adapter, states of the base and features.

    `form` holds keywords that the head is built with, `parts` are the records that teach and those kept apart.
    """

    def __init__(
        self,
        lesson: Lesson,
        cut: int,
        lora: "LoraInTraining | None",
        head: AnyHead | None = None,
        *,
        form: Mapping[str, Any] | None = None,
        parts: tuple[Examples, Examples] | None = None,
    ) -> None:
        self.lesson, self.lora = lesson, lora
        train, validation = parts or sides(lesson)
        self.outside = train.outside if lesson.is_linear else ()
        self.held_out = (*validation.inside, *validation.outside)
        self.inside = without_sensitive(lesson.task, train.inside)
        self.head = head or fresh_head(lesson, self.inside, form or {})
        self.recipe = lesson.recipe.suited(self.head.training_numbers)
        lesson.watch.stage("reading", 0.1 if lesson.items else 0.0, 0.2)
        records = (*train.inside, *self.outside, *self.held_out)
        rows = lesson.encoder.tokenise(texts_of(lesson.task, records), with_offsets=self.head.reads_tokens)
        self.frozen = lora is None and not self.head.reads_tokens
        self.base = (
            FrozenStates(lesson.encoder, rows, lesson.watch.look)
            if self.frozen
            else CutStates(lesson.encoder, rows, cut, lesson.watch.look, read=lesson.layer_read)
        )
        self.features = features_of(self.head, lesson.task, records, len(self.inside))
        self.first_held_out = len(self.inside) + len(self.outside)
        self.kept: list[Batch] | None = None
        targets = torch.tensor(lesson.space.targets(self.inside)) if lesson.is_linear else torch.zeros(0)
        self.offsets = few_offsets(targets, len(lesson.space)) if lesson.is_linear else None

    def run(self) -> Made:
        """Train, calibrate on what was kept apart, and say how it went."""
        self.learn()
        return self.judged()

    def judged(self, span: tuple[float, float] = (0.95, 1.0)) -> Made:
        """Calibrate the trained head on what was kept apart, and say how it went."""
        self.lesson.watch.stage("calibrating", *span)
        return self.made(*self._calibrate())

    def learn(self) -> None:
        """Train the head, and the adapter below it, from the best start there is."""
        lesson = self.lesson
        whole = is_fitted_whole(lesson.task)
        if lesson.is_linear:
            self._warm_start()
        elif whole:
            self._fit_whole()
        if self.lora or not whole:  # what is fitted whole has nothing left to learn alone
            self.train("training")

    def lower_vectors(self) -> Array:
        """Return what the linear head reads that no adapter changes, [records, width], the taught ones first."""
        vectors, hidden = self._linear_vectors(), self.lesson.encoder.hidden_size
        width = hidden + WIDTH if isinstance(self.head, PairClassifier) else hidden
        return vectors[:, -width:].cpu().numpy()

    def made(self, calibration: Calibration, metrics: dict[str, Any]) -> Made:
        """Return the parts of an adapter with the head as it is now."""
        return Made(
            head_tensors=head_tensors(self.head),
            calibration=calibration,
            validation=metrics,
            trainable_parameters=sum(parameter.numel() for parameter in self._parameters().values()),
            trained_on=len(self.inside),
            validated_on=len(self.held_out),
            lora=self.lora.files() if self.lora else None,
            options=self._options(calibration),
        )

    def _options(self, calibration: Calibration) -> dict[str, Any]:
        plain = self.lesson.is_linear and not self.lesson.reads_words
        return options_of(self.lesson, calibration) if plain else head_options(self.head)

    def train(self, stage: str, until: int | None = None, span: tuple[float, float] = (0.25, 0.95)) -> int:
        """Train, at most `until` an epoch, leave the best epoch's tensors in place and return which it was.

        `span` are the fractions of the whole run between which that lies.
        """
        lesson, course = self.lesson, self._course()
        lesson.watch.stage(stage, *span)
        checkpoints = Checkpoints(lesson.checkpoints, f"{lesson.identity} {self.recipe}")
        return train(course, self.recipe, lesson.seed, lesson.watch, checkpoints, until)

    def _parameters(self) -> dict[str, nn.Parameter]:
        head = {f"head.{name}": parameter for name, parameter in self.head.named_parameters()}
        return head | (self.lora.parameters if self.lora else {})

    def _warm_start(self) -> None:
        self.lesson.watch.stage("warming the head", 0.2, 0.25)
        lesson, recipe = self.lesson, self.lesson.recipe
        vectors = self._linear_vectors()
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

    def _linear_vectors(self) -> Tensor:
        """What the linear head reads of every record."""
        look = self.lesson.watch.look
        if isinstance(self.head, PairClassifier):
            return vectors_in(self.head, batches_of(self.base.lengths), self._states, look)
        return self.base.vectors(len(self.base), look)

    def _fit_whole(self) -> None:
        lesson, look = self.lesson, self.lesson.watch.look
        lesson.watch.stage("fitting the head", 0.2, 0.25)
        vectors = self.base.vectors(len(self.base), look)
        held_out = Side(vectors[self.first_held_out :], self.held_out)
        weaken = lesson.recipe.warm_factor if self.lora else 1.0
        fit_whole(self.head, Side(vectors[: len(self.inside)], tuple(self.inside)), held_out, weaken=weaken, look=look)

    def _course(self) -> Course:
        recipe = self.recipe
        parameters = self._parameters()
        rate = recipe.head_rate
        if self.lesson.is_linear or is_fitted_whole(self.lesson.task):
            rate = recipe.warm_rate * float(self.head.get_parameter("linear.weight").detach().square().mean().sqrt())
        return Course(
            parameters=parameters,
            rates={name: rate if name.startswith("head.") else recipe.rate for name in parameters},
            buffers={f"head.{name}": buffer for name, buffer in self.head.named_buffers()},
            lengths=self.base.lengths[: len(self.inside)],
            loss=self._loss,
            measure=self._measure if self.held_out else None,
            dropout=self._dropout,
            metric=self.lesson.task.primary_metric.name,
            allocation=self.lora.allocation if self.lora else None,
        )

    def _dropout(self, on: bool) -> None:
        self.head.train(on)
        if self.lora:
            self.lora.training(on)

    def _loss(self, places: Sequence[int], generator: np.random.Generator) -> Tensor:
        logits = self.head(self._dropped(self._states(places)))
        if self.offsets is not None:
            logits = logits + self.offsets.to(logits.device)
        loss: Tensor = self.head.loss(logits, [self.inside[place] for place in places])
        if self.lesson.is_linear and (smoothed := self.recipe.label_smoothing):
            loss = (1 - smoothed) * loss - smoothed * functional.log_softmax(logits, dim=-1).mean()
        if self.lora and self.lora.allocation:
            loss = loss + self.lora.allocation.penalty()
        if self.outside and self.recipe.outlier_weight:
            drawn = generator.integers(0, len(self.outside), _OUTLIERS_A_BATCH) + len(self.inside)
            others = self.head(self._dropped(self._states(drawn.tolist())))
            unsure = -functional.log_softmax(others, dim=-1).mean()
            loss = loss + self.recipe.outlier_weight * unsure
        return loss

    def _states(self, places: Sequence[int]) -> States:
        with nullcontext() if self.lora else torch.no_grad():
            states = self.base.states(places, reads_tokens=self.head.reads_tokens)
        if not self.features:
            return states
        where = torch.tensor(places, device=states.pooled.device)
        return replace(states, features={name: tensor[where] for name, tensor in self.features.items()})

    def _dropped(self, states: States) -> States:
        share = self.recipe.pooled_dropout
        if self.base.silent or not share:
            return states
        return replace(
            states,
            pooled=functional.dropout(states.pooled, share),
            tokens=functional.dropout(states.tokens, share),
            lower=None if states.lower is None else functional.dropout(states.lower, share),
        )

    def batches(self) -> list[Batch]:
        """Return the states of what was kept apart, as the adapter in training makes them."""
        if self.kept is not None:
            return self.kept
        lengths = self.base.lengths[self.first_held_out :]
        order = sorted(range(len(self.held_out)), key=lengths.__getitem__)
        size = _ROWS_MEASURED if self.frozen else self.recipe.batch_rows
        batches = []
        for first in range(0, len(order), size):
            places = order[first : first + size]
            records = tuple(self.held_out[place] for place in places)
            with torch.no_grad():
                states = self._states([self.first_held_out + place for place in places])
            batches.append(Batch(tuple(places), records, states))
            self.lesson.watch.look()
        self.kept = batches if self.frozen else None
        return batches

    def _measure(self) -> tuple[float, float]:
        task, plain = self.lesson.task, Calibration()
        batches, held_out = self.batches(), self.held_out
        if issubclass(task.answer_schema, RankingAnswer):
            batches, held_out = _some(batches)
        found = answer_all(self.head, batches, plain)
        metrics = judge(task, held_out, found, self.lesson.space.labels, plain, brief=True)
        value = primary_value(task, metrics)
        share = min(1.0, max(0.0, abs(value)))
        return value, (share * (1 - share) / max(1, int(metrics["rows"]))) ** 0.5

    def _calibrate(self) -> tuple[Calibration, dict[str, Any]]:
        task = self.lesson.task
        if not self.held_out:
            return Calibration(keep=task.keep), {}
        with deterministic():
            self._settle()
            self._centre()
            batches = self.batches()
            calibration, why = calibrate_head(self.head, batches, task, self.held_out)
            found = answer_all(self.head, batches, calibration)
        if isinstance(self.head, LabelClassifier) and calibration.score != "distance":
            self.head.centroids = None
        metrics = judge(task, self.held_out, found, self.lesson.space.labels, calibration)
        return calibration, {**metrics, "abstention": why} if why else metrics

    def _settle(self) -> None:
        """Let a head of a plugin's own choose by the records kept apart what it leaves to them."""
        if type(self.head).settle is Head.settle:
            return
        places = range(self.first_held_out, self.first_held_out + len(self.held_out))
        with torch.no_grad():
            self.head.settle(self._states(list(places)), self.held_out)

    def _centre(self) -> None:
        """Give the head the mean vector of each label's rows, where there are rows enough to judge what it is worth."""
        outside = sum(is_out_of_scope(self.lesson.task, record) for record in self.held_out)
        if not isinstance(self.head, LabelClassifier) or outside < ENOUGH_OUTSIDE:
            return
        vectors = self.base.vectors(len(self.inside), self.lesson.watch.look)
        targets = torch.tensor(self.lesson.space.targets(self.inside), device=vectors.device)
        self.head.centroids = class_means(vectors, targets, len(self.lesson.space))


def _some(batches: Sequence[Batch]) -> tuple[list[Batch], tuple[BaseModel, ...]]:
    """Every n-th batch, with n such that there are few enough rows, and their records in order."""
    every = -(-sum(len(batch.places) for batch in batches) // _MOST_RANKED)
    chosen, records = list[Batch](), list[BaseModel]()
    for batch in batches[::every]:
        chosen.append(replace(batch, places=tuple(range(len(records), len(records) + len(batch.records)))))
        records += batch.records
    return chosen, tuple(records)
