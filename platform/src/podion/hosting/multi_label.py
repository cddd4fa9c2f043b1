"""The ready-made head for any number of labels a text."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import Alternative, LabelsAnswer
from podion.hosting.label_decoding import ALTERNATIVES, abstains, share
from podion.hosting.scaled_vectors import scaled_vectors, vector_width
from podion.nn import Head, LabelSpace, Scores, States


class MultiLabelClassifier(Head[BaseModel, LabelsAnswer]):
    """Any number of labels a text: a linear layer on the mean states, each output a probability of its own.

    The label field holds a list of labels, one label, or None where a record has not been judged; an empty list says
    that no label fits. With `cut`, the mean state at that layer stands beside the last one's.
    """

    link: ClassVar[Literal["softmax", "sigmoid", "identity"]] = "sigmoid"

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, cut: int | None = None) -> None:
        super().__init__(hidden_size, label_space)
        self.cut = cut
        self.linear = nn.Linear(vector_width(hidden_size, cut), len(label_space))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self._last: tuple[Sequence[BaseModel], Tensor, Tensor] | None = None

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, labels]."""
        logits: Tensor = self.linear(scaled_vectors(states, self.cut))
        return logits

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return the mean binary cross entropy of the judged records, summed over labels; 0 where none is judged.

        Labels that are not ours are nobody's here: their records count for the others.
        """
        judged, targets = self._targets(records)
        if not len(judged):
            return logits.sum() * 0.0  # the mean over nothing would be NaN
        judged, targets = judged.to(logits.device), targets.to(logits.device)
        return functional.binary_cross_entropy_with_logits(logits[judged], targets, reduction="sum") / len(judged)

    def decode(self, scores: Scores) -> list[LabelsAnswer]:
        """Return every label whose probability reaches its threshold, most probable first, and the nearest below.

        The confidence is the probability that the whole decision is right, each label's taken for itself: the product
        over all labels of the probability of what was decided. Without thresholds 0.5 decides.
        """
        shares = scores.probabilities
        bars = torch.full_like(shares[0], 0.5) if scores.thresholds is None else scores.thresholds.to(shares)
        held = shares >= bars
        sure = torch.where(held, shares, 1 - shares).double().log().sum(dim=-1).exp()
        rows = zip(shares.tolist(), held.tolist(), sure.tolist(), strict=True)
        return [self._answer(*row, bars.tolist(), scores.threshold) for row in rows]

    def options(self) -> dict[str, Any]:
        """Return the layer that is read beside the last one."""
        return {} if self.cut is None else {"cut": self.cut}

    def _targets(self, records: Sequence[BaseModel]) -> tuple[Tensor, Tensor]:
        """Which rows are judged, [judged], and which labels each has, [judged, labels].

        Those of the last tuple are kept: a fit on all rows at once asks for them at every step.
        """
        if self._last is not None and self._last[0] is records:
            return self._last[1], self._last[2]
        places = {label: place for place, label in enumerate(self.label_space.labels)}
        told = [self._told(record) for record in records]
        judged = [row for row, labels in enumerate(told) if labels is not None]
        targets = torch.zeros(len(judged), len(places))
        for row, place in enumerate(judged):
            targets[row, [places[label] for label in told[place] or () if label in places]] = 1.0
        found = torch.tensor(judged, dtype=torch.long), targets
        self._last = (records, *found) if isinstance(records, tuple) else None
        return found

    def _told(self, record: BaseModel) -> frozenset[str] | None:
        value = getattr(record, self.label_space.label_field)
        if value is None:
            return None
        return frozenset(map(str, value if isinstance(value, list | tuple | set | frozenset) else (value,)))

    def _answer(
        self, shares: Sequence[float], held: Sequence[bool], sure: float, bars: Sequence[float], least: float | None
    ) -> LabelsAnswer:
        order = sorted(range(len(shares)), key=lambda place: -shares[place])
        missed = sorted((place for place in order if not held[place]), key=lambda place: bars[place] - shares[place])
        return LabelsAnswer(
            labels=tuple(self._named(place, shares) for place in order if held[place]),
            alternatives=tuple(self._named(place, shares) for place in missed[:ALTERNATIVES]),
            confidence=share(sure),
            abstained=abstains(sure, least),
        )

    def _named(self, place: int, shares: Sequence[float]) -> Alternative:
        return Alternative(label=self.label_space.labels[place], confidence=share(shares[place]))
