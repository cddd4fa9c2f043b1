from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from podion.errors import DataError
from podion.finetuning.evaluate import evaluate_parts
from podion.finetuning.fit import FitRequest, fit
from podion.hosting.adapter_files import AdapterParts
from podion.hosting.encoder import Encoder
from podion.vertical import Method, Task


@pytest.fixture
def parts(encoder: Encoder, intent: Task, lines: Callable[..., list[Any]]) -> AdapterParts:
    asked = FitRequest(task=intent, task_name="v/intent", method=Method.HEAD, train=lines(12), base=encoder.base)
    return fit(asked, encoder).parts


def test_labels_that_the_adapter_never_saw_count_as_wrong(
    encoder: Encoder, intent: Task, lines: Callable[..., list[Any]], parts: AdapterParts
) -> None:
    known = lines(6, seed=4)
    before = evaluate_parts(parts, encoder, intent, known)
    strange = [line.model_copy(update={"label": "unheard_of"}) for line in known]
    after = evaluate_parts(parts, encoder, intent, [*known, *strange])
    assert after["accuracy"] == pytest.approx(before["accuracy"] / 2)


def test_no_labelled_record_and_another_base_are_refused(
    encoder: Encoder, intent: Task, lines: Callable[..., list[Any]], parts: AdapterParts
) -> None:
    with pytest.raises(DataError, match="no record to measure"):
        evaluate_parts(parts, encoder, intent, [line.model_copy(update={"label": None}) for line in lines(2)])
    elsewhere = replace(parts, card={**parts.card, "fingerprint": "0" * 16})
    with pytest.raises(DataError) as caught:
        evaluate_parts(elsewhere, encoder, intent, lines(2))
    assert caught.value.code == "other_base"
