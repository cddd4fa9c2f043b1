"""An additive model's numbers as answers: contributions in words, highest first, and the whole model as a table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from podion.answers import BinContribution, Contribution, FeatureValue
from podion.hosting.additive_sum import Additive, Attribution
from podion.nn import Feature

TEXT = "text"
"""The name under which what the text adds stands among the contributions."""


@dataclass(frozen=True)
class Sums:
    """One call's rows taken apart: `base` and `shares` [rows, columns] and `text` [rows], in calibrated log-odds."""

    base: float
    shares: Tensor
    text: Tensor


def contributions(
    features: Sequence[Feature], sums: Sums, cells: Tensor, values: Tensor, *, reads_text: bool
) -> list[tuple[Contribution, ...]]:
    """Return each row's contributions, the highest first; ties go by name."""
    rows = []
    for shares, text, row, read in zip(
        sums.shares.tolist(), sums.text.tolist(), cells.tolist(), values.tolist(), strict=True
    ):
        told = [
            Contribution(
                feature=feature.name, value=_value(feature, cell, number), logit=share, bin=feature.cells[cell].words
            )
            for feature, share, cell, number in zip(features, shares, row, read, strict=True)
        ]
        if reads_text:
            told.append(Contribution(feature=TEXT, logit=text))
        rows.append(tuple(sorted(told, key=lambda each: (-each.logit, each.feature))))
    return rows


def whole_table(
    features: Sequence[Feature], additive: Additive, told: Attribution, scale: float
) -> tuple[BinContribution, ...]:
    """Return what each cell of each column adds on average over the columns that it shares a table with."""
    rows = []
    for column, feature in enumerate(features):
        for cell, logit in zip(feature.cells, additive.alone(told, column).tolist(), strict=True):
            rows.append(BinContribution(feature=feature.name, bin=cell.words, logit=logit * scale))
    return tuple(rows)


def _value(feature: Feature, cell: int, number: float) -> FeatureValue:
    """Return a value as it was read: a number, else the category or code; None where it is missing."""
    found = feature.cells[cell]
    if found.kind in ("missing", "other"):
        return None
    if feature.kind == "category" or not math.isfinite(number):
        return found.value
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
