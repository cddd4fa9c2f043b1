"""Two labels, labels in an order, several labels and numbers are measured by scikit-learn's names."""

import numpy as np
import pytest
from sklearn import metrics as sk

from podion.answers import NumberAnswer
from podion.finetuning.metrics import Judged, label_metrics
from podion.finetuning.multi_label_metrics import JudgedLabels, multi_label_metrics
from podion.finetuning.number_metrics import number_metrics
from podion.finetuning.ordinal_metrics import quadratic_kappa

GENERATOR = np.random.default_rng(7)


def two(positive: str | None = None, **changes: object) -> tuple[Judged, np.ndarray, np.ndarray]:
    truth = GENERATOR.random(400) < 0.3
    share = np.clip(0.4 * truth + 0.6 * GENERATOR.random(400), 0, 1).round(2)
    values: dict[str, object] = {
        "labels": ("no", "yes"),
        "expected": ["yes" if yes else "no" for yes in truth],
        "outside": np.zeros(400, dtype=bool),
        "predicted": ["yes" if one > 0.5 else "no" for one in share],
        "confidences": np.maximum(share, 1 - share),
        "probabilities": np.stack([1 - share, share], axis=1),
        "positive": positive,
    }
    return Judged(**{**values, **changes}), truth, share  # type: ignore[arg-type]


@pytest.mark.parametrize(("positive", "turned"), [(None, False), ("yes", False), ("no", True)])
def test_two_labels_are_measured_by_the_one_looked_for(positive: str | None, turned: bool) -> None:
    judged, truth, share = two(positive)
    wanted, score, guesses = (~truth, 1 - share, share <= 0.5) if turned else (truth, share, share > 0.5)
    found = label_metrics(judged, "roc_auc")
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(wanted, score))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(wanted, score))
    assert found["f1"] == pytest.approx(sk.f1_score(wanted, guesses))
    assert found["precision"] == pytest.approx(sk.precision_score(wanted, guesses))
    assert found["recall"] == pytest.approx(sk.recall_score(wanted, guesses))
    assert 0 < found["standard_error"]["roc_auc"] < 0.1


def test_a_brief_look_measures_what_stops_a_training() -> None:
    found = label_metrics(two()[0], "average_precision", brief=True)
    assert {"roc_auc", "average_precision", "ks", "f1", "recall_at_1_percent", "ece", "brier"} <= found.keys()
    assert not {"ece_noise_95", "standard_error", "labels"} & found.keys()


def test_a_head_without_probabilities_is_ranked_by_its_confidence() -> None:
    judged, truth, share = two(probabilities=None)
    assert label_metrics(judged)["roc_auc"] == pytest.approx(sk.roc_auc_score(truth, share))


@pytest.mark.parametrize("primary", ["accuracy", "macro_f1", "brier", "ece", "ks", "f1", "recall_at_1_percent"])
def test_whatever_decides_has_a_standard_error(primary: str) -> None:
    assert label_metrics(two()[0], primary)["standard_error"][primary] > 0


def test_one_label_alone_is_not_ranked() -> None:
    judged, _, _ = two(expected=["no"] * 400)
    found = label_metrics(judged)
    assert "roc_auc" not in found
    assert found["recall"] == 0.0


def test_three_labels_have_no_positive_one() -> None:
    judged, _, share = two(labels=("no", "yes", "maybe"), probabilities=np.ones((400, 3)) / 3)
    assert "roc_auc" not in label_metrics(judged, brief=True)
    assert len(share) == 400


def test_labels_in_an_order_know_how_far_off_they_are() -> None:
    order = ("low", "middle", "high")
    truth, guess = GENERATOR.integers(0, 3, 200), GENERATOR.integers(0, 3, 200)
    judged = Judged(
        labels=order,
        expected=[order[place] for place in truth],
        outside=np.zeros(200, dtype=bool),
        predicted=[order[place] for place in guess],
        confidences=np.full(200, 0.5),
        ordered=True,
    )
    found = label_metrics(judged, "quadratic_kappa")
    assert found["mae"] == pytest.approx(np.abs(truth - guess).mean())
    assert found["quadratic_kappa"] == pytest.approx(sk.cohen_kappa_score(truth, guess, weights="quadratic"))
    assert found["standard_error"]["quadratic_kappa"] > 0
    assert quadratic_kappa(np.zeros(4, dtype=int), np.zeros(4, dtype=int), 3) == 1.0


def test_several_labels_a_row() -> None:
    names = ("a", "b", "c", "never")
    truth, guess = GENERATOR.random((300, 4)) < 0.3, GENERATOR.random((300, 4)) < 0.3
    truth[:, 3] = guess[:, 3] = False
    shares = GENERATOR.random((300, 4))

    def told(table: np.ndarray) -> list[list[str]]:
        return [[names[place] for place in np.flatnonzero(row)] for row in table]

    judged = JudgedLabels(
        labels=names,
        expected=told(truth),
        predicted=told(guess),
        confidences=np.full(300, 0.2),
        abstained=np.arange(300) < 30,
        probabilities=shares,
    )
    found = multi_label_metrics(judged, "average_precision")
    used = truth[:, :3], guess[:, :3]
    assert found["micro_f1"] == pytest.approx(sk.f1_score(*used, average="micro"))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(*used, average="macro"))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, guess))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(truth[:, :3], shares[:, :3]))
    assert found["abstained"] == pytest.approx(0.1)
    assert found["standard_error"]["average_precision"] > 0
    assert found["labels"]["a"]["recall"] == pytest.approx(sk.recall_score(truth[:, 0], guess[:, 0]))


def test_unjudged_rows_do_not_count_and_a_label_never_learned_is_missed() -> None:
    judged = JudgedLabels(
        labels=("a",),
        expected=[["a"], [], None, ["new"]],
        predicted=[["a"], [], ["a"], []],
        confidences=np.ones(4),
        abstained=np.zeros(4, dtype=bool),
    )
    found = multi_label_metrics(judged)
    assert found["rows"] == 3
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["micro_f1"] == pytest.approx(2 / 3)
    assert "average_precision" not in found


def test_numbers_and_their_intervals() -> None:
    truth = GENERATOR.normal(10, 3, 500)
    value = truth + GENERATOR.normal(0, 1, 500)
    answers = [NumberAnswer(confidence=0.9, value=one, low=one - 1.645, high=one + 1.645) for one in value]
    found = number_metrics([*answers, answers[0]], [*truth.tolist(), None], "rmse")
    assert found["rows"] == 500
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(truth, value))
    assert found["rmse"] == pytest.approx(sk.mean_squared_error(truth, value) ** 0.5)
    assert found["r2"] == pytest.approx(sk.r2_score(truth, value))
    assert found["pearson"] == pytest.approx(np.corrcoef(truth, value)[0, 1])
    assert found["coverage"] == pytest.approx(0.9, abs=0.04)
    assert found["width"] == pytest.approx(3.29)
    assert found["standard_error"]["rmse"] > 0
    same = [NumberAnswer(confidence=0.9, value=1.0, low=0.0, high=2.0)] * 3
    assert number_metrics(same, [1.0, 1.0, 1.0], brief=True)["r2"] == 1.0
    assert number_metrics(same, [2.0, 2.0, 2.0], brief=True)["pearson"] == 0.0
    assert number_metrics(same, [None] * 3) == {"rows": 0}
