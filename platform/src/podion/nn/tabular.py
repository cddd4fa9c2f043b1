"""A record's columns as tensors: numbers by quantiles, categories by name, missing values and codes as what they are.

Public: a plugin's own head that reads a table builds on `TabularFeatures`. Numbers are encoded piecewise linearly
(Gorishniy et al., On Embeddings for Numerical Features in Tabular Deep Learning, NeurIPS 2022).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from types import UnionType
from typing import Any, Union, get_args, get_origin

import torch
from pydantic import BaseModel
from torch import Tensor

from podion.nn.tabular_columns import Reading, feature_of
from podion.nn.tabular_feature import Feature
from podion.nn.tabular_values import values_of
from podion.vertical import Personal

Row = BaseModel | Mapping[str, Any]


class TabularFeatures:
    """The columns of a task's records, fitted once on training records and the same ever after.

    `TabularFeatures.fit(records, leave_out=[label])` decides; `tensors(records)` reads; `options()` is everything it
    knows as JSON has it, and `TabularFeatures(**options)` is it again. Columns are read by name, so their order does
    not matter; a column that training did not have is passed over; whatever value a record holds, reading never fails.

    A head walks over `features` (sorted by name) and, of each, over `cells`: the cell of a row is what a reason code
    says in words. `left_out` says for every column that is not read why it is not.
    """

    def __init__(
        self, features: Sequence[Feature | Mapping[str, Any]] = (), left_out: Mapping[str, str] | None = None
    ) -> None:
        self.features = tuple(each if isinstance(each, Feature) else _feature(each) for each in features)
        self.left_out = dict(left_out or {})

    @classmethod
    def fit(
        cls, records: Sequence[Row], *, leave_out: Sequence[str] = (), reading: Reading | None = None
    ) -> "TabularFeatures":
        """Return the reader of these records' columns; `leave_out` names fields that must not be read (the label).

        Left out besides: fields marked `Personal`, dates and times, texts and identifiers (categories of which fewer
        than half of the rows hold a frequent one; names such as `id`, `loan_id` with many values), lists, and columns
        that are empty or the same in all rows. A field declared `str` is a category even where it looks like numbers.
        """
        reading = reading or Reading()
        rows = [values_of(record) for record in records]
        names = sorted({name for row in rows for name in row})
        declared = _declared(type(records[0])) if records and isinstance(records[0], BaseModel) else {}
        features, left_out = [], {}
        for name in names:
            field = name.split(".", 1)[0]
            if name in leave_out or field in leave_out:
                left_out[name] = "it is not for the head to read"
                continue
            if declared.get(field) == "personal":
                left_out[name] = "its field is marked Personal"
                continue
            found = feature_of(name, [row.get(name) for row in rows], declared.get(name), reading)
            if isinstance(found, str):
                left_out[name] = found
            else:
                features.append(found)
        return cls(features, left_out)

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many cells each feature has."""
        return tuple(feature.size for feature in self.features)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Which features are numbers, by their positions."""
        return tuple(place for place, feature in enumerate(self.features) if feature.kind == "number")

    def tensors(self, records: Sequence[Row]) -> dict[str, Tensor]:
        """Return `cells` (int64), `places` and `magnitudes` (float32), each [rows, features].

        `cells` are the numbers of the cells that values fall into, `places` where among its intervals a number lies
        (`encoded` makes the piecewise-linear encoding of it), `magnitudes` how large it is: see `Feature.read`.
        """
        rows = [values_of(record) for record in records]
        shape = (len(rows), len(self.features), 3)
        columns = [(feature.name, feature.read) for feature in self.features]
        found = [read(row.get(name)) for row in rows for name, read in columns]
        table = torch.tensor(found, dtype=torch.float64).reshape(shape)
        return {
            "cells": table[..., 0].long(),
            "places": table[..., 1].float(),
            "magnitudes": table[..., 2].float(),
        }

    def encoded(self, places: Tensor) -> Tensor:
        """Return the piecewise-linear encoding of the numbers' places, [rows, numbers, most intervals].

        Entry i of a number is 0 below its interval i, 1 above it, and its share in between; of intervals that a number
        does not have it is 0. Numbers stand in the order of `numbers`.
        """
        chosen = places[:, list(self.numbers)]
        widest = max((self.features[place].intervals for place in self.numbers), default=0)
        starts = torch.arange(widest, dtype=chosen.dtype, device=chosen.device)
        return (chosen.unsqueeze(-1) - starts).clamp(0.0, 1.0)

    def options(self) -> dict[str, Any]:
        """Return what `TabularFeatures(**options)` is built from, as JSON has it."""
        return {"features": [_told(feature) for feature in self.features], "left_out": dict(self.left_out)}


def _told(feature: Feature) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(feature).items()}


def _feature(told: Mapping[str, Any]) -> Feature:
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
    return Feature(**values)


def _declared(record: type[BaseModel]) -> dict[str, str]:
    """Return what the fields of a record declare: `personal`, or `category` for text that is no number."""
    found = {}
    for name, field in record.model_fields.items():
        if any(isinstance(mark, Personal) for mark in field.metadata) or _holds_personal(field.annotation):
            found[name] = "personal"
        elif str in _parts(field.annotation) and not {int, float} & _parts(field.annotation):
            found[name] = "category"
    return found


def _holds_personal(annotation: Any) -> bool:
    """Return whether a mark stands inside an annotation, such as `Annotated[str, Personal()] | None`."""
    marked = any(isinstance(mark, Personal) for mark in getattr(annotation, "__metadata__", ()))
    return marked or any(_holds_personal(part) for part in get_args(annotation))


def _parts(annotation: Any) -> set[Any]:
    if get_origin(annotation) in (Union, UnionType):
        return {part for each in get_args(annotation) for part in _parts(each)}
    return {annotation}
