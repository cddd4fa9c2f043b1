"""Heads whose layers are few and whose loss is all but convex: fitted on all rows at once, to the end."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from pydantic import BaseModel
from torch import Tensor

from podion.finetuning.linear import descend
from podion.head_kinds import MultiLabelHead, OrdinalHead, RegressionHead
from podion.hosting.head_loading import AnyHead
from podion.nn import States
from podion.vertical import Task

PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""L2 weights against the mean loss of a row, from strong to weak: inputs are about 1 in size."""

PLAIN_PENALTY = 0.1
"""What is taken where no row can choose."""

_ITERATIONS = 100
_FITTED = frozenset(head.implementation for head in (MultiLabelHead(), OrdinalHead(), RegressionHead()))


@dataclass(frozen=True)
class Side:
    """Records and the vectors of their texts, [rows, 2 x hidden]: of the last layer and of the cut."""

    vectors: Tensor
    records: tuple[BaseModel, ...]

    def states(self) -> States:
        """Return the vectors as states that hold no tokens."""
        pooled, lower = self.vectors.chunk(2, dim=-1)
        tokens = pooled.new_zeros(len(pooled), 0, pooled.shape[1])
        offsets = torch.zeros(len(pooled), 0, 2, dtype=torch.long, device=pooled.device)
        return States(pooled=pooled, tokens=tokens, mask=tokens[:, :, 0] > 0, offsets=offsets, lower=lower)


def is_fitted_whole(task: Task) -> bool:
    """Return whether a task's head is fitted by `fit_whole`."""
    return task.head_declaration.implementation in _FITTED


def fit_whole(
    head: AnyHead, train: Side, held_out: Side, *, weaken: float = 1.0, look: Callable[[], None] = lambda: None
) -> float:
    """Fit a head with a layer `linear` to the training rows, and return the penalty that explained the others best.

    `weaken` times that penalty is what is fitted last: more than 1 leaves a LoRA below something to learn. Penalties
    go from strong to weak, each from the last one's answer; two in a row that do worse end the search.
    """
    best, kept, worse = PLAIN_PENALTY, None, 0
    if len(held_out.records):
        states = held_out.states()
        least = float("inf")
        for penalty in PENALTIES:
            fit_by(head, train, penalty, look)
            with torch.no_grad():
                loss = float(head.loss(head(states), held_out.records))
            if loss < least:
                best, least, worse = penalty, loss, 0
                kept = {name: tensor.clone() for name, tensor in head.state_dict().items()}
            else:
                worse += 1
            if worse == 2:
                break
    if kept is not None:
        head.load_state_dict(kept)
    if kept is None or weaken != 1.0:
        fit_by(head, train, best * weaken, look)
    return best


def fit_by(head: AnyHead, train: Side, penalty: float, look: Callable[[], None]) -> None:
    """Fit a head with a layer `linear` to the training rows from where it stands, by the L2 weight of a penalty."""
    states = train.states()
    weight = head.get_parameter("linear.weight")

    def loss() -> Tensor:
        found: Tensor = head.loss(head(states), train.records) + penalty / 2 * weight.square().sum()
        return found

    descend(list(head.parameters()), loss, look, iterations=_ITERATIONS)
