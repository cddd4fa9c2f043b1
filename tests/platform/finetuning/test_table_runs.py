"""Runs of a head that reads columns: with options it learned, numbers of its own, and often without any text."""

import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import torch
from pydantic import BaseModel

from podion.answers import LabelAnswer
from podion.errors import PluginError
from podion.finetuning.evaluate import evaluate_parts
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.finetuning.progress import Progress
from podion.hosting.adapter_files import read_adapter, write_adapter
from podion.hosting.encoder import Encoder
from podion.hosting.engine import Engine
from podion.hosting.protocol import Answered, Call
from podion.lifecycle.predictor import shown_record
from podion.nn import Head, LabelSpace, Scores, States, Training
from podion.vertical import Method, Split, Task

PLACES = {"harbour": 0.9, "city": 0.4, "village": 0.1}


class Parcel(BaseModel, extra="allow"):
    text: str = ""
    label: str | None = None
    at: float | None = None


class PlaceHead(Head[Any, LabelAnswer]):
    """Reads a category and a number of an open record: what categories there are, it learns and keeps as an option."""

    training_numbers = Training(epochs=30, patience=10, batch_rows=64, rate=0.05, pooled_dropout=0.0)
    seen: ClassVar[list[dict[str, Any]]] = []
    calls = 0

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, cut: Sequence[str] = ()) -> None:
        super().__init__(hidden_size, label_space)
        self._build(cut)

    def _build(self, places: Sequence[str]) -> None:
        self.places = list(places)
        self.linear = torch.nn.Linear(self.hidden_size + len(places) + 1, len(self.label_space))

    def fit_features(self, records: Sequence[Any]) -> None:
        type(self).seen += [record.model_dump() for record in records]
        self._build(sorted({record.place for record in records}))

    def options(self) -> dict[str, Any]:
        return {"cut": tuple(self.places)}

    def features(self, records: Sequence[Any]) -> dict[str, torch.Tensor]:
        type(self).calls += 1
        type(self).seen += [record.model_dump() for record in records]
        one_hot = [[float(record.place == place) for place in self.places] for record in records]
        weights = [[float(record.weight or 0.0)] for record in records]
        return {"row": torch.cat([torch.tensor(one_hot), torch.tensor(weights)], dim=1)}

    def forward(self, states: States) -> torch.Tensor:
        found: torch.Tensor = self.linear(torch.cat([states.pooled, states.features["row"]], dim=1))
        return found

    def loss(self, logits: torch.Tensor, records: Sequence[Any]) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits, torch.tensor(self.label_space.targets(records)))

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        best, places = scores.probabilities.max(dim=1)
        return [
            LabelAnswer(label=self.label_space.labels[place], confidence=min(1.0, share))
            for share, place in zip(best.tolist(), places.tolist(), strict=True)
        ]


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Task:
    module = ModuleType("place_heads")
    module.PlaceHead = PlaceHead  # type: ignore[attr-defined]
    module.Parcel = Parcel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "place_heads", module)
    monkeypatch.setattr(Parcel, "__module__", "place_heads")
    monkeypatch.setattr(PlaceHead, "seen", [])
    monkeypatch.setattr(PlaceHead, "calls", 0)
    return Task(
        name="late", record=Parcel, head="place_heads:PlaceHead", text=None, labels=("0", "1"), metric="accuracy",
        methods=(Method.HEAD, Method.LORA), sensitive=("sender",), split=Split(time="at"),
    )  # fmt: skip


def parcels(count: int, seed: int = 0, text: Callable[[str], str] = lambda label: "") -> list[Parcel]:
    generator = random.Random(seed)
    made = []
    for number in range(count):
        place = generator.choice(list(PLACES))
        label = str(int(generator.random() < PLACES[place]))
        values = {"text": text(label), "label": label, "place": place, "weight": generator.random(), "sender": label}
        made.append(Parcel.model_validate({**values, "at": float(number)}))
    return made


def run(encoder: Encoder, task: Task, train: Sequence[Any], method: Method = Method.HEAD, **more: Any) -> FitResult:
    progress, checkpoints = more.pop("progress", lambda progress: None), more.pop("checkpoints", None)
    asked = FitRequest(task=task, task_name="v/late", method=method, train=train, base=encoder.base, **more)
    return fit(asked, encoder, progress=progress, checkpoints=checkpoints)


def test_what_a_head_learned_of_its_features_is_kept_and_it_is_built_with_it(
    encoder: Encoder, task: Task, tmp_path: Path
) -> None:
    test = parcels(100, seed=1)
    result = run(encoder, task, parcels(300), test=test)
    assert result.metrics["test"]["accuracy"] > 0.75
    assert result.rows == {"train": 270, "validation": 30, "test": 100}
    assert result.parts.head.options == {"cut": ["city", "harbour", "village"]}
    digest = write_adapter(tmp_path / "adapter", result.parts)
    read = read_adapter(tmp_path / "adapter", digest)
    assert (read.head, read.head.cut) == (result.parts.head, None)
    assert evaluate_parts(read, encoder, task, test) == result.metrics["test"]
    assert encoder.work.batches == 0  # nothing is said, so the base is not run
    assert PlaceHead.calls <= 4  # once for all of the run's records, and once a measurement


def test_a_head_sees_neither_label_nor_what_is_sensitive(encoder: Encoder, task: Task) -> None:
    run(encoder, task, parcels(120), test=parcels(30, seed=1))
    assert len(PlaceHead.seen) > 200
    assert not any("sender" in seen for seen in PlaceHead.seen)
    fitted, shown = PlaceHead.seen[:108], PlaceHead.seen[108:]
    assert {seen["label"] for seen in fitted} == {"0", "1"}
    assert {seen["label"] for seen in shown} == {None}


@pytest.mark.parametrize("reads", [None, "text"])
def test_the_engine_answers_as_it_was_measured(encoder: Encoder, task: Task, tmp_path: Path, reads: str | None) -> None:
    task = replace(task, text=reads)
    words = {"0": "sun", "1": "rain"}
    train = parcels(200, text=lambda label: words[label])
    test = [record if place % 2 else record.model_copy(update={"text": " "}) for place, record in enumerate(train[:40])]
    result = run(encoder, task, train, test=test)
    digest = write_adapter(tmp_path / "adapter", result.parts)
    engine = Engine(encoder.base.path.parent, device="cpu")
    calls = [
        Call(owner="a", base="tiny", folder=str(tmp_path / "adapter"), digest=digest, records=records)
        for records in (
            tuple(shown_record(task, record) for record in test),
            tuple(shown_record(task, record) for record in test[::2]),
        )
    ]
    whole, half = engine.answer(calls)
    assert isinstance(whole, Answered) and isinstance(half, Answered)
    right = sum(answer["label"] == record.label for answer, record in zip(whole.answers, test, strict=True))
    assert right / len(test) == result.metrics["test"]["accuracy"]
    assert half.answers == whole.answers[::2]
    assert engine.status()["lower_rows"] == (0 if reads is None else 2)  # two texts, each computed once
    if reads is not None:
        said = [record.label == answer["label"] for record, answer in zip(test[1::2], whole.answers[1::2], strict=True)]
        assert all(said)


def test_the_latest_rows_validate_and_without_times_some_of_each_label_do(
    encoder: Encoder, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def fit_features(head: PlaceHead, records: Sequence[Any]) -> None:
        seen.append(sum(record.weight > 1 for record in records))
        head._build(sorted(PLACES))

    monkeypatch.setattr(PlaceHead, "fit_features", fit_features)
    train = parcels(200)
    for record in train[180:]:
        record.weight += 1.0
    assert run(encoder, task, train).rows["validation"] == 20
    timeless = [record.model_copy(update={"at": None}) for record in train]
    assert run(encoder, task, timeless).rows["validation"] == 20
    assert seen[0] == 0
    assert seen[1] > 10


def test_options_that_json_cannot_hold_are_the_plugins_fault(
    encoder: Encoder, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlaceHead, "options", lambda head: {"cut": {"a", "b"}})
    with pytest.raises(PluginError, match="PlaceHead: options"):
        run(encoder, task, parcels(60))


def test_features_are_one_row_a_record(encoder: Encoder, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlaceHead, "features", lambda head, records: {"row": torch.zeros(3, 4)})
    with pytest.raises(PluginError, match="3 rows of 60 records"):
        run(encoder, task, parcels(60))


def test_the_heads_own_numbers_train_it(encoder: Encoder, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Progress] = []
    run(encoder, task, parcels(200), progress=seen.append)
    assert {progress.epochs for progress in seen if progress.epochs} == {30}
    values = [progress.value for progress in seen if progress.value is not None]
    best = next(place for place, value in enumerate(values) if value == max(values))
    assert len(values) in (30, best + 1 + 10)


@pytest.mark.parametrize("method", [Method.HEAD, Method.LORA])
def test_same_seed_same_bits_also_after_a_stop(encoder: Encoder, task: Task, tmp_path: Path, method: Method) -> None:
    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.value is not None and progress.epoch == 2:
            raise Stopped

    task = replace(task, text="text")
    train = parcels(80, text=lambda label: "rain" if label == "1" else "")
    whole = write_adapter(tmp_path / "whole", run(encoder, task, train, method).parts)
    with pytest.raises(Stopped):
        run(encoder, task, train, method, progress=stop, checkpoints=tmp_path / "run")
    again = write_adapter(tmp_path / "again", run(encoder, task, train, method, checkpoints=tmp_path / "run").parts)
    assert again == whole
    assert json.loads((tmp_path / "again" / "head.json").read_text())["options"] == {
        "cut": ["city", "harbour", "village"]
    }
