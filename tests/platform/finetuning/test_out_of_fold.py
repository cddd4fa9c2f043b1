"""A head that is trained to the end is taught every record, and judged and calibrated by others that were not."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from podion.finetuning import out_of_fold
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.finetuning.progress import Progress
from podion.head_kinds import TabularHead
from podion.hosting import tabular_heads
from podion.hosting.adapter_files import write_adapter
from podion.hosting.encoder import Encoder
from podion.hosting.tabular_heads import TabularClassifier
from podion.hosting.tabular_network import Sizes
from podion.vertical import Method, Split, Task


class Band(BaseModel, extra="allow"):
    label: str | None = None
    at: float | None = None
    size: float = 0.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = tabular_heads.training_for

    def brief(rows: int, *, smooth: bool) -> Any:
        return replace(numbers(rows, smooth=smooth), epochs=6, patience=6, rate=0.01, averaged=0.2)

    monkeypatch.setattr(tabular_heads, "training_for", brief)
    monkeypatch.setattr(tabular_heads, "sizes_for", lambda rows: Sizes(members=4, width=32, share=1.0))


@pytest.fixture
def task() -> Task:
    return Task(
        name="bands", record=Band, head=TabularHead(), text=None, labels=("0", "1"), metric="roc_auc", positive="1",
        methods=(Method.HEAD,),
    )  # fmt: skip


def bands(count: int, seed: int = 0, waves: float = 6.0) -> list[Band]:
    """Records whose label changes with a number, back and forth in `waves`; 0 waves: once."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        size, other = draw.uniform(0, 1), draw.random()
        high = math.sin(2 * math.pi * waves * size) > 0 if waves else size > 0.5
        made.append(Band(label=str(int(high != (draw.random() < 0.1))), size=size, other=other))
    return made


def run(encoder: Encoder, task: Task, train: Sequence[Band], **more: Any) -> FitResult:
    progress, checkpoints = more.pop("progress", lambda progress: None), more.pop("checkpoints", None)
    asked = FitRequest(task=task, task_name="v/bands", method=Method.HEAD, train=train, base=encoder.base, **more)
    return fit(asked, encoder, progress=progress, checkpoints=checkpoints)


def test_of_few_records_each_is_judged_by_a_head_without_it(encoder: Encoder, task: Task) -> None:
    result = run(encoder, task, bands(150, waves=0), test=bands(100, seed=1, waves=0))
    assert result.rows == {"train": 150, "validation": 0, "test": 100}
    assert result.metrics["validation"]["rows"] == 150
    assert result.metrics["validation"]["roc_auc"] > 0.75
    assert abs(result.metrics["validation"]["roc_auc"] - result.metrics["test"]["roc_auc"]) < 0.15
    assert result.parts.calibration.temperature != 1.0


def test_no_record_is_judged_by_a_head_that_saw_it(
    encoder: Encoder, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[set[float]] = []
    fitted = TabularClassifier.fit_features

    def fit_features(head: TabularClassifier, records: Sequence[Any]) -> None:
        taught.append({record.size for record in records})
        fitted(head, records)

    monkeypatch.setattr(TabularClassifier, "fit_features", fit_features)
    records = bands(100)
    run(encoder, task, records)
    parts = taught[1:-1]  # the first one is only asked how it is trained, the last is kept
    kept = [{record.size for record in records} - part for part in parts]
    assert taught[-1] == set().union(*kept)
    assert sum(map(len, kept)) == len(records)


def test_of_many_records_a_tenth_judges_and_all_teach(
    encoder: Encoder, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out_of_fold, "FEW", 100)
    result = run(encoder, task, bands(200))
    assert result.rows["train"] == 200
    assert result.metrics["validation"]["rows"] == 20


def test_records_given_to_validate_and_the_latest_ones_do_not_teach(encoder: Encoder, task: Task) -> None:
    result = run(encoder, task, bands(120), validation=bands(40, seed=2))
    assert (result.rows["train"], result.rows["validation"]) == (120, 40)
    timed = [record.model_copy(update={"at": float(place)}) for place, record in enumerate(bands(100))]
    result = run(encoder, replace(task, split=Split(time="at")), timed)
    assert (result.rows["train"], result.rows["validation"]) == (90, 10)


def test_the_form_that_answers_best_is_kept(encoder: Encoder, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    both = ({"smooth": True}, {"smooth": False})
    monkeypatch.setattr(TabularClassifier, "forms", classmethod(lambda cls, rows: both))
    result = run(encoder, task, bands(600), validation=bands(200, seed=2))
    assert result.parts.head.options["smooth"] is False
    assert result.metrics["validation"]["roc_auc"] > 0.62
    monkeypatch.setattr(TabularClassifier, "forms", classmethod(lambda cls, rows: both[:1]))
    alone = run(encoder, task, bands(600), validation=bands(200, seed=2))
    assert alone.parts.head.options["smooth"] is True
    assert alone.metrics["validation"]["roc_auc"] < result.metrics["validation"]["roc_auc"] - 0.05


def test_same_seed_same_bits_also_after_a_stop(encoder: Encoder, task: Task, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    epochs = 0

    def stop(progress: Progress) -> None:
        nonlocal epochs
        epochs += progress.value is not None
        if epochs == 15:
            raise Stopped

    whole = write_adapter(tmp_path / "whole", run(encoder, task, bands(60)).parts)
    with pytest.raises(Stopped):
        run(encoder, task, bands(60), progress=stop, checkpoints=tmp_path / "run")
    again = write_adapter(tmp_path / "again", run(encoder, task, bands(60), checkpoints=tmp_path / "run").parts)
    assert again == whole
