"""The ready-made head for labels in an order."""

from collections.abc import Sequence
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import LabelAnswer
from podion.hosting.heads import IGNORED
from podion.hosting.label_decoding import most_probable
from podion.hosting.scaled_vectors import scaled_vectors, vector_width
from podion.nn import Head, LabelSpace, Scores, States

_LEAST_GAP = 1e-3


class OrdinalClassifier(Head[BaseModel, LabelAnswer]):
    """One label a text out of labels that stand in an order, from low to high: the proportional odds model.

    After McCullagh, Regression Models for Ordinal Data (JRSS B, 1980): one number says how high a text stands, and
    cut points that keep their order part it into labels; the odds of standing above a cut point are the logistic
    function of the distance to it. So a text that stands higher is at least as probably above every cut point, and a
    neighbour is a smaller mistake than a label far off. All labels share the weights, as in CORAL (Cao, Mirjalili &
    Raschka 2020), whose ranks are consistent for the same reason.
    """

    ordered = True

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, cut: int | None = None) -> None:
        super().__init__(hidden_size, label_space)
        self.cut = cut
        self.linear = nn.Linear(vector_width(hidden_size, cut), 1, bias=False)
        nn.init.zeros_(self.linear.weight)
        points = max(1, len(label_space) - 1)
        self.lowest = nn.Parameter(torch.tensor([-0.5 * (points - 1)]))
        self.gaps = nn.Parameter(torch.full((points - 1,), 0.5413))  # softplus of it is 1

    def forward(self, states: States) -> Tensor:
        """Return the logarithms of the labels' probabilities, [rows, labels]: the softmax leaves them as they are."""
        return self.log_shares(self.height(states))

    def height(self, states: States) -> Tensor:
        """Return how high each text stands, [rows]."""
        heights: Tensor = self.linear(scaled_vectors(states, self.cut))
        return heights[:, 0]

    def cut_points(self) -> Tensor:
        """Return what parts the labels, in rising order, [labels - 1]."""
        steps = functional.softplus(self.gaps) + _LEAST_GAP
        return torch.cat([self.lowest, self.lowest + steps.cumsum(dim=0)])[: len(self.label_space) - 1]

    def log_shares(self, heights: Tensor) -> Tensor:
        """Return the logarithms of the labels' probabilities for `heights` [rows], [rows, labels].

        Between two cut points lies s(a) - s(b) = s(a) s(-b) (1 - exp(b - a)), s the logistic function, a and b the
        distances to the upper and the lower one: so nothing is lost where both are far away.
        """
        points = self.cut_points()
        if not len(points):
            return torch.zeros(len(heights), 1, device=heights.device) + 0.0 * heights[:, None]
        below = functional.logsigmoid(points - heights[:, None])
        above = functional.logsigmoid(heights[:, None] - points)
        between = torch.log(-torch.expm1(points[:-1] - points[1:]))
        inner = below[:, 1:] + above[:, :-1] + between
        return torch.cat([below[:, :1], inner, above[:, -1:]], dim=-1)

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean negative log likelihood of the records that have one of our labels; 0 where none has."""
        targets = torch.tensor(self.label_space.targets(records), device=logits.device)
        if bool((targets == IGNORED).all()):
            return logits.sum() * 0.0  # the mean over nothing would be NaN
        return functional.cross_entropy(logits, targets, ignore_index=IGNORED)

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        """Return the most probable label of each row, its probability as confidence, and up to 3 runners-up."""
        return most_probable(self.label_space, scores)

    def options(self) -> dict[str, Any]:
        """Return the layer that is read beside the last one."""
        return {} if self.cut is None else {"cut": self.cut}
