"""A linear head on frozen, pooled states: multinomial logistic regression by L-BFGS, in full batches.

Deterministic; the penalty is chosen by the likelihood of rows that were held out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from podion.finetuning.calibration import Floats, Integers, mean_loss
from podion.hosting.adapter_files import Array
from podion.hosting.heads import nearest

PLAIN_PENALTY = 0.1
"""What holds a head back where no row can be spared to choose it."""

_ITERATIONS = 60


@dataclass(frozen=True)
class Linear:
    """A linear layer on what a label head reads: `weight` [labels, width], `bias` [labels]."""

    weight: Tensor
    bias: Tensor

    def logits(self, vectors: Tensor) -> Floats:
        """Return [rows, labels] for vectors [rows, width]."""
        found: Floats = (vectors @ self.weight.T + self.bias).cpu().numpy()
        return found

    def tensors(self) -> dict[str, Array]:
        """Return the state of a `LabelClassifier`."""
        return {"linear.weight": self.weight.cpu().numpy(), "linear.bias": self.bias.cpu().numpy()}


@dataclass(frozen=True)
class Rows:
    """Vectors [rows, width] as a label head reads them, with their labels, and those of out-of-scope texts.

    `weights` [rows] say how much a row counts, where not all count alike. `offsets` [labels] or [rows, labels] are
    added to the logits while the head is fitted, and not when it answers: a label with a lower one is not held for the
    rarer, and what a row's own one says need not be learned.
    """

    vectors: Tensor
    targets: Tensor
    outside: Tensor
    labels: int
    weights: Tensor | None = None
    offsets: Tensor | None = None

    def where(self, inside: Sequence[int] | Integers, outside: Sequence[int] | Integers) -> "Rows":
        """Return the rows at these positions."""
        return Rows(
            self.vectors[torch.as_tensor(inside, dtype=torch.long)],
            self.targets[torch.as_tensor(inside, dtype=torch.long)],
            self.outside[torch.as_tensor(outside, dtype=torch.long)],
            self.labels,
        )


def descend(
    parameters: Sequence[Tensor], loss: Callable[[], Tensor], look: Callable[[], None], *, iterations: int = _ITERATIONS
) -> None:
    """Bring `loss`, all but convex in the parameters, to its least by L-BFGS; `look` is called at every step."""
    optimiser = torch.optim.LBFGS(
        list(parameters),
        max_iter=iterations,
        history_size=10,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-5,
        tolerance_change=1e-7,
    )

    def closure() -> float:
        look()
        optimiser.zero_grad()
        found = loss()
        found.backward()  # type: ignore[no-untyped-call]
        return float(found.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]


def fit_linear(
    rows: Rows,
    penalty: float,
    *,
    outlier_weight: float = 0.0,
    start: Linear | None = None,
    look: Callable[[], None] = lambda: None,
) -> Linear:
    """Return the head with the least cross entropy, plus `penalty` / 2 times the sum of squared weights over all rows.

    Out-of-scope rows teach no label: they pull towards being equally unsure of all (outlier exposure, Hendrycks et
    al., ICLR 2019), with `outlier_weight` against the mean loss of a labelled row. `look` is called at every step.
    """
    vectors, outside = rows.vectors, rows.outside
    width = vectors.shape[1]
    shares = rows.weights if rows.weights is not None else torch.ones(len(vectors), device=vectors.device)
    total = shares.sum()
    offsets = 0.0 if rows.offsets is None else rows.offsets
    weight = start.weight.clone() if start else torch.zeros(rows.labels, width, device=vectors.device)
    bias = start.bias.clone() if start else torch.zeros(rows.labels, device=vectors.device)
    weight.requires_grad_(True)
    bias.requires_grad_(True)

    def loss() -> Tensor:
        logits = functional.linear(vectors, weight, bias) + offsets
        found = (functional.cross_entropy(logits, rows.targets, reduction="none") * shares).sum() / total
        found = found + penalty / 2 / total * weight.square().sum()
        if len(outside) and outlier_weight:
            unsure = -functional.log_softmax(functional.linear(outside, weight, bias), dim=-1).mean()
            found = found + outlier_weight * unsure
        return found

    descend([weight, bias], loss, look)
    return Linear(weight.detach(), bias.detach())


def choose_penalty(
    train: Rows, held_out: Rows, penalties: Sequence[float], outlier_weight: float, look: Callable[[], None]
) -> tuple[float, Linear]:
    """Return the penalty, of those given from strong to weak, whose head explains the held-out rows best, and the head.

    Each start from the last one's answer; two in a row that do worse end the search.
    """
    best: tuple[float, float, Linear] | None = None
    current: Linear | None = None
    worse = 0
    for penalty in penalties:
        current = fit_linear(train, penalty, outlier_weight=outlier_weight, start=current, look=look)
        logits = current.logits(held_out.vectors)
        if held_out.offsets is not None:
            logits = logits + held_out.offsets.cpu().numpy()
        loss = mean_loss(logits, held_out.targets.cpu().numpy())
        if best is None or loss < best[0]:
            best, worse = (loss, penalty, current), 0
        else:
            worse += 1
        if worse == 2:
            break
    if best is None:
        raise ValueError("no penalty to choose from")
    return best[1], best[2]


def class_means(vectors: Tensor, targets: Tensor, labels: int) -> Tensor:
    """Return the mean vector of each label's rows, [labels, width]; zeros for a label without rows."""
    sums = torch.zeros(labels, vectors.shape[1], device=vectors.device)
    counts = torch.zeros(labels, device=vectors.device)
    sums.index_add_(0, targets, vectors)
    counts.index_add_(0, targets, torch.ones(len(targets), device=vectors.device))
    return sums / counts.clamp(min=1)[:, None]


@dataclass(frozen=True)
class Judgement:
    """What heads say of rows that they did not see: `logits` [rows, labels], and the cosine with the nearest mean."""

    logits: Floats
    nearness: Floats

    @classmethod
    def far(cls, linear: Linear, vectors: Tensor) -> "Judgement":
        """Return what a head that learned from no rows says of `vectors`: the nearness is NaN."""
        return cls(linear.logits(vectors), np.full(len(vectors), np.nan, dtype=np.float32))

    def at(self, places: Sequence[int]) -> "Judgement":
        """Return what is said of the rows at these positions."""
        return Judgement(self.logits[places], self.nearness[places])


def judgement(linear: Linear, rows: Rows, vectors: Tensor) -> Judgement:
    """Return what a head that learned from `rows` says of `vectors` [others, width]."""
    means = class_means(rows.vectors, rows.targets, rows.labels)
    return Judgement(linear.logits(vectors), nearest(vectors, means).cpu().numpy())


def out_of_fold(
    rows: Rows, folds: Integers, outside_folds: Integers, fit: Callable[[Rows], Linear]
) -> tuple[Judgement, Judgement]:
    """Return what is said of every row, and of every out-of-scope one, by a head that did not see it.

    Rows of fold -1, which every head saw, get NaN.
    """
    inside, outside = _unknown(len(rows.vectors), rows.labels), _unknown(len(rows.outside), rows.labels)
    for fold in sorted({*folds[folds >= 0].tolist(), *outside_folds.tolist()}):
        kept = rows.where(np.flatnonzero(folds != fold), np.flatnonzero(outside_folds != fold))
        linear = fit(kept)
        for whole, vectors, chosen in (
            (inside, rows.vectors, np.flatnonzero(folds == fold)),
            (outside, rows.outside, np.flatnonzero(outside_folds == fold)),
        ):
            found = judgement(linear, kept, vectors[torch.as_tensor(chosen)])
            whole.logits[chosen], whole.nearness[chosen] = found.logits, found.nearness
    return inside, outside


def _unknown(rows: int, labels: int) -> Judgement:
    return Judgement(np.full((rows, labels), np.nan, dtype=np.float32), np.full(rows, np.nan, dtype=np.float32))
