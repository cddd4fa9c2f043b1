from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from podion.finetuning.few_rows import FEW, STRENGTH, Words, few_offsets, with_words
from podion.finetuning.fit import FitRequest, fit
from podion.finetuning.linear import Rows, fit_linear
from podion.finetuning.prototypes import LABEL_WEIGHT
from podion.hosting.encoder import Encoder
from podion.hosting.heads import label_vectors
from podion.vertical import Method, Task

Lines = Callable[..., list[Any]]
LABELS, HIDDEN = 6, 16


def clouds(counts: list[int], seed: int) -> Rows:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(LABELS, HIDDEN, generator=torch.Generator().manual_seed(5))
    targets = torch.repeat_interleave(torch.arange(LABELS), torch.tensor(counts))
    vectors = centres[targets] + 1.2 * torch.randn(len(targets), HIDDEN, generator=generator)
    return Rows(label_vectors(vectors, None), targets, torch.zeros(0, HIDDEN), LABELS)


def words() -> Words:
    centres = torch.randn(LABELS, HIDDEN, generator=torch.Generator().manual_seed(5))
    places = torch.arange(LABELS).repeat_interleave(2)
    noise = 0.8 * torch.randn(2 * LABELS, HIDDEN, generator=torch.Generator().manual_seed(6))
    return Words(label_vectors(centres[places] + noise, None), places)


def test_labels_with_few_rows_are_answered_beside_rich_ones() -> None:
    train, test = clouds([3, 3, 3, 100, 100, 100], seed=1), clouds([60] * LABELS, seed=2)
    truth = test.targets.numpy()
    few = truth < 3

    def right(rows: Rows) -> tuple[float, float]:
        answers = fit_linear(rows, 0.1).logits(test.vectors).argmax(axis=1)
        return float((answers == truth)[few].mean()), float((answers == truth)[~few].mean())

    plain, helped = right(train), right(with_words(train, words()))
    assert helped[0] > plain[0] + 0.2
    assert helped[1] > plain[1] - 0.15


def test_a_labels_words_weigh_as_in_prototypes_and_rich_labels_need_none() -> None:
    rows = clouds([2, FEW - 1, FEW, 20, 20, 20], seed=1)
    mixed = with_words(rows, words())
    assert mixed.weights is not None
    assert len(mixed.vectors) == len(rows.vectors) + 4
    extra = mixed.targets[len(rows.vectors) :]
    assert sorted(set(extra.tolist())) == [0, 1]
    shares = mixed.weights[len(rows.vectors) :]
    assert float(shares[extra == 0].sum()) == LABEL_WEIGHT
    assert with_words(clouds([FEW] * LABELS, seed=1), words()).weights is None
    assert with_words(rows, None) is rows


def test_only_labels_with_few_rows_are_lowered() -> None:
    targets = torch.repeat_interleave(torch.arange(3), torch.tensor([1, 7, 40]))
    offsets = few_offsets(targets, 3)
    assert offsets is not None
    np.testing.assert_allclose(
        offsets.numpy(), [STRENGTH * np.log(2.5 / 40), STRENGTH * np.log(8.5 / 40), 0.0], rtol=1e-5
    )
    assert few_offsets(torch.tensor([0, 1, 1]), 2) is None
    assert few_offsets(torch.arange(30) % 2, 2) is None


def test_auto_mixes_a_few_rows_of_one_label_with_many_of_others(
    encoder: Encoder, intent: Task, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [line for line in lines(40) if line.label != "weather"] + [
        line for line in lines(3, seed=5) if line.label == "weather"
    ]
    test = [line for line in lines(60, seed=9) if line.label == "weather"]
    request = FitRequest(task=intent, task_name="v/intent", method=Method.AUTO, train=few, base=encoder.base, test=test)
    mixed = fit(request, encoder)
    monkeypatch.setattr("podion.finetuning.few_rows.FEW", 0)
    plain = fit(request, encoder)
    assert mixed.parts.head.options["cut"] == encoder.cut
    assert mixed.metrics["test"]["accuracy"] > plain.metrics["test"]["accuracy"]
