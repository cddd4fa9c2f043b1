"""Tables as others' tools read them, and what those tools make of the same rows as Podion's heads."""

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer, StandardScaler

from podion.nn import TabularFeatures
from podion_finance_risk.columns import number_in, value_of

Floats = NDArray[np.float64]
_MOST_CATEGORIES = 255


class Table:
    """Columns of training records, read by name off any records: numbers as they are, categories by number."""

    def __init__(self, train: Sequence[BaseModel], label: str) -> None:
        features = TabularFeatures.fit(train, leave_out=[label]).features
        self.numbers = [each.name for each in features if each.kind == "number"]
        self.categories = [each.name for each in features if each.kind == "category"]

    def read(self, records: Sequence[BaseModel]) -> NDArray[Any]:
        """Return [rows, columns] of objects: numbers first, then the categories' texts."""
        rows = [
            [number_in(value_of(record, name)) for name in self.numbers]
            + [str(value_of(record, name)) for name in self.categories]
            for record in records
        ]
        return np.array(rows, dtype=object)

    @property
    def places(self) -> tuple[list[int], list[int]]:
        """The places of the numbers and of the categories."""
        numbers = list(range(len(self.numbers)))
        return numbers, list(range(len(numbers), len(numbers) + len(self.categories)))


def others(train: Sequence[BaseModel], test: Sequence[BaseModel], label: str, seed: int) -> dict[str, dict[str, Any]]:
    """Return what scikit-learn's models, and EBM where `interpret` is installed, make of the test rows."""
    table = Table(train, label)
    learned, judged = table.read(train), table.read(test)
    targets = np.array([int(getattr(record, label)) for record in train])
    truth = np.array([int(getattr(record, label)) for record in test])
    found: dict[str, dict[str, Any]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a category that training did not see is no news here
        for name, make in _makers(table, seed).items():
            model = make()
            model.fit(learned, targets)
            found[name] = measured(truth, model.predict_proba(judged)[:, 1])
    found["ebm"] = _ebm(table, learned, targets, judged, truth, seed)
    return found


def measured(truth: NDArray[np.int64], scores: Floats) -> dict[str, Any]:
    """Return how well scores tell 1 from 0: area under the curve, Kolmogorov-Smirnov, recall at 1 % alerts."""
    wrong, right, _ = roc_curve(truth, scores)
    alerts = max(1, round(0.01 * len(truth)))
    first = np.argsort(-scores, kind="stable")[:alerts]
    return {
        "roc_auc": float(roc_auc_score(truth, scores)),
        "average_precision": float(average_precision_score(truth, scores)),
        "ks": float((right - wrong).max()),
        "recall_at_1_percent": float(truth[first].sum() / truth.sum()),
    }


def _makers(table: Table, seed: int) -> dict[str, Callable[[], Any]]:
    numbers, categories = table.places
    named = (
        make_pipeline(OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)),
        categories,
    )

    def columns(*steps: Any) -> ColumnTransformer:
        return ColumnTransformer([("numbers", make_pipeline(*steps), numbers), ("categories", *named)])

    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=_MOST_CATEGORIES)
    return {
        "hist_gradient_boosting": lambda: make_pipeline(
            ColumnTransformer([("numbers", "passthrough", numbers), ("categories", ordinal, categories)]),
            HistGradientBoostingClassifier(random_state=seed, early_stopping=True),
        ),
        "logistic": lambda: make_pipeline(
            columns(SimpleImputer(strategy="median"), StandardScaler()), LogisticRegression(max_iter=2_000)
        ),
        "spline_logit": lambda: make_pipeline(
            columns(SimpleImputer(strategy="median"), SplineTransformer(n_knots=8, knots="quantile"), StandardScaler()),
            LogisticRegression(max_iter=2_000, C=0.1),
        ),
    }


def _ebm(
    table: Table,
    learned: NDArray[Any],
    targets: NDArray[np.int64],
    judged: NDArray[Any],
    truth: NDArray[np.int64],
    seed: int,
) -> dict[str, Any]:
    if find_spec("interpret") is None:
        return {"roc_auc": None, "why": "interpret is not installed here"}
    from interpret.glassbox import ExplainableBoostingClassifier

    kinds = ["continuous"] * len(table.numbers) + ["nominal"] * len(table.categories)
    model = ExplainableBoostingClassifier(feature_types=kinds, interactions=0, random_state=seed, n_jobs=1)
    model.fit(learned, targets)
    return measured(truth, model.predict_proba(judged)[:, 1])
