"""How an adapter is made: the method and its numbers. Sane defaults, measured on two bases; no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from podion.errors import DataError, NotBuilt
from podion.head_kinds import LabelHead
from podion.vertical import Method, Task

if TYPE_CHECKING:
    from podion.nn import Training

BUILT = (Method.ZERO_SHOT, Method.FEW_SHOT, Method.HEAD, Method.LORA, Method.ADALORA, Method.IA3)
ADAPTED = (Method.LORA, Method.ADALORA, Method.IA3)
"""Methods that change what the base model computes, so that there must be something for it to read."""

TARGETS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)

_FEW = 8
_SMALL = 15
_MOST_ROWS_FOR_LORA = 200_000
_SPANS_ROWS, _SPANS_HEAD = 16, 5e-4

_TRAINED_HEAD = 0.2
_OWN_NUMBERS: Mapping[Method, Mapping[str, Any]] = {
    Method.ADALORA: {"rank": 8, "rate": 2e-3},
    Method.IA3: {"rate": 1e-2},
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A method and its numbers. Rates are AdamW's peaks after warm-up, from where they fall to 0 in a line.

    `penalties` are the L2 weights tried for a linear head, `outlier_weight` says how much out-of-scope rows count that
    teach it to be unsure. The linear head that a LoRA starts from has `warm_factor` times the best penalty, so that
    the layers below have something left to learn; its rate is `warm_rate` times the size of its weights, which differs
    between base models by an order of magnitude. Any other head learns at `head_rate`. With `keeps_best`, the epoch
    that measures best is kept; else, of those not measurably worse, the last. The rate falls after the share `steady`
    of all steps, and the weights kept are the mean over about the share `averaged` of them. AdaLoRA begins with
    `start_rank` and ends with `rank` a matrix on average; `first_share` and `last_share` of all steps do not change
    ranks, and `orthogonal` weighs what holds its matrices near orthogonal. The adapter kept is the mean of `members`
    trainings.
    """

    method: Method
    folds: int = 5
    validation_share: float = 0.1
    penalties: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
    warm_factor: float = 4.0
    warm_rate: float = 0.015
    outlier_weight: float = 0.1
    epochs: int = 6
    patience: int = 3
    batch_rows: int = 32
    batch_tokens: int = 2048
    rate: float = 1e-3
    head_rate: float = 5e-3
    warm_up: float = 0.06
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    rank: int = 16
    alpha: int = 32
    targets: tuple[str, ...] = TARGETS
    lora_dropout: float = 0.1
    pooled_dropout: float = 0.1
    clip: float = 1.0
    keeps_best: bool = False
    steady: float = 0.0
    averaged: float = 0.0
    start_rank: int = 12
    first_share: float = 0.1
    last_share: float = 0.4
    orthogonal: float = 0.5
    members: int = 1

    def suited(self, wanted: "Training | None") -> "Recipe":
        """Return the recipe with the numbers that a head asks for.

        An adapter's own numbers stay; the head beside it has been trained by then, and learns at a fifth of its rate.
        """
        if wanted is None:
            return self
        if self.method is not Method.HEAD:
            return replace(self, head_rate=wanted.rate * _TRAINED_HEAD)
        return replace(
            self,
            epochs=wanted.epochs,
            patience=wanted.patience,
            batch_rows=wanted.batch_rows,
            batch_tokens=max(self.batch_tokens, wanted.batch_rows),
            head_rate=wanted.rate,
            weight_decay=wanted.weight_decay,
            pooled_dropout=wanted.pooled_dropout,
            keeps_best=wanted.keeps_best,
            steady=wanted.steady,
            averaged=wanted.averaged,
        )


def recipe_for(method: Method, rows: int) -> Recipe:
    """Return the recipe of a method for so many labelled training rows: the fewer, the more often each is seen."""
    epochs = 6 if rows >= 1_000 else 10
    recipe = Recipe(method=method, epochs=epochs, folds=5 if rows <= 20_000 else 3, **_OWN_NUMBERS.get(method, {}))
    return recipe if rows >= 1_000 else replace(recipe, batch_rows=16)


def recipe_for_spans(recipe: Recipe) -> Recipe:
    """Return an adapter's recipe for nested spans, where every token is to be told from its neighbours.

    What a base trained for whole texts says of a single token has far to go, so a LoRA is wider, and its steps are
    smaller and more. The head, which starts as good as it gets alone, must not run ahead of the layers below it.
    """
    spans = replace(recipe, batch_rows=min(recipe.batch_rows, _SPANS_ROWS), head_rate=_SPANS_HEAD)
    if recipe.method is not Method.LORA:
        return spans
    return replace(spans, rank=32, alpha=64, rate=6e-4, epochs=max(recipe.epochs, 8))


def choose_method(task: Task, asked: Method, rows: int, labels: int, *, has_texts: bool = True) -> tuple[Method, ...]:
    """Return the method, or for `auto` the methods of which the best on validation is kept.

    `auto` goes by rows a label: below 8 few-shot and head, below 15 head, else head and lora (or adalora, where the
    task takes that alone). Where no record has a text, only head is left. Raises `DataError` for a method that the task
    does not allow, `NotBuilt` for one that this version lacks; both list what may be asked for.
    """
    allowed = [method for method in task.methods if method in BUILT and _fits(task, method, has_texts)]
    listed = ", ".join([*allowed, Method.AUTO])
    if asked is Method.AUTO:
        return _automatic(allowed, rows / max(1, labels), rows)
    if asked not in BUILT:
        raise NotBuilt(f"method {asked} is not in this version; task {task.name} takes {listed}")
    if asked not in allowed:
        raise DataError(
            f"task {task.name} does not allow the method {asked}; it takes {listed}", code="method_not_allowed"
        )
    return (asked,)


def _fits(task: Task, method: Method, has_texts: bool) -> bool:
    if method is Method.HEAD:
        return True
    return has_texts and (method in ADAPTED or isinstance(task.head_declaration, LabelHead))


def _automatic(allowed: list[Method], rows_a_label: float, rows: int) -> tuple[Method, ...]:
    wanted: tuple[Method, ...]
    if rows_a_label < _FEW:
        wanted = (Method.FEW_SHOT, Method.HEAD)
    elif rows_a_label < _SMALL or rows > _MOST_ROWS_FOR_LORA:
        wanted = (Method.HEAD,)
    else:
        wanted = (Method.HEAD, Method.LORA if Method.LORA in allowed else Method.ADALORA)
    chosen = tuple(method for method in wanted if method in allowed)
    return chosen or tuple(allowed[-1:]) or (Method.HEAD,)
