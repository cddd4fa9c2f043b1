"""The scorecard: a head whose every contribution is exact, on a table's columns and, as one more, a text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion import Alternative, DataError
from podion.nn import Head, LabelSpace, Scores, States, TabularFeatures, Training
from podion_finance_risk.columns import number_in, value_of
from podion_finance_risk.heads.additive import FEW, Additive, Attribution
from podion_finance_risk.heads.card_answers import Sums, contributions, points_table
from podion_finance_risk.heads.screening import direction_of, pairs_in, screen
from podion_finance_risk.schema import ScorecardAnswer

BAD = "1"
MOST_PAIRS = 10
_PENALTY: Mapping[str, float] = {"size": 0.3, "bend": 10.0, "step": 10.0, "table": 1.0}
_TEXT_PENALTY = 0.1


class ScorecardHead(Head[BaseModel, ScorecardAnswer]):
    """Two labels out of a sum: a base, what each column adds, what pairs of columns add, what the text adds.

    The reference point is the average training row: a contribution is what a column adds to that row's logit. Columns
    that clearly act one way on the training rows are held to it, as are those of `directions_asked` (1: more of it is
    worse; -1: better). A table of two columns is shared between them in halves once each column's own part is taken
    out. `directions` and `pairs` stand in the head's options.
    """

    directions_asked: ClassVar[Mapping[str, int]] = {}

    text_seen: Tensor

    def __init__(
        self,
        hidden_size: int,
        label_space: LabelSpace,
        *,
        columns: Mapping[str, Any] | None = None,
        directions: Mapping[str, int] | None = None,
        pairs: Sequence[Sequence[str]] = (),
    ) -> None:
        super().__init__(hidden_size, label_space)
        labels = label_space.labels
        if len(labels) != 2:
            raise DataError(
                f"a scorecard tells two labels apart; this task has {len(labels)}: {', '.join(labels[:5])}. Declare"
                " two (`0` and `1`, 1 for bad), or use TabularHead for several",
                code="not_two_labels",
            )
        self.bad = labels.index(BAD) if BAD in labels else len(labels) - 1
        self._build(TabularFeatures(**(columns or {})), directions or {}, pairs)
        self.text = nn.Parameter(torch.zeros(hidden_size))
        self.register_buffer("text_seen", torch.zeros(hidden_size + 1, dtype=torch.float64))

    def _build(self, reader: TabularFeatures, directions: Mapping[str, int], pairs: Sequence[Sequence[str]]) -> None:
        self.reader, self.directions = reader, dict(directions)
        self.pairs = [(str(left), str(right)) for left, right in pairs]
        places = {feature.name: place for place, feature in enumerate(reader.features)}
        self.card = Additive(
            reader.features,
            {places[name]: sign for name, sign in self.directions.items()},
            [(places[left], places[right]) for left, right in self.pairs],
        )
        self._told: Attribution | None = None

    def fit_features(self, records: Sequence[BaseModel]) -> None:
        """Learn the columns' bins, which columns act one way and which pairs matter, and where the average row lies."""
        self._build(columns_of(records, self.label_space), {}, ())
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
            sign = self.directions_asked.get(feature.name, 0)
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
        """Return where rows lie: columns' `cells` and `values` [rows, columns], `nodes` and `shares` of the card."""
        names = [feature.name for feature in self.reader.features]
        values = [[number_in(value_of(record, name)) for name in names] for record in records]
        told = torch.tensor(values, dtype=torch.float64).reshape(len(records), len(names))
        tensors = self.reader.tensors(records)
        nodes, shares = self.card.shapes.spots(tensors["cells"], tensors["places"])
        return {"cells": tensors["cells"], "values": told, "nodes": nodes, "shares": shares}

    def forward(self, states: States) -> Tensor:
        """Return logits, [rows, 2]: 0 for the good label, the sum for the bad one."""
        logits = self.card(states.features["nodes"], states.features["shares"]) + self._text(states)
        both = [torch.zeros_like(logits)] * len(self.label_space)
        both[self.bad] = logits
        return torch.stack(both, dim=1)

    def loss(self, logits: Tensor, records: Sequence[BaseModel]) -> Tensor:
        """Return cross-entropy over labelled rows, and what the shapes cost."""
        targets = torch.tensor(self.label_space.targets(records), device=logits.device)
        missed = functional.cross_entropy(logits, targets, ignore_index=-100, reduction="sum")
        text = _TEXT_PENALTY * self.text.square().sum() / self.card.rows.clamp(min=FEW).to(logits.dtype)
        return missed / (targets >= 0).sum().clamp(min=1) + self.card.penalty(**_PENALTY) + text

    def train(self, mode: bool = True) -> "ScorecardHead":
        """Switch training on or off; what was told of the weights before is told anew."""
        self._told = None
        return super().train(mode)

    def options(self) -> dict[str, Any]:
        """Return the columns and their bins, the directions held to, and the pairs with a table."""
        return {
            "columns": self.reader.options(),
            "directions": self.directions,
            "pairs": [list(pair) for pair in self.pairs],
        }

    @torch.no_grad()
    def decode(self, scores: Scores) -> list[ScorecardAnswer]:
        """Return each row's answer with the sum behind it; the whole scorecard where a row says nothing at all."""
        states, told = scores.states, self.attribution()
        scale = 1 / scores.temperature
        added = 0.0 if scores.bias is None else float(scores.bias[self.bad] - scores.bias[1 - self.bad])
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
        odds = (scores.logits[:, self.bad] - scores.logits[:, 1 - self.bad]).double() * scale + added
        answers = []
        for place, probabilities in enumerate(scores.probabilities.tolist()):
            order = sorted(range(len(probabilities)), key=lambda each: -probabilities[each])
            named = [
                Alternative(label=self.label_space.labels[each], confidence=_share(probabilities[each]))
                for each in order
            ]
            answers.append(
                ScorecardAnswer(
                    label=named[0].label,
                    confidence=named[0].confidence,
                    alternatives=tuple(named[1:]),
                    abstained=scores.threshold is not None and named[0].confidence < scores.threshold,
                    logit=float(odds[place]),
                    base_logit=sums.base,
                    contributions=shares[place],
                    table=points_table(self.reader.features, self.card, told, scale) if nothing[place] else (),
                )
            )
        return answers

    def attribution(self) -> Attribution:
        """Return the card as contributions against the average training row."""
        if self._told is None:
            self._told = self.card.attribution()
        return self._told

    def _targets(self, records: Sequence[BaseModel]) -> Tensor:
        """1 for bad, 0 for good, -1 where a record has no label of ours."""
        found = torch.tensor(self.label_space.targets(records))
        return torch.where(found < 0, -1, (found == self.bad).long())

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


def columns_of(records: Sequence[BaseModel], space: LabelSpace) -> TabularFeatures:
    """Return how these records' columns are read: all but the label, and what `TabularFeatures` leaves out."""
    return TabularFeatures.fit(records, leave_out=[space.label_field])


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


def _share(probability: float) -> float:
    return min(1.0, max(0.0, probability))
