"""Pairs through every method: on a random base, whether both parts are about the same topic."""

import random
from dataclasses import replace

import numpy as np
import pytest
from pydantic import BaseModel

from podion.errors import DataError
from podion.finetuning.evaluate import evaluate_parts
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.head_kinds import PairHead
from podion.hosting.base_card import InstalledBase
from podion.hosting.encoder import Encoder
from podion.vertical import Method, Split, Task

WORDS = ["card", "lost", "refund", "money", "rain", "sun", "back", "cloud"]


class Pair(BaseModel):
    one: str
    other: str
    label: str | None = None


TASK = Task(
    name="match",
    record=Pair,
    head=PairHead("one", "other"),
    metric="accuracy",
    methods=(Method.ZERO_SHOT, Method.HEAD, Method.LORA, Method.ADALORA, Method.IA3),
    split=Split(group="one"),
)
PLAIN = replace(TASK, head=PairHead("one", "other", words=False))


def pairs(count: int, seed: int = 0) -> list[Pair]:
    """Pairs of which half say the same in other words."""
    generator = random.Random(seed)
    made = []
    for place in range(count):
        one = generator.sample(WORDS, 2)
        other = [*one, "please"] if place % 2 else generator.sample([word for word in WORDS if word not in one], 2)
        generator.shuffle(other)
        made.append(Pair(one=" ".join(one), other=" ".join(other), label="same" if place % 2 else "other"))
    return made


def made(task: Task, method: str, encoder: Encoder, tiny: InstalledBase, count: int = 60, **more: object) -> FitResult:
    request = FitRequest(
        task=task, task_name="x/match", method=Method(method), train=pairs(count), test=pairs(40, seed=7), base=tiny,
        **more,
    )  # fmt: skip
    return fit(request, encoder)


@pytest.mark.parametrize("task", [TASK, PLAIN], ids=["words", "plain"])
@pytest.mark.parametrize("method", ["head", "lora"])
def test_pairs_are_learned_calibrated_and_answered_as_they_were_measured(
    encoder: Encoder, tiny: InstalledBase, task: Task, method: str
) -> None:
    result = made(task, method, encoder, tiny)
    assert result.parts.head.implementation == task.head_declaration.implementation
    assert result.parts.head.options["first"] == "one"
    assert result.metrics["test"]["accuracy"] >= 0.95
    assert result.parts.calibration.threshold is not None
    assert (result.parts.lora is not None) == (method == "lora")
    again = evaluate_parts(result.parts, encoder, task, pairs(40, seed=7))
    assert again["accuracy"] == result.metrics["test"]["accuracy"]
    assert again["ece"] == pytest.approx(result.metrics["test"]["ece"])


@pytest.mark.parametrize("method", ["adalora", "ia3"])
def test_other_adapters_learn_pairs_too(encoder: Encoder, tiny: InstalledBase, method: str) -> None:
    result = made(TASK, method, encoder, tiny, 30)
    assert result.parts.lora is not None
    assert result.metrics["test"]["accuracy"] >= 0.9


def test_every_record_is_judged_by_a_head_that_saw_none_of_its_group(encoder: Encoder, tiny: InstalledBase) -> None:
    result = made(TASK, "head", encoder, tiny)
    assert result.rows["validation"] == 0
    assert result.metrics["validation"]["rows"] == 60
    kept = made(TASK, "head", encoder, tiny, validation=pairs(20, seed=3))
    assert kept.rows["validation"] == 20


def test_before_training_a_pair_has_no_answer(encoder: Encoder, tiny: InstalledBase) -> None:
    with pytest.raises(DataError, match="zero-shot; it takes head, lora"):
        made(TASK, "zero-shot", encoder, tiny)


def test_the_same_request_gives_the_same_bits(encoder: Encoder, tiny: InstalledBase) -> None:
    first, second = (made(TASK, "head", encoder, tiny, 20).parts for _ in range(2))
    assert first.calibration == second.calibration
    assert all(np.array_equal(first.head_tensors[name], second.head_tensors[name]) for name in first.head_tensors)
