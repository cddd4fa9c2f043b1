import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from podion.answers import LabelAnswer
from podion.errors import DataError, NotBuilt, PluginError
from podion.finetuning.evaluate import evaluate_parts
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.finetuning.progress import Cancelled, Progress
from podion.head_kinds import LabelHead, SpanHead
from podion.hosting.adapter_files import read_adapter, write_adapter
from podion.hosting.encoder import Encoder
from podion.nn import Head, Scores, States
from podion.vertical import Method, Metric, Split, Task

Lines = Callable[..., list[Any]]


class Stopped(Exception):
    """The run was killed."""


def request(encoder: Encoder, task: Task, method: str, train: Sequence[Any], **more: Any) -> FitRequest:
    return FitRequest(
        task=task, task_name=f"v/{task.name}", method=Method(method), train=train, base=encoder.base, **more
    )


def digest(result: FitResult, folder: Path) -> str:
    return write_adapter(folder, result.parts)


class KeywordHead(Head[Any, LabelAnswer]):
    """A head of a plugin's own: it reads a feature of the record beside the states."""

    def __init__(self, hidden_size: int, label_space: Any) -> None:
        super().__init__(hidden_size, label_space)
        self.layer = torch.nn.Linear(hidden_size + 1, len(label_space))
        self.register_buffer("scale", torch.ones(1))

    def fit_features(self, records: Sequence[Any]) -> None:
        lengths = torch.tensor([float(len(record.text)) for record in records])
        self.scale.fill_(float(lengths.mean()))

    def features(self, records: Sequence[Any]) -> dict[str, torch.Tensor]:
        return {"length": torch.tensor([[float(len(record.text))] for record in records]) / self.scale}

    def forward(self, states: States) -> torch.Tensor:
        found: torch.Tensor = self.layer(torch.cat([states.pooled, states.features["length"]], dim=1))
        return found

    def loss(self, logits: torch.Tensor, records: Sequence[Any]) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits, torch.tensor(self.label_space.targets(records)))

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        best, places = scores.probabilities.max(dim=1)
        return [
            LabelAnswer(label=self.label_space.labels[place], confidence=share)
            for share, place in zip(best.tolist(), places.tolist(), strict=True)
        ]


class LowerHead(KeywordHead):
    """A head of a plugin's own that reads a lower layer, too."""

    def forward(self, states: States) -> torch.Tensor:
        assert states.lower is not None
        return super().forward(replace(states, pooled=states.pooled + states.lower))


@pytest.fixture
def own_task(intent: Task, monkeypatch: pytest.MonkeyPatch) -> Task:
    module = ModuleType("own_heads")
    module.KeywordHead, module.LowerHead = KeywordHead, LowerHead  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_heads", module)
    return replace(intent, head="own_heads:KeywordHead")


@pytest.mark.parametrize("method", ["few-shot", "head", "lora", "auto"])
def test_it_learns_and_tells_what_it_learned(encoder: Encoder, intent: Task, lines: Lines, method: str) -> None:
    result = fit(request(encoder, intent, method, lines(20, outside=8), test=lines(10, seed=9, outside=6)), encoder)
    floor = 0.5 if method == "few-shot" else 0.85  # a random base knows no words: prototypes alone get this far
    assert result.metrics["test"]["accuracy"] > floor
    assert result.metrics["test"]["oos_auroc"] > 0.5
    assert result.metrics["validation"]["accuracy"] > floor - 0.15
    assert result.rows["test"] == 36
    assert result.method is not Method.AUTO
    assert result.parts.calibration.threshold is not None
    assert result.parts.card["metrics"] == result.metrics
    assert (result.parts.lora is not None) == (result.method is Method.LORA)


def test_zero_shot_needs_only_names_and_trains_nothing(encoder: Encoder, intent: Task, lines: Lines) -> None:
    result = fit(request(encoder, intent, "zero-shot", lines(1), test=lines(5, seed=2)), encoder)
    assert (result.trainable_parameters, result.rows["train"]) == (0, 0)
    assert result.metrics["validation"] == {}
    assert result.parts.calibration.threshold is None
    assert result.parts.head.labels == ("card_lost", "refund", "weather")
    again = fit(request(encoder, intent, "zero-shot", lines(2, seed=5)), encoder)
    assert all((again.parts.head_tensors[name] == tensor).all() for name, tensor in result.parts.head_tensors.items())


def test_few_shot_takes_so_many_of_each_label_by_the_seed(encoder: Encoder, intent: Task, lines: Lines) -> None:
    results = [fit(request(encoder, intent, "few-shot", lines(9), shots=2, seed=seed), encoder) for seed in (0, 0, 1)]
    assert [result.rows["train"] for result in results] == [6, 6, 6]
    weights = [result.parts.head_tensors["linear.weight"] for result in results]
    assert (weights[0] == weights[1]).all()
    assert not (weights[0] == weights[2]).all()


def test_validation_records_choose_and_calibrate_and_do_not_teach(encoder: Encoder, intent: Task, lines: Lines) -> None:
    train, validation = lines(15), lines(8, seed=3, outside=5)
    result = fit(request(encoder, intent, "head", train, validation=validation), encoder)
    assert result.rows == {"train": 45, "validation": 29, "test": 0}
    assert result.metrics["validation"]["oos_rows"] == 5
    assert result.metrics["validation"]["abstained"] <= 0.05


@pytest.mark.parametrize("method", ["head", "lora"])
def test_spans_are_learned(encoder: Encoder, slots: Task, marked: Lines, method: str) -> None:
    result = fit(request(encoder, slots, method, marked(80), test=marked(20, seed=4)), encoder)
    assert result.metrics["test"]["entity_f1"] > (0.6 if method == "head" else 0.8)
    assert result.metrics["validation"]["entity_f1"] > 0.2


@pytest.mark.parametrize("method", ["head", "lora"])
def test_nested_spans_are_learned_with_their_words(encoder: Encoder, slots: Task, marked: Lines, method: str) -> None:
    task = replace(slots, head=SpanHead(nested=True, words=True))
    result = fit(request(encoder, task, method, marked(80), test=marked(20, seed=4)), encoder)
    assert result.metrics["test"]["entity_f1"] > 0.95
    assert result.parts.head.options["text"] == "text"
    assert result.parts.head.options["known"] == len(result.parts.head_tensors["words.keys"]) > 10


@pytest.mark.parametrize("method", ["head", "lora"])
def test_a_head_of_a_plugins_own_is_trained_and_saved(
    encoder: Encoder, own_task: Task, lines: Lines, method: str
) -> None:
    result = fit(request(encoder, own_task, method, lines(20), test=lines(8, seed=9)), encoder)
    assert result.metrics["test"]["accuracy"] > 0.6
    assert result.parts.head_tensors["scale"][0] > 10


@pytest.mark.parametrize("head", [LabelHead(), LabelHead(words=True), "own_heads:LowerHead"])
def test_a_deep_adapter_changes_every_layer_and_answers_as_it_learned(
    encoder: Encoder, own_task: Task, lines: Lines, tmp_path: Path, head: Any
) -> None:
    """What a head reads beside the last layer is in training what it is in service, wherever the adapter begins."""
    task = replace(own_task, head=head, deep=True, out_of_scope=None)
    held_out = lines(12, seed=7)
    result = fit(request(encoder, task, "lora", lines(20), validation=held_out), encoder)
    assert result.parts.lora is not None
    assert any("layer.0." in name for name in result.parts.lora.tensors)
    assert result.parts.head.cut == (None if isinstance(head, str) else 0)
    served = evaluate_parts(
        read_adapter(tmp_path / "adapter", digest(result, tmp_path / "adapter")), encoder, task, held_out
    )
    learned = result.metrics["validation"]
    assert served["accuracy"] == learned["accuracy"] > 0.4
    assert served["ece"] == pytest.approx(learned["ece"], abs=1e-4)
    shallow = fit(request(encoder, replace(task, deep=False), "lora", lines(6)), encoder)
    assert shallow.parts.lora is not None
    assert not any("layer.0." in name for name in shallow.parts.lora.tensors)


def test_a_head_of_a_plugins_own_knows_nothing_untrained(encoder: Encoder, own_task: Task, lines: Lines) -> None:
    with pytest.raises(DataError):
        fit(request(encoder, own_task, "zero-shot", lines(3)), encoder)


@pytest.mark.parametrize("method", ["head", "lora"])
def test_same_seed_same_bits(encoder: Encoder, intent: Task, lines: Lines, tmp_path: Path, method: str) -> None:
    records = lines(12, outside=4)
    first, second = (
        digest(fit(request(encoder, intent, method, records, test=lines(3)), encoder), tmp_path / str(number))
        for number in range(2)
    )
    assert first == second
    other = fit(request(encoder, intent, method, records, test=lines(3), seed=1), encoder)
    assert digest(other, tmp_path / "other") != first


def test_a_reloaded_adapter_measures_the_same(encoder: Encoder, intent: Task, lines: Lines, tmp_path: Path) -> None:
    test = lines(10, seed=8, outside=3)
    result = fit(request(encoder, intent, "lora", lines(12), test=test), encoder)
    name = digest(result, tmp_path / "adapter")
    assert evaluate_parts(read_adapter(tmp_path / "adapter", name), encoder, intent, test) == result.metrics["test"]


@pytest.mark.parametrize("task", ["intent", "slots"])
@pytest.mark.parametrize("stopped_after", [1, 3])
def test_a_killed_run_goes_on_to_the_same_bits(
    encoder: Encoder, request_for: Callable[[str], FitRequest], tmp_path: Path, task: str, stopped_after: int
) -> None:
    asked = request_for(task)
    whole = digest(fit(asked, encoder), tmp_path / "whole")

    def stop(progress: Progress) -> None:
        if progress.value is not None and progress.epoch == stopped_after:
            raise Stopped

    with pytest.raises(Stopped):
        fit(asked, encoder, progress=stop, checkpoints=tmp_path / "run")
    epochs: list[int] = []
    resumed = fit(
        asked,
        encoder,
        checkpoints=tmp_path / "run",
        progress=lambda progress: epochs.append(progress.epoch) if progress.value is not None else None,
    )
    assert min(epochs) == stopped_after + 1
    assert digest(resumed, tmp_path / "resumed") == whole


def test_a_run_killed_in_its_second_training_goes_on_there_to_the_same_bits(
    encoder: Encoder, intent: Task, lines: Lines, tmp_path: Path
) -> None:
    task = replace(intent, head=LabelHead(words=True), deep=True, out_of_scope=None)
    asked = request(encoder, task, "lora", lines(10))
    whole = digest(fit(asked, encoder), tmp_path / "whole")

    def stop(progress: Progress) -> None:
        if progress.value is not None and progress.stage == "training (2 of 3)":
            raise Stopped

    with pytest.raises(Stopped):
        fit(asked, encoder, progress=stop, checkpoints=tmp_path / "run")
    seen: list[Progress] = []
    resumed = fit(asked, encoder, progress=seen.append, checkpoints=tmp_path / "run")
    trained = [(progress.stage, progress.epoch) for progress in seen if progress.value is not None]
    assert trained[0] == ("training (2 of 3)", 2)
    assert [progress.fraction for progress in seen] == sorted(progress.fraction for progress in seen)
    assert "training (3 of 3)" in {progress.stage for progress in seen}
    assert digest(resumed, tmp_path / "resumed") == whole


@pytest.fixture
def request_for(
    encoder: Encoder, intent: Task, slots: Task, lines: Lines, marked: Lines
) -> Callable[[str], FitRequest]:
    def make(task: str) -> FitRequest:
        if task == "slots":
            return request(encoder, slots, "lora", marked(24))
        return request(encoder, intent, "lora", lines(12, outside=6))

    return make


def test_checkpoints_of_other_records_are_not_taken(
    encoder: Encoder, intent: Task, lines: Lines, tmp_path: Path
) -> None:
    fit(request(encoder, intent, "lora", lines(8)), encoder, checkpoints=tmp_path / "run")
    asked = request(encoder, intent, "lora", lines(8, seed=1))
    result = fit(asked, encoder, checkpoints=tmp_path / "run")
    assert digest(result, tmp_path / "a") == digest(fit(asked, encoder), tmp_path / "b")


def test_progress_only_grows_and_ends(encoder: Encoder, intent: Task, lines: Lines) -> None:
    seen: list[Progress] = []
    fit(request(encoder, intent, "lora", lines(8), test=lines(2)), encoder, progress=seen.append)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert {"reading", "training", "calibrating", "testing", "done"} <= {progress.stage for progress in seen}
    assert next(progress.metric for progress in seen if progress.value is not None) == "accuracy"


@pytest.mark.parametrize("after", [0, 3, 40])
def test_it_stops_soon_when_asked(encoder: Encoder, intent: Task, lines: Lines, after: int) -> None:
    looks = iter(range(10_000))
    before = encoder.states(encoder.tokenise(["hello"])).pooled
    with pytest.raises(Cancelled):
        fit(request(encoder, intent, "lora", lines(20)), encoder, cancelled=lambda: next(looks) >= after)
    assert next(looks) == after + 1
    assert torch.equal(encoder.states(encoder.tokenise(["hello"])).pooled, before)


def test_a_label_seen_once_and_two_rows_are_enough(encoder: Encoder, intent: Task, lines: Lines) -> None:
    once = [record for record in lines(1) if record.label != "weather"]
    for method in ("zero-shot", "few-shot", "head", "lora", "auto"):
        result = fit(request(encoder, intent, method, once), encoder)
        assert len(result.parts.head.labels) == 2
        assert result.metrics["validation"] == {}


def test_by_time_the_head_is_validated_on_the_latest(encoder: Encoder, intent: Task, lines: Lines) -> None:
    task = replace(intent, split=Split(time="at"))
    records = [line.model_copy(update={"at": f"2026-01-{day % 28 + 1:02}"}) for day, line in enumerate(lines(20))]
    result = fit(request(encoder, task, "head", records), encoder)
    assert result.rows["validation"] > 0


def test_what_cannot_be_made_is_refused(
    encoder: Encoder, intent: Task, slots: Task, lines: Lines, marked: Lines
) -> None:
    with pytest.raises(NotBuilt):
        fit(request(encoder, intent, "prefix", lines(3)), encoder)
    with pytest.raises(DataError, match="no training record"):
        fit(request(encoder, intent, "head", []), encoder)
    with pytest.raises(DataError, match="marks anything"):
        fit(request(encoder, slots, "head", [line.model_copy(update={"spans": []}) for line in marked(3)]), encoder)
    strange = replace(intent, metric=Metric("beauty"))
    with pytest.raises(PluginError, match="accuracy"):
        fit(request(encoder, strange, "lora", lines(5)), encoder)
