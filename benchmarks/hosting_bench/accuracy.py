"""BANKING77 trained and served on each runtime, by the same `fit` as a run's."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from podion.catalogue.catalogue import load_plugins
from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.errors import BadSettings
from podion.finetuning.fit import FitRequest, fit
from podion.hosting.bases import find_base
from podion.hosting.encoder import Encoder
from podion.settings import Runtime
from podion.vertical import Method, Task

from .mixing import Setting
from .report import Figure

_TASK = "customer_service/intent"


def accuracy_drop(setting: Setting, data: Path | None, *, rows_a_label: int | None) -> Figure:
    """Return fp32's test accuracy less int8's: a head of its own on each (`rows_a_label` None: on all rows)."""
    if data is None:
        raise BadSettings("PODION_DATA is not set: name the folder with the public data sets")
    _, task = load_plugins().task(_TASK)
    folder = data / "customer_service"
    train = _few(_records(folder / "banking77_train.csv.gz", task), task, rows_a_label)
    test = _few(_records(folder / "banking77_test.csv", task), task, rows_a_label)
    reached = {runtime: _accuracy(setting, runtime, task, train, test) for runtime in ("fp32", "int8")}
    drop = reached["fp32"] - reached["int8"]
    behind = {"accuracy": reached, "train_rows": len(train), "test_rows": len(test)}
    # a part of the rows tells too little to be held against the bound
    return Figure("int8_accuracy_drop", drop, most=0.005 if rows_a_label is None else None, behind=behind)


def _accuracy(setting: Setting, runtime: Runtime, task: Task, train: list[BaseModel], test: list[BaseModel]) -> float:
    base = find_base(setting.base, setting.bases).computed_by(runtime)
    encoder = Encoder.load(base, device="cpu", threads=1)
    request = FitRequest(task=task, task_name=_TASK, method=Method.HEAD, train=train, test=test, base=base)
    return float(fit(request, encoder).metrics["test"]["accuracy"])


def _records(file: Path, task: Task) -> list[BaseModel]:
    with file.open("rb") as source:
        rows = [row for row in read_rows(source, limits=LOCAL) if isinstance(row, Row)]
    read = [validate_values(task, row.values, row.line) for row in rows]
    return [record for record in read if isinstance(record, BaseModel)]


def _few(records: list[BaseModel], task: Task, most: int | None) -> list[BaseModel]:
    """The first `most` records of each label."""
    if most is None:
        return records
    seen: dict[Any, int] = {}
    kept = []
    for record in records:
        label = getattr(record, task.label)
        seen[label] = seen.get(label, 0) + 1
        if seen[label] <= most:
            kept.append(record)
    return kept
