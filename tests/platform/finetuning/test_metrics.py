import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score

from podion.answers import Span
from podion.finetuning.metrics import Judged, label_metrics, macro_f1
from podion.finetuning.ranking import auroc
from podion.finetuning.resampling import bootstrap
from podion.finetuning.span_metrics import span_metrics


def judged(**changes: object) -> Judged:
    values: dict[str, object] = {
        "labels": ("a", "b"),
        "expected": ["a", "b", "b", "a", None, None],
        "outside": np.array([False, False, False, False, True, False]),
        "predicted": ["a", "b", "a", "a", "b", "a"],
        "confidences": np.array([0.9, 0.8, 0.6, 0.95, 0.55, 0.9]),
        "threshold": 0.7,
    }
    return Judged(**{**values, **changes})  # type: ignore[arg-type]


def test_label_metrics_by_hand() -> None:
    metrics = label_metrics(judged())
    assert metrics["accuracy"] == 0.75
    assert metrics["in_scope_accuracy"] == 0.75
    assert metrics["oos_auroc"] == 1.0
    assert metrics["oos_recall"] == 1.0
    assert metrics["rows"] == 5
    assert metrics["confused"] == [{"expected": "b", "predicted": "a", "rows": 1}]
    assert metrics["labels"]["a"] == {"precision": 2 / 3, "recall": 1.0, "f1": 0.8, "rows": 2}
    assert metrics["standard_error"]["accuracy"] > 0


def test_how_often_possible_labels_hold_the_truth_is_told_in_all_and_by_label() -> None:
    metrics = label_metrics(judged(possible=[("a",), ("b", "a"), ("a",), ("a", "b"), ("b",), ()]))
    assert (metrics["coverage"], metrics["set_size"]) == (0.75, 1.5)
    assert [metrics["labels"][label]["coverage"] for label in "ab"] == [1.0, 0.5]
    assert "coverage" not in label_metrics(judged())


def test_a_refused_row_is_an_error_in_scope() -> None:
    metrics = label_metrics(judged(threshold=0.85))
    assert (metrics["accuracy"], metrics["in_scope_accuracy"], metrics["abstained"]) == (0.75, 0.5, 0.5)


def test_a_label_the_adapter_never_learned_counts_as_wrong() -> None:
    metrics = label_metrics(judged(expected=["a", "b", "new", "a", None, None]))
    assert metrics["accuracy"] == 0.75
    assert metrics["labels"]["new"]["recall"] == 0.0


def test_without_rows_in_scope_nothing_is_claimed() -> None:
    metrics = label_metrics(judged(expected=[None] * 6))
    assert "accuracy" not in metrics
    assert metrics["oos_recall"] == 1.0


def test_names_mean_what_scikit_learn_means() -> None:
    generator = np.random.default_rng(0)
    expected, predicted = generator.integers(0, 6, 300), generator.integers(0, 7, 300)
    assert macro_f1(expected, predicted) == pytest.approx(f1_score(expected, predicted, average="macro"))
    truth, scores = generator.integers(0, 2, 200).astype(bool), generator.integers(0, 9, 200) / 9
    assert auroc(scores[truth], scores[~truth]) == pytest.approx(roc_auc_score(truth, scores))
    shares = np.stack([1 - scores, scores], axis=1)
    metrics = label_metrics(
        Judged(
            labels=("n", "y"),
            expected=["y" if yes else "n" for yes in truth],
            outside=np.zeros(200, dtype=bool),
            predicted=["y" if share > 0.5 else "n" for share in scores],
            confidences=shares.max(axis=1),
            probabilities=shares,
        )
    )
    assert metrics["brier"] == pytest.approx(brier_score_loss(truth, scores))


def test_spans_count_exactly_and_nested_ones_too() -> None:
    city, name, inner = (
        Span(start=0, end=4, label="city"),
        Span(start=5, end=9, label="name"),
        Span(start=5, end=7, label="name"),
    )
    metrics = span_metrics(
        [[city, name], [city], []], [[city, name, inner], [Span(start=0, end=3, label="city")], None]
    )
    assert (metrics["entity_precision"], metrics["entity_recall"]) == (2 / 3, 0.5)
    assert metrics["entity_f1"] == pytest.approx(4 / 7)
    assert metrics["rows"] == 2
    assert metrics["labels"]["name"]["rows"] == 2


def test_nothing_to_find_and_nothing_found_is_perfect() -> None:
    assert span_metrics([[]], [[]])["entity_f1"] == 1.0


def test_the_bootstrap_is_near_the_formula_and_repeats() -> None:
    right = np.random.default_rng(0).random(1_000) < 0.8
    error = bootstrap(1_000, lambda chosen: float(right[chosen].mean()))
    assert error == pytest.approx(np.sqrt(right.mean() * (1 - right.mean()) / 1_000), rel=0.2)
    assert error == bootstrap(1_000, lambda chosen: float(right[chosen].mean()))
