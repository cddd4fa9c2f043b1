"""The ready-made head for a number a text."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import NumberAnswer
from podion.hosting.label_decoding import abstains
from podion.hosting.scaled_vectors import scaled_vectors, vector_width
from podion.nn import Head, LabelSpace, Scores, States

COVERAGE = 0.9
"""The share of numbers that an answer's interval holds."""

_NORMAL_QUARTILES = 1.349
"""The distance between the quartiles of a normal distribution, in standard deviations."""


class Regressor(Head[BaseModel, NumberAnswer]):
    """A number a text: a linear layer on the mean states, learned in units of the training numbers' spread.

    `fit_features` keeps their median and spread (from the quartiles, so that few wild numbers do not set the unit),
    and how far nine in ten of them lie from the median at most. The label field holds a number, or None.
    """

    link: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "identity"

    centre: Tensor
    spread: Tensor
    reach: Tensor

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, cut: int | None = None) -> None:
        super().__init__(hidden_size, label_space)
        self.cut = cut
        self.linear = nn.Linear(vector_width(hidden_size, cut), 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        for name, value in (("centre", 0.0), ("spread", 1.0), ("reach", 1.0)):
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))

    def fit_features(self, records: Sequence[BaseModel]) -> None:
        """Keep centre, spread and reach of the training numbers; of records without one, nothing changes."""
        told = [getattr(record, self.label_space.label_field) for record in records]
        numbers = torch.tensor([float(number) for number in told if number is not None], dtype=torch.float64)
        if not len(numbers):
            return
        low, middle, high = torch.quantile(numbers, torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)).tolist()
        self.centre.fill_(middle)
        self.spread.fill_((high - low) / _NORMAL_QUARTILES or float(numbers.std(correction=0)) or 1.0)
        self.reach.fill_(float(torch.quantile((numbers - middle).abs(), COVERAGE)) or float(self.spread))

    def forward(self, states: States) -> Tensor:
        """Return numbers in the label's own unit, [rows, 1]."""
        steps: Tensor = self.linear(scaled_vectors(states, self.cut))
        return steps * self.spread.to(steps) + self.centre.to(steps)

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean Huber loss (1964) in units of the spread, of the records with a number; 0 where none has.

        Errors above one spread count by their size and not by its square: a wild number pulls no harder than others.
        """
        told = [getattr(record, self.label_space.label_field) for record in records]
        judged = [row for row, number in enumerate(told) if number is not None]
        if not judged:
            return logits.sum() * 0.0  # the mean over nothing would be NaN
        truth = torch.tensor([float(told[row]) for row in judged], dtype=torch.float64, device=logits.device)
        error = (logits[judged, 0] - truth) / self.spread
        return functional.huber_loss(error, torch.zeros_like(error)).to(logits.dtype)

    def decode(self, scores: Scores) -> list[NumberAnswer]:
        """Return each number with its interval.

        Its half-width is the margin of the calibration or, without one, the reach of the training numbers: as wide as
        if nothing were known of the text. The confidence is the share of intervals that hold the truth, 0.9: it is
        that of the interval, and the same for every answer.
        """
        margin = float(self.reach) if scores.margin is None else scores.margin
        return [
            NumberAnswer(
                value=value,
                low=value - margin,
                high=value + margin,
                confidence=COVERAGE,
                abstained=abstains(COVERAGE, scores.threshold),
            )
            for value in scores.probabilities[:, 0].tolist()
        ]

    def options(self) -> dict[str, Any]:
        """Return the layer that is read beside the last one."""
        return {} if self.cut is None else {"cut": self.cut}
