from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from podion.finetuning.evaluate import evaluate_parts
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.head_kinds import LabelHead
from podion.hosting.base_card import InstalledBase
from podion.hosting.encoder import Encoder
from podion.vertical import Method, Task


@pytest.fixture
def worded(intent: Task) -> Task:
    return replace(
        intent, head=LabelHead(words=True), methods=(Method.ZERO_SHOT, Method.FEW_SHOT, Method.HEAD, Method.LORA)
    )


@pytest.fixture
def made(worded: Task, lines: Callable[..., list], tiny: InstalledBase, encoder: Encoder) -> Callable[..., FitResult]:
    def make(method: str, a_label: int = 25, **more: object) -> FitResult:
        train = lines(a_label, outside=10)
        return fit(
            FitRequest(
                task=worded, task_name="x/intent", method=Method(method), train=train, test=lines(10, seed=9),
                base=tiny, **more,
            ),
            encoder,
        )  # fmt: skip

    return make


@pytest.mark.parametrize("method", ["zero-shot", "few-shot"])
def test_before_training_it_is_the_head_that_reads_vectors_alone(made: Callable[..., FitResult], method: str) -> None:
    parts = made(method, 4).parts
    assert parts.head.implementation == LabelHead().implementation
    assert "words" not in parts.head.options


def test_words_that_a_random_base_cannot_read_are_learned(made: Callable[..., FitResult]) -> None:
    result = made("head")
    assert result.parts.head.implementation == LabelHead(words=True).implementation
    assert result.parts.head.options["words"] == len(result.parts.head_tensors["words.keys"]) > 10
    assert result.metrics["test"]["accuracy"] > 0.95
    assert result.metrics["validation"]["rows"] == 85  # each judged by a head that did not see it
    assert result.rows == {"train": 75, "validation": 0, "test": 30}


def test_validation_records_choose_and_calibrate(made: Callable[..., FitResult], lines: Callable[..., list]) -> None:
    result = made("head", validation=lines(8, seed=5))
    assert result.rows["validation"] == 24
    assert result.metrics["test"]["accuracy"] > 0.95


def test_a_lora_is_trained_beside_the_words(made: Callable[..., FitResult], encoder: Encoder, worded: Task) -> None:
    result = made("lora", 12)
    parts = result.parts
    assert parts.lora is not None
    assert parts.head.options["words"] > 10
    assert result.metrics["test"]["accuracy"] > 0.9


def test_the_same_request_gives_the_same_bits(made: Callable[..., FitResult]) -> None:
    first, second = made("head", 10).parts, made("head", 10).parts
    assert first.calibration == second.calibration
    assert first.head_tensors.keys() == second.head_tensors.keys()
    assert all(np.array_equal(first.head_tensors[name], second.head_tensors[name]) for name in first.head_tensors)


@pytest.mark.parametrize("method", ["head", "lora"])
def test_what_is_told_of_records_is_what_serving_answers(
    made: Callable[..., FitResult], encoder: Encoder, worded: Task, lines: Callable[..., list], method: str
) -> None:
    kept = lines(8, seed=5, outside=4)
    result = made(method, 12, validation=kept)
    served = evaluate_parts(result.parts, encoder, worded, kept)
    told = result.metrics["validation"]
    assert {name: served[name] for name in ("accuracy", "rows")} == {name: told[name] for name in ("accuracy", "rows")}
    assert served["ece"] == pytest.approx(told["ece"], abs=1e-3)
