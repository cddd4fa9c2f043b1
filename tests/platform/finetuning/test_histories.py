"""Runs of a task whose records tell of the past once its history has filled them in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from podion.errors import DataError, PluginError
from podion.finetuning.evaluate import evaluate_parts
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.finetuning.histories import followed
from podion.head_kinds import LabelHead
from podion.hosting.adapter_files import HISTORY, read_adapter, write_adapter
from podion.hosting.encoder import Encoder
from podion.vertical import Method, Task


class Visit(BaseModel, extra="allow"):
    text: str
    who: str
    at: float
    label: str | None = None
    before: int | None = None


class Visits:
    """Counts how often somebody was there before; nothing that is sensitive may reach it."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        self.known = [] if state is None else list(zip(state["who"].tolist(), state["at"].tolist(), strict=True))

    def follow(self, records: Sequence[Visit]) -> list[Visit]:
        assert not any("secret" in (record.model_extra or {}) for record in records)
        self.known += [(ord(record.who), record.at) for record in records]
        return [
            record
            if record.before is not None
            else record.model_copy(
                update={"before": sum(who == ord(record.who) and at < record.at for who, at in self.known)}
            )
            for record in records
        ]

    def state(self) -> dict[str, Any]:
        return {"who": np.array([who for who, _ in self.known]), "at": np.array([at for _, at in self.known])}


@pytest.fixture
def task() -> Task:
    return Task(name="visits", record=Visit, head=LabelHead(), metric="accuracy", history=Visits, sensitive=("secret",))


def visits(first: int, count: int, who: str = "ab") -> list[Visit]:
    places = range(first, first + count)
    return [
        Visit.model_validate(
            {"text": f"the {'rain' if place % 3 else 'card'}", "who": who[place % len(who)], "at": float(place),
             "label": "1" if place % 3 else "0", "secret": place}
        )
        for place in places
    ]  # fmt: skip


def run(encoder: Encoder, task: Task, **records: Sequence[Visit]) -> FitResult:
    asked = FitRequest(task=task, task_name="v/visits", method=Method.HEAD, base=encoder.base, **records)  # type: ignore[arg-type]
    return fit(asked, encoder)


def test_training_and_validation_are_followed_and_the_test_goes_on(
    encoder: Encoder, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int | None]] = []
    follow = Visits.follow

    def watched(history: Visits, records: Sequence[Visit]) -> list[Visit]:
        filled = follow(history, records)
        seen.append([record.before for record in filled])
        return filled

    monkeypatch.setattr(Visits, "follow", watched)
    train, validation, test = visits(0, 40), visits(40, 10), visits(50, 6)
    result = run(encoder, task, train=train[::-1], validation=validation, test=test)
    assert seen[0] == [place // 2 for place in range(39, -1, -1)] + [place // 2 for place in range(40, 50)]
    assert seen[1] == [25, 25, 26, 26, 27, 27]
    digest = write_adapter(tmp_path / "adapter", result.parts)
    assert (tmp_path / "adapter" / HISTORY).exists()
    read = read_adapter(tmp_path / "adapter", digest)
    assert read.history is not None
    assert len(read.history["at"]) == 50
    assert evaluate_parts(read, encoder, task, test) == result.metrics["test"]
    assert seen[-1] == seen[1]
    assert read_adapter(tmp_path / "adapter", digest, for_serving=True).history is None
    (tmp_path / "adapter" / HISTORY).write_bytes(b"changed")
    with pytest.raises(DataError, match="not what was written"):
        read_adapter(tmp_path / "adapter", digest)


def test_what_is_sensitive_is_there_again_for_the_report(task: Task) -> None:
    filled, state = followed(task, visits(0, 4))
    assert [record.model_dump()["secret"] for record in filled] == [0, 1, 2, 3]
    assert [record.before for record in filled if isinstance(record, Visit)] == [0, 0, 1, 1]
    again, _ = followed(task, filled, state)
    assert again == filled


def test_without_a_history_nothing_is_followed(task: Task) -> None:
    given = visits(0, 2)
    assert followed(replace(task, history=None), given) == (given, None)


@pytest.mark.parametrize(
    ("name", "does", "said"),
    [
        ("follow", lambda history, records: records[1:], "returned 1 of 2 records"),
        ("follow", lambda history, records: [0, 1], "something else than Visit"),
        ("follow", lambda history, records: [record.nothing for record in records], "Visits failed: AttributeError"),
        ("state", lambda history: {"names": np.array(["a"])}, "names is <U1"),
        ("state", lambda history: {"names": np.array([{}])}, "names is object"),
        ("state", lambda history: {"all": np.broadcast_to(np.zeros(1), 2**26)}, "forget what is too old"),
    ],
)
def test_a_history_that_does_wrong_is_named(
    task: Task, monkeypatch: pytest.MonkeyPatch, name: str, does: Callable[..., Any], said: str
) -> None:
    monkeypatch.setattr(Visits, name, does)
    with pytest.raises(PluginError, match=said):
        followed(task, visits(0, 2))
