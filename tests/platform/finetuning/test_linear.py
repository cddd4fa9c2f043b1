import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from podion.finetuning.calibration import softmax
from podion.finetuning.linear import Rows, choose_penalty, class_means, fit_linear, out_of_fold
from podion.hosting.heads import label_vectors


def clouds(rows: int = 240, labels: int = 4, hidden: int = 12, seed: int = 0, noise: float = 0.8) -> Rows:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(labels, hidden, generator=torch.Generator().manual_seed(99))
    targets = torch.arange(rows) % labels
    vectors = centres[targets] + noise * torch.randn(rows, hidden, generator=generator)
    outside = torch.randn(40, hidden, generator=generator)
    return Rows(label_vectors(vectors, None), targets, label_vectors(outside, None), labels)


def quiet() -> None:
    """Look at nothing."""


def test_it_is_scikit_learns_logistic_regression() -> None:
    rows = clouds()
    ours = fit_linear(rows, 0.5)
    vectors = rows.vectors.numpy()
    theirs = LogisticRegression(C=2.0, tol=1e-8, max_iter=2_000).fit(vectors, rows.targets.numpy())
    assert np.abs(softmax(ours.logits(rows.vectors)) - theirs.predict_proba(vectors)).max() < 5e-3


def test_the_same_rows_give_the_same_bits() -> None:
    first, second = fit_linear(clouds(), 0.1), fit_linear(clouds(), 0.1)
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.bias, second.bias)


def test_rows_outside_learn_to_be_unsure() -> None:
    rows = clouds()
    plain, exposed = fit_linear(rows, 0.1), fit_linear(rows, 0.1, outlier_weight=0.5)
    assert (
        softmax(exposed.logits(rows.outside)).max(axis=1).mean()
        < softmax(plain.logits(rows.outside)).max(axis=1).mean()
    )


def test_the_penalty_is_the_one_that_explains_held_out_rows() -> None:
    train, test = clouds(60, noise=1.5), clouds(400, seed=1, noise=1.5)
    penalties = (30.0, 3.0, 0.3, 0.03, 0.0003)
    chosen, linear = choose_penalty(train, test, penalties, 0.0, quiet)
    assert chosen not in (penalties[0], penalties[-1])
    assert (linear.logits(test.vectors).argmax(axis=1) == test.targets.numpy()).mean() > 0.5


def test_out_of_fold_logits_never_saw_their_row() -> None:
    rows = clouds(40)
    seen: list[int] = []

    def fit(part: Rows) -> object:
        seen.append(len(part.vectors))
        return fit_linear(part, 0.3)

    folds = np.arange(40) % 4
    folds[0] = -1
    inside, outside = out_of_fold(rows, folds, np.arange(40) % 4, fit)  # type: ignore[arg-type]
    assert seen == [31, 30, 30, 30]
    assert np.isnan(inside.logits[0]).all()
    assert np.isnan(inside.nearness[0])
    assert not np.isnan(inside.at(range(1, 40)).logits).any()
    assert not np.isnan(outside.logits).any()
    assert inside.nearness[1:].mean() > outside.nearness.mean()


def test_class_means_are_of_each_labels_rows() -> None:
    vectors = torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]])
    means = class_means(vectors, torch.tensor([0, 0, 2]), 3)
    assert means.tolist() == [[2.0, 0.0], [0.0, 0.0], [0.0, 5.0]]


def test_a_stop_is_heard_inside_a_fit() -> None:
    def look() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        fit_linear(clouds(), 0.1, look=look)
