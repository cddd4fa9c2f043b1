"""The training loop: length buckets, AdamW with warm-up, early stopping, checkpoints; the same seed, the same bits."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from podion.finetuning.averaging import WeightAverage
from podion.finetuning.checkpoints import Checkpoint, Checkpoints
from podion.finetuning.progress import Watch
from podion.finetuning.recipe import Recipe

_BUCKET = 16
"""Batches' worth of rows that are sorted by length together: enough to save padding, few enough to stay shuffled."""

_SECONDS_BETWEEN_REPORTS = 1.0
"""Within an epoch: a report is a durable write where a server runs the training."""


class Allocation(Protocol):
    """What changes by a schedule while parameters are trained; `step` counts the optimiser's steps from 1."""

    def plan(self, steps: int) -> None:
        """Learn how many steps there will be."""

    def stepped(self, step: int) -> None:
        """Act after a step, while its gradients are there."""

    def settled(self, step: int) -> bool:
        """Return whether nothing changes from here on: an epoch before that is not kept, however good it is."""

    def tensors(self) -> dict[str, Tensor]:
        """Return what a later step depends on."""

    def put(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """What is trained: parameters by name, the loss of a batch of rows, and how good it is on validation.

    `measure` returns the metric, higher being better, and its standard error; None when there is nothing to validate
    on, and the last epoch is kept. `dropout` switches it on or off. `allocation` follows every step.
    """

    parameters: Mapping[str, nn.Parameter]
    rates: Mapping[str, float]
    lengths: Sequence[int]
    loss: Callable[[Sequence[int], np.random.Generator], Tensor]
    measure: Callable[[], tuple[float, float]] | None
    dropout: Callable[[bool], None] = lambda on: None
    metric: str = ""
    buffers: Mapping[str, Tensor] = field(default_factory=dict)
    allocation: Allocation | None = None

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Everything that training changes: parameters, and buffers of the head."""
        return {**self.parameters, **self.buffers}


@dataclass
class _Standing:
    """How the race stands: the best metric so far, and the last epoch that is not measurably below it.

    Of epochs that differ by less than a standard error the later one is kept, for its rate had fallen further; unless
    only a better one is to be taken.
    """

    epoch: int = 0
    kept_epoch: int = 0
    best: float | None = None
    tensors: dict[str, Tensor] | None = None

    def pass_over(self) -> None:
        """Count an epoch that is not to be kept."""
        self.epoch += 1
        self.kept_epoch = self.epoch

    def take(self, measured: tuple[float, float] | None, tensors: Mapping[str, Tensor], only_better: bool) -> None:
        self.epoch += 1
        value, error = measured or (0.0, 0.0)
        strict = only_better and measured is not None
        if self.best is None or (value > self.best if strict else value >= self.best - error):
            self.kept_epoch = self.epoch
            self.tensors = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        self.best = value if self.best is None else max(self.best, value)


@dataclass(frozen=True)
class _Movers:
    """What changes the parameters, and what follows them."""

    optimiser: torch.optim.Optimizer
    average: WeightAverage


def train(
    course: Course, recipe: Recipe, seed: int, watch: Watch, checkpoints: Checkpoints, until: int | None = None
) -> int:
    """Train until the epochs are over or patience is, leave the parameters of the best epoch in place and return it.

    With `until`, that epoch is the last one, and rates go as if there were all of the recipe's. Goes on from the latest
    checkpoint, where there is one, to the same bits as without a stop.
    """
    steps = -(-len(course.lengths) // recipe.batch_rows)
    average = WeightAverage(course.parameters, recipe.averaged * recipe.epochs * steps)
    movers = _Movers(_optimiser(course, recipe), average)
    ends = [0]
    if course.allocation is not None:
        ends += accumulate(len(_batches(course, recipe, seed, epoch)[0]) for epoch in range(recipe.epochs))
        course.allocation.plan(ends[-1])
    standing = _restore(course, movers, checkpoints)
    with deterministic():
        while standing.epoch < (until or recipe.epochs) and standing.epoch - standing.kept_epoch < recipe.patience:
            first = ends[standing.epoch] if course.allocation is not None else 0
            _epoch(course, recipe, movers, seed, standing.epoch, steps, watch, first)
            if course.allocation is not None and not course.allocation.settled(ends[standing.epoch + 1]):
                standing.pass_over()
            else:
                with average.in_place():
                    standing.take(course.measure() if course.measure else None, course.tensors, recipe.keeps_best)
            checkpoints.save(_checkpoint(course, movers, standing))
            watch.at(
                standing.epoch / recipe.epochs,
                epoch=standing.epoch,
                epochs=recipe.epochs,
                metric=course.metric,
                value=standing.best if course.measure else None,
            )
    if standing.tensors is not None:
        _put(course.tensors, standing.tensors)
    return standing.kept_epoch


@contextmanager
def deterministic() -> Iterator[None]:
    """Compute with deterministic algorithms only, and leave the random state of the process alone."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.use_deterministic_algorithms(before)


def length_buckets(lengths: Sequence[int], recipe: Recipe, generator: np.random.Generator) -> list[list[int]]:
    """Return all positions once, in shuffled batches of similar length within the recipe's rows and tokens."""
    order = generator.permutation(len(lengths)).tolist()
    size = recipe.batch_rows * _BUCKET
    batches: list[list[int]] = []
    for first in range(0, len(order), size):
        batch: list[int] = []
        for place in sorted(order[first : first + size], key=lambda place: lengths[place]):
            full = len(batch) == recipe.batch_rows or (len(batch) + 1) * lengths[place] > recipe.batch_tokens
            if batch and full:
                batches.append(batch)
                batch = []
            batch.append(place)
        batches.append(batch)
    return [batches[place] for place in generator.permutation(len(batches))]


def _batches(course: Course, recipe: Recipe, seed: int, epoch: int) -> tuple[list[list[int]], np.random.Generator]:
    """An epoch's batches, and the generator for what else is drawn in it."""
    generator = np.random.default_rng([seed, epoch])
    return length_buckets(course.lengths, recipe, generator), generator


def _epoch(
    course: Course,
    recipe: Recipe,
    movers: _Movers,
    seed: int,
    epoch: int,
    steps: int,
    watch: Watch,
    first_step: int,
) -> None:
    torch.manual_seed(seed * 1_000_003 + epoch)
    batches, generator = _batches(course, recipe, seed, epoch)
    course.dropout(True)
    told = time.monotonic()
    for number, places in enumerate(batches):
        step = epoch * steps + number * steps / len(batches)
        share = rate_share(step, recipe.epochs * steps, recipe.warm_up, recipe.steady)
        for group in movers.optimiser.param_groups:
            group["lr"] = group["peak"] * share
        loss = course.loss(places, generator)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(list(course.parameters.values()), recipe.clip)
        movers.optimiser.step()
        movers.average.stepped()
        if course.allocation is not None:
            course.allocation.stepped(first_step + number + 1)
        movers.optimiser.zero_grad(set_to_none=True)
        watch.look()
        if time.monotonic() - told > _SECONDS_BETWEEN_REPORTS:
            told = time.monotonic()
            watch.at((epoch + number / len(batches)) / recipe.epochs, epoch=epoch, epochs=recipe.epochs)
    course.dropout(False)


def rate_share(step: float, steps: int, warm_up: float, steady: float = 0.0) -> float:
    """Return the share of the peak rate at a step: up in a line over `warm_up` of all steps, then down to 0.

    It falls from the start, or only after the share `steady` of all steps.
    """
    rising = max(1.0, warm_up * steps)
    falling = min(1.0, max(0.0, 1 - step / steps) / (1 - steady))
    return min(1.0, (step + 1) / rising) * falling


def _optimiser(course: Course, recipe: Recipe) -> torch.optim.Optimizer:
    groups: list[dict[str, Any]] = [
        {"params": [parameter], "peak": course.rates[name]} for name, parameter in course.parameters.items()
    ]
    return torch.optim.AdamW(groups, lr=0.0, weight_decay=recipe.weight_decay)


def _checkpoint(course: Course, movers: _Movers, standing: _Standing) -> Checkpoint:
    tensors = {f"now.{name}": tensor for name, tensor in course.tensors.items()}
    tensors |= {f"best.{name}": tensor for name, tensor in (standing.tensors or {}).items()}
    tensors |= {f"average.{name}": tensor for name, tensor in movers.average.tensors().items()}
    if course.allocation is not None:
        tensors |= {f"allocation.{name}": tensor for name, tensor in course.allocation.tensors().items()}
    for name, parameter in course.parameters.items():
        tensors |= {f"{kind}.{name}": tensor for kind, tensor in movers.optimiser.state[parameter].items()}
    return Checkpoint(standing.epoch, tensors, {"best": standing.best, "kept_epoch": standing.kept_epoch})


def _restore(course: Course, movers: _Movers, checkpoints: Checkpoints) -> _Standing:
    found = checkpoints.latest()
    if found is None:
        return _Standing()
    _put(course.tensors, {name: found.tensors[f"now.{name}"] for name in course.tensors})
    for name, parameter in course.parameters.items():
        moments = {kind: found.tensors.get(f"{kind}.{name}") for kind in ("step", "exp_avg", "exp_avg_sq")}
        movers.optimiser.state[parameter] = {
            kind: tensor.clone() for kind, tensor in moments.items() if tensor is not None
        }
    movers.average.put({name: found.tensors[f"average.{name}"] for name in movers.average.tensors()})
    if course.allocation is not None:
        prefix = "allocation."
        course.allocation.put(
            {name.removeprefix(prefix): each for name, each in found.tensors.items() if name.startswith(prefix)}
        )
    best = {name: found.tensors[f"best.{name}"].clone() for name in course.tensors if f"best.{name}" in found.tensors}
    return _Standing(
        epoch=found.epoch,
        kept_epoch=found.numbers["kept_epoch"],
        best=found.numbers["best"],
        tensors=best or None,
    )


def _put(targets: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(tensors[name])
