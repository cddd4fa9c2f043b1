"""Models that a run tells of beside the head: the same rows, the same measures, never the run's ruin."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.hosting.adapter_files import read_adapter, write_adapter
from podion.hosting.encoder import Encoder
from podion.vertical import LabelSpace, Method, Task

Lines = Callable[..., list[Any]]


class Counting:
    """Counts words a label: enough to tell the tests' topics apart."""

    name = "counting"
    seen: ClassVar[list[Any]] = []

    def __init__(self, space: LabelSpace, seed: int) -> None:
        self.space, self.seed = space, seed
        self.words: dict[str, set[str]] = {label: set() for label in space.labels}

    def fit(self, train: Sequence[Any], validation: Sequence[Any]) -> None:
        type(self).seen.append((list(train), list(validation)))
        for record in train:
            self.words[record.label] |= set(record.text.split())

    def probabilities(self, records: Sequence[Any]) -> np.ndarray:
        assert all(record.label is None for record in records)
        counts = [[len(words & set(record.text.split())) for words in self.words.values()] for record in records]
        powers = np.exp(np.array(counts, dtype=np.float64))
        return powers / powers.sum(axis=1, keepdims=True)

    def text(self) -> str:
        return "\n".join(f"{label}: {' '.join(sorted(words))}" for label, words in self.words.items())


class Broken(Counting):
    name = "broken"

    def fit(self, train: Sequence[Any], validation: Sequence[Any]) -> None:
        raise ValueError("no trees here")


class Odd(Counting):
    name = "odd"

    def probabilities(self, records: Sequence[Any]) -> np.ndarray:
        return np.ones((len(records), 3))


class Twin(Counting):
    pass


@pytest.fixture
def contested(intent: Task, monkeypatch: pytest.MonkeyPatch) -> Task:
    module = ModuleType("rivals")
    for kind in (Counting, Broken, Odd, Twin):
        setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "rivals", module)
    monkeypatch.setattr(Counting, "seen", [])
    return replace(intent, challengers=("rivals:Counting",), sensitive=("conversation",))


def run(encoder: Encoder, task: Task, train: Sequence[Any], **more: Any) -> FitResult:
    return fit(
        FitRequest(task=task, task_name="v/intent", method=Method.HEAD, train=train, base=encoder.base, **more), encoder
    )


def test_a_challenger_learns_and_is_judged_on_the_heads_own_rows(
    encoder: Encoder, contested: Task, lines: Lines, tmp_path: Path
) -> None:
    named = [line.model_copy(update={"conversation": "who"}) for line in lines(20, outside=4)]
    validation, test = lines(6, seed=3), lines(5, seed=4, outside=2)
    result = run(encoder, contested, named, validation=validation, test=test)
    ((train, held_out),) = Counting.seen
    assert (len(train), held_out) == (60, validation)
    assert {line.conversation for line in train} == {None}
    rows = {part: result.metrics[part]["challengers"]["counting"]["rows"] for part in ("validation", "test")}
    assert rows == {"validation": 18, "test": 15}
    measured = result.metrics["test"]["challengers"]["counting"]
    assert measured["accuracy"] > 0.9
    assert {"accuracy", "macro_f1", "ece"} <= measured.keys() <= result.metrics["test"].keys()
    digest = write_adapter(tmp_path / "adapter", result.parts)
    assert "lost" in (tmp_path / "adapter" / "challenger-counting.txt").read_text().splitlines()[0]
    read = read_adapter(tmp_path / "adapter", digest)
    assert read.challengers == result.parts.challengers
    assert read_adapter(tmp_path / "adapter", digest, for_serving=True).challengers == {}


def test_without_validation_records_it_learns_from_what_a_run_keeps_for_learning(
    encoder: Encoder, contested: Task, lines: Lines
) -> None:
    run(encoder, contested, lines(20))
    ((train, held_out),) = Counting.seen
    assert (len(train), len(held_out)) == (54, 6)


def test_before_the_test_it_learns_from_all_records_as_the_head_did(
    encoder: Encoder, contested: Task, lines: Lines
) -> None:
    result = run(encoder, contested, lines(20), test=lines(2, seed=1))
    assert result.rows["train"] == 60
    (first, stopping), (second, nothing) = Counting.seen
    assert (len(first), len(stopping), len(second), list(nothing)) == (54, 6, 60, [])


def test_what_was_kept_apart_from_the_head_teaches_no_challenger(
    encoder: Encoder, contested: Task, lines: Lines
) -> None:
    request = FitRequest(
        task=contested, task_name="v/intent", method=Method.LORA, train=lines(20), test=lines(2, seed=1),
        base=encoder.base,
    )  # fmt: skip
    result = fit(request, encoder)
    assert result.rows["train"] == 54
    assert [len(train) for train, _ in Counting.seen] == [54]


def test_what_fails_is_told_and_the_run_goes_on(encoder: Encoder, contested: Task, lines: Lines) -> None:
    rivals = tuple(f"rivals:{name}" for name in ("Broken", "Counting", "Twin", "Odd", "Nobody"))
    task = replace(contested, challengers=(*rivals, "nowhere:Nobody"))
    found = run(encoder, task, lines(8), test=lines(2, seed=1)).metrics["test"]["challengers"]
    errors = {name: told["error"] for name, told in found.items() if "error" in told}
    assert errors["broken"] == "ValueError: no trees here"
    assert "shares of 1" in errors["odd"]
    assert "name is 'counting'" in errors["twin"]
    assert "nobody" in errors
    assert found["counting"]["accuracy"] > 0.5


def test_challengers_can_be_left_out(encoder: Encoder, contested: Task, lines: Lines) -> None:
    result = run(encoder, contested, lines(8), challengers=False)
    assert Counting.seen == []
    assert "challengers" not in result.metrics["validation"]
    assert result.parts.challengers == {}
