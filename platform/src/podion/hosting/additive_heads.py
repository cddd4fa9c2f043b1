"""The ready-made head whose every contribution is exact, on a record's columns and, as one more, its text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import ContributionsAnswer
from podion.errors import DataError
from podion.hosting.additive_answers import Sums, contributions, whole_table
from podion.hosting.additive_screening import direction_of, pairs_in, screen
from podion.hosting.additive_sum import FEW, Additive, Attribution
from podion.hosting.label_decoding import most_probable
from podion.nn import Head, LabelSpace, Scores, States, TabularFeatures, Training
from podion.nn.tabular_values import number_of, values_of

MOST_PAIRS = 10
_PENALTY: Mapping[str, float] = {"size": 0.3, "bend": 10.0, "step": 10.0, "table": 1.0}
_TEXT_PENALTY = 0.1


class AdditiveClassifier(Head[BaseModel, ContributionsAnswer]):
    """Two labels out of a sum: a base, what each column adds, what pairs of columns add, what the text adds.

    The sum is the log-odds of `positive`, which is the last label unless it is named. The reference point is the
    average training row: a contribution is what a column adds to that row's log-odds. Columns that clearly act one way
    on the training rows are held to it, as are those of `monotone` (1: more of it is never less probably the positive
    label, -1: never more). A table of two columns is shared between them in halves once each column's own part is taken
    out. `columns`, `directions` and `pairs` are what it learned, as its options tell it.
    """

    text_seen: Tensor

    def __init__(
        self,
        hidden_size: int,
        label_space: LabelSpace,
        *,
        positive: str | None = None,
        monotone: Mapping[str, int] | None = None,
        columns: Mapping[str, Any] | None = None,
        directions: Mapping[str, int] | None = None,
        pairs: Sequence[Sequence[str]] = (),
    ) -> None:
        super().__init__(hidden_size, label_space)
        labels = label_space.labels
        if len(labels) != 2:
            raise DataError(
                f"an AdditiveHead tells two labels apart; this task has {len(labels)}: {', '.join(labels[:5])}. Send"
                " records of two labels, or declare a TabularHead, which tells several apart",
                code="not_two_labels",
            )
        self.positive = len(labels) - 1 if positive is None else labels.index(positive)
        self.monotone = dict(monotone or {})
        self._build(TabularFeatures(**(columns or {})), directions or {}, pairs)
        self.text = nn.Parameter(torch.zeros(hidden_size))
        self.register_buffer("text_seen", torch.zeros(hidden_size + 1, dtype=torch.float64))

    def _build(self, reader: TabularFeatures, directions: Mapping[str, int], pairs: Sequence[Sequence[str]]) -> None:
        self.reader, self.directions = reader, dict(directions)
        self.pairs = [(str(left), str(right)) for left, right in pairs]
        places = {feature.name: place for place, feature in enumerate(reader.features)}
        self.card = Additive(  # its name stands in the states of adapters that were saved long ago
            reader.features,
            {places[name]: sign for name, sign in self.directions.items()},
            [(places[left], places[right]) for left, right in self.pairs],
        )
        self._told: Attribution | None = None

    def fit_features(self, records: Sequence[BaseModel]) -> None:
        """Learn the columns' bins, which columns act one way and which pairs matter, and where the average row lies."""
        self._build(TabularFeatures.fit(records, leave_out=[self.label_space.label_field]), {}, ())
        self.training_numbers = training_for(len(records))
        targets = self._targets(records)
        known = targets >= 0
        if not len(self.reader) or not bool(known.any()):
            return
        tensors = self.reader.tensors(records)
        cells, places = tensors["cells"], tensors["places"]
        found = screen(cells[known], self.reader.sizes, targets[known])
        directions = {}
        for feature, effects, information in zip(self.reader.features, found.effects, found.information, strict=True):
            sign = self.monotone.get(feature.name, 0)
            lines = feature.intervals
            sign = sign or direction_of(effects[:lines], information[:lines])
            if sign and lines > 1:
                directions[feature.name] = sign
        pairs = pairs_in(found, cells[known], self.card.shapes, targets[known], MOST_PAIRS)
        names = [feature.name for feature in self.reader.features]
        self._build(self.reader, directions, [(names[left], names[right]) for left, right in pairs])
        self.card.look_at(*self.card.shapes.spots(cells, places))
        share = float(targets[known].double().mean().clamp(1e-4, 1 - 1e-4))
        with torch.no_grad():
            self.card.base.fill_(math.log(share / (1 - share)))

    def features(self, records: Sequence[BaseModel]) -> dict[str, Tensor]:
        """Return where rows lie: columns' `cells` and `values` [rows, columns], `nodes` and `shares` of the sum."""
        names = [feature.name for feature in self.reader.features]
        values = [[_number(row.get(name)) for name in names] for row in map(values_of, records)]
        told = torch.tensor(values, dtype=torch.float64).reshape(len(records), len(names))
        tensors = self.reader.tensors(records)
        nodes, shares = self.card.shapes.spots(tensors["cells"], tensors["places"])
        return {"cells": tensors["cells"], "values": told, "nodes": nodes, "shares": shares}

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, 2]: the sum for the positive label, 0 for the other."""
        logits = self.card(states.features["nodes"], states.features["shares"]) + self._text(states)
        both = [torch.zeros_like(logits)] * len(self.label_space)
        both[self.positive] = logits
        return torch.stack(both, dim=1)

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return cross-entropy over labelled rows, and what the shapes cost."""
        targets = torch.tensor(self.label_space.targets(records), device=logits.device)
        missed = functional.cross_entropy(logits, targets, ignore_index=-100, reduction="sum")
        text = _TEXT_PENALTY * self.text.square().sum() / self.card.rows.clamp(min=FEW).to(logits.dtype)
        return missed / (targets >= 0).sum().clamp(min=1) + self.card.penalty(**_PENALTY) + text

    def train(self, mode: bool = True) -> "AdditiveClassifier":
        """Switch training on or off; what was told of the weights before is told anew."""
        self._told = None
        return super().train(mode)

    def options(self) -> dict[str, Any]:
        """Return the positive label, the columns and their bins, the directions held to, and the pairs with a table."""
        return {
            "positive": self.label_space.labels[self.positive],
            "monotone": self.monotone,
            "columns": self.reader.options(),
            "directions": self.directions,
            "pairs": [list(pair) for pair in self.pairs],
        }

    @torch.no_grad()
    def decode(self, scores: Scores) -> list[ContributionsAnswer]:
        """Return each row's answer with the sum behind it; the whole model where a row says nothing at all."""
        states, told = scores.states, self.attribution()
        scale = 1 / scores.temperature
        added = 0.0 if scores.bias is None else float(scores.bias[self.positive] - scores.bias[1 - self.positive])
        weights, middle = self.text.double(), self._middle()
        sums = Sums(
            base=(told.base + float(weights @ middle)) * scale + added,
            shares=self.card.contributions(told, states.features["nodes"], states.features["shares"]) * scale,
            text=(_unit(states.pooled).double() - middle) @ weights * scale,
        )
        cells, values = states.features["cells"], states.features["values"]
        reads_text = bool(self.text_seen[-1] > 0)
        shares = contributions(self.reader.features, sums, cells, values, reads_text=reads_text)
        nothing = self._says_nothing(states)
        odds = (scores.logits[:, self.positive] - scores.logits[:, 1 - self.positive]).double() * scale + added
        return [
            ContributionsAnswer(
                label=plain.label,
                confidence=plain.confidence,
                alternatives=plain.alternatives,
                abstained=plain.abstained,
                logit=float(odds[place]),
                base_logit=sums.base,
                contributions=shares[place],
                table=whole_table(self.reader.features, self.card, told, scale) if nothing[place] else (),
            )
            for place, plain in enumerate(most_probable(self.label_space, scores))
        ]

    def attribution(self) -> Attribution:
        """Return the sum as contributions against the average training row."""
        if self._told is None:
            self._told = self.card.attribution()
        return self._told

    def _targets(self, records: Sequence[BaseModel]) -> Tensor:
        """1 for the positive label, 0 for the other, -1 where a record has no label of ours."""
        found = torch.tensor(self.label_space.targets(records))
        return torch.where(found < 0, -1, (found == self.positive).long())

    def _text(self, states: States) -> Tensor:
        read = _unit(states.pooled)
        if self.training and bool(read.any()):
            with torch.no_grad():
                self.text_seen += torch.cat([read.double().sum(0), read.new_full((1,), len(read)).double()])
        return read @ self.text

    def _middle(self) -> Tensor:
        """The average training row's text."""
        return self.text_seen[:-1] / self.text_seen[-1].clamp(min=1)

    def _says_nothing(self, states: States) -> list[bool]:
        cells = states.features["cells"]
        missing = torch.tensor([feature.missing for feature in self.reader.features], device=cells.device)
        empty = (cells == missing).all(1) & ~states.pooled.any(1)
        return [bool(each) for each in empty.tolist()]


def training_for(rows: int) -> Training:
    """Return numbers that bring the weights to rest on so many rows: about thirty batches an epoch.

    The shapes' cost keeps them from learning chance, so the last epoch is kept unless it is measurably worse.
    """
    return Training(
        epochs=20,
        patience=20,
        batch_rows=min(512, max(32, rows // 30)),
        rate=0.03,
        weight_decay=0.0,
        keeps_best=False,
    )


def _unit(pooled: Tensor) -> Tensor:
    """Return states of length 1, and zeros where there is no text."""
    return functional.normalize(pooled.float(), dim=1)


def _number(value: Any) -> float:
    """Return a value as a number; not-a-number where it is none."""
    number = number_of(value)
    return math.nan if number is None else number
