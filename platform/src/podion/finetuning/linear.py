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

PLAIN_PENALTY = 0.1
"""What holds a head back where no row can be spared to choose it."""

_ITERATIONS = 60


@dataclass(frozen=True)
class Linear:
    """A linear layer on L2-normalised vectors: `weight` [labels, hidden], `bias` [labels]."""

    weight: Tensor
    bias: Tensor

    def logits(self, vectors: Tensor) -> Floats:
        """Return [rows, labels] for pooled vectors [rows, hidden]."""
        found: Floats = (functional.normalize(vectors, dim=-1) @ self.weight.T + self.bias).cpu().numpy()
        return found

    def tensors(self) -> dict[str, Array]:
        """Return the state of a `LabelClassifier`."""
        return {"linear.weight": self.weight.cpu().numpy(), "linear.bias": self.bias.cpu().numpy()}


@dataclass(frozen=True)
class Rows:
    """Pooled vectors [rows, hidden] with their labels, and vectors of out-of-scope texts [others, hidden]."""

    vectors: Tensor
    targets: Tensor
    outside: Tensor
    labels: int

    def where(self, inside: Sequence[int] | Integers, outside: Sequence[int] | Integers) -> "Rows":
        """Return the rows at these positions."""
        return Rows(
            self.vectors[torch.as_tensor(inside, dtype=torch.long)],
            self.targets[torch.as_tensor(inside, dtype=torch.long)],
            self.outside[torch.as_tensor(outside, dtype=torch.long)],
            self.labels,
        )


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
    vectors = functional.normalize(rows.vectors, dim=-1)
    outside = functional.normalize(rows.outside, dim=-1)
    hidden = vectors.shape[1]
    weight = start.weight.clone() if start else torch.zeros(rows.labels, hidden, device=vectors.device)
    bias = start.bias.clone() if start else torch.zeros(rows.labels, device=vectors.device)
    weight.requires_grad_(True)
    bias.requires_grad_(True)
    optimiser = torch.optim.LBFGS(
        [weight, bias],
        max_iter=_ITERATIONS,
        history_size=10,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-5,
        tolerance_change=1e-7,
    )

    def closure() -> float:
        look()
        optimiser.zero_grad()
        loss = functional.cross_entropy(functional.linear(vectors, weight, bias), rows.targets)
        loss = loss + penalty / 2 / len(vectors) * weight.square().sum()
        if len(outside) and outlier_weight:
            unsure = -functional.log_softmax(functional.linear(outside, weight, bias), dim=-1).mean()
            loss = loss + outlier_weight * unsure
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
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
        loss = mean_loss(current.logits(held_out.vectors), held_out.targets.cpu().numpy())
        if best is None or loss < best[0]:
            best, worse = (loss, penalty, current), 0
        else:
            worse += 1
        if worse == 2:
            break
    if best is None:
        raise ValueError("no penalty to choose from")
    return best[1], best[2]


def out_of_fold(
    rows: Rows, folds: Integers, outside_folds: Integers, fit: Callable[[Rows], Linear]
) -> tuple[Floats, Floats]:
    """Return logits of every row by a head that did not see it: [rows, labels] and [others, labels].

    Rows of fold -1, which every head saw, get NaN.
    """
    inside = np.full((len(rows.vectors), rows.labels), np.nan, dtype=np.float32)
    outside = np.full((len(rows.outside), rows.labels), np.nan, dtype=np.float32)
    for fold in sorted({*folds[folds >= 0].tolist(), *outside_folds.tolist()}):
        kept, others = np.flatnonzero(folds != fold), np.flatnonzero(outside_folds != fold)
        linear = fit(rows.where(kept, others))
        test, test_others = np.flatnonzero(folds == fold), np.flatnonzero(outside_folds == fold)
        inside[test] = linear.logits(rows.vectors[torch.as_tensor(test)])
        outside[test_others] = linear.logits(rows.outside[torch.as_tensor(test_others)])
    return inside, outside
