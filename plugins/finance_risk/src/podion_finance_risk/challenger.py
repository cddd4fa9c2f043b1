"""Gradient boosting (LightGBM) on the same rows as a head: what every report compares it with. It never serves."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from podion import DataError, LabelSpace
from podion_finance_risk.columns import number_in, value_of

if TYPE_CHECKING:
    from podion_finance_risk.heads import Feature

Floats = NDArray[np.float64]

_MOST_ROUNDS = 2_000
_PATIENCE = 50
_FEW_ROWS = 2_000
_FOLDS = 5
_RARE = 0.05


@dataclass(frozen=True, kw_only=True)
class _Growth:
    """How trees grow: for few rows small ones, each from half of the columns, that are held near 0."""

    leaves: int
    rows_a_leaf: int
    rate: float
    rounds_unstopped: int
    columns: float = 1.0
    penalty: float = 0.0

    @classmethod
    def for_rows(cls, rows: int) -> "_Growth":
        if rows < _FEW_ROWS:
            return cls(leaves=7, rows_a_leaf=10, rate=0.03, rounds_unstopped=80, columns=0.5, penalty=5.0)
        return cls(leaves=31, rows_a_leaf=20, rate=0.05, rounds_unstopped=200)


class GradientBoosting:
    """Boosted trees over every column that a tabular head reads too; the text is not read.

    The same rows and seed give the same model: one thread, deterministic. With validation rows the number of trees is
    where they are told apart best; of few rows, those that teach choose it by folds. Fitted again without validation
    rows, it grows as many trees as before.
    """

    name = "gradient_boosting"

    def __init__(self, space: LabelSpace, seed: int) -> None:
        self.space, self.seed = space, seed
        self._columns: Sequence[Feature] = ()
        self._booster: Any = None
        self._rounds: int | None = None

    def fit(self, train: Sequence[BaseModel], validation: Sequence[BaseModel]) -> None:
        """Learn from labelled rows; raises `DataError` where they hold nothing to learn from."""
        import lightgbm

        from podion_finance_risk.heads import columns_of  # torch, which only runs need

        rows = self._labelled(train)
        self._columns = columns_of(rows, self.space).features
        if not rows or not self._columns:
            raise DataError(
                f"gradient boosting: {len(rows)} labelled rows with {len(self._columns)} columns that can be read; it "
                "needs both. Send features beside the text",
                code="no_columns",
            )
        judged = self._labelled(validation)
        growth = _Growth.for_rows(len(rows))
        parameters, learned = self._parameters(growth, rows), self._table(rows, lightgbm)
        if judged or self._rounds is None:
            self._rounds = self._chosen(growth, parameters, rows, judged, lightgbm)
        self._booster = lightgbm.train(parameters, learned, num_boost_round=self._rounds)

    def _chosen(
        self,
        growth: _Growth,
        parameters: Mapping[str, Any],
        rows: Sequence[BaseModel],
        judged: Sequence[BaseModel],
        lightgbm: Any,
    ) -> int:
        """How many trees to grow: by folds where rows are few, else by the rows to judge on."""
        learned = self._table(rows, lightgbm)
        stopping = {"num_boost_round": _MOST_ROUNDS, "callbacks": [lightgbm.early_stopping(_PATIENCE, verbose=False)]}
        if len(rows) < _FEW_ROWS and np.bincount(self.space.targets(rows), minlength=len(self.space)).min() >= _FOLDS:
            losses = {**parameters, "metric": "binary_logloss" if len(self.space) == 2 else "multi_logloss"}
            curve = lightgbm.cv(losses, learned, nfold=_FOLDS, seed=self.seed, **stopping)
            return max(1, *map(len, curve.values()))
        if judged and len({*self.space.targets(judged)}) > 1:
            held_out = self._table(judged, lightgbm, learned)
            stopped = lightgbm.train(dict(parameters), learned, valid_sets=[held_out], **stopping)
            return max(1, int(stopped.best_iteration))
        return growth.rounds_unstopped

    def probabilities(self, records: Sequence[BaseModel]) -> Floats:
        """Return [rows, labels], in the label space's order; raises `RuntimeError` before `fit`."""
        if self._booster is None:
            raise RuntimeError("GradientBoosting.probabilities before fit: there is no model yet")
        if not records:
            return np.zeros((0, len(self.space)))
        found = np.asarray(self._booster.predict(self._values(records)), dtype=np.float64)
        return np.column_stack([1 - found, found]) if found.ndim == 1 else found

    def text(self) -> str:
        """Return the model in LightGBM's text format, which holds the columns' names; raises as `probabilities`."""
        if self._booster is None:
            raise RuntimeError("GradientBoosting.text before fit: there is no model yet")
        return str(self._booster.model_to_string())

    def _labelled(self, records: Sequence[BaseModel]) -> list[BaseModel]:
        targets = self.space.targets(records)
        return [record for record, target in zip(records, targets, strict=True) if target >= 0]

    def _parameters(self, growth: _Growth, rows: Sequence[BaseModel]) -> dict[str, Any]:
        targets = np.array(self.space.targets(rows))
        two = len(self.space) == 2
        rare = two and min(targets.mean(), 1 - targets.mean()) < _RARE
        return {
            "objective": "binary" if two else "multiclass",
            **({} if two else {"num_class": len(self.space)}),
            "metric": ("average_precision" if rare else "auc") if two else "multi_logloss",
            "learning_rate": growth.rate,
            "num_leaves": growth.leaves,
            "min_data_in_leaf": growth.rows_a_leaf,
            "feature_fraction": growth.columns,
            "lambda_l2": growth.penalty,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }

    def _table(self, records: Sequence[BaseModel], lightgbm: Any, reference: Any = None) -> Any:
        return lightgbm.Dataset(
            self._values(records),
            label=np.array(self.space.targets(records)),
            feature_name=[f"{place}_{_plain(each.name)}" for place, each in enumerate(self._columns)],
            categorical_feature=[place for place, each in enumerate(self._columns) if each.kind == "category"],
            reference=reference,
            free_raw_data=True,
        )

    def _values(self, records: Sequence[BaseModel]) -> Floats:
        """Return the columns' values, [rows, columns]: numbers as they are, categories by number, missing as such."""
        found = [[_read(feature, value_of(record, feature.name)) for feature in self._columns] for record in records]
        return np.array(found, dtype=np.float64)


def _read(feature: "Feature", value: Any) -> float:
    cell = feature.read(value)[0]
    if cell == feature.missing:
        return math.nan
    return number_in(value) if feature.kind == "number" else float(cell)


def _plain(name: str) -> str:
    """Return a name without the characters that LightGBM's format keeps for itself."""
    return re.sub(r"[^\w.]+", "_", name)
