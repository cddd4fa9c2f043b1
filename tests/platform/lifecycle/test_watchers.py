"""Hooks that watch are called after the reply, and what they raise hurts nobody."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from podion.hookspecs import Reviewed, Served
from podion.lifecycle import watchers
from podion.lifecycle.watchers import Watchers


class Watching:
    """A catalogue whose hooks note what they see, and break on the prediction named `bad`."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def watches_predictions(self, vertical: str) -> bool:
        return vertical == "v"

    def watch_prediction(self, served: Served) -> None:
        self.go_on.wait(10)
        if served.prediction_id == "bad":
            raise RuntimeError("a plugin broke")
        self.seen.append(served.prediction_id)

    def watch_feedback(self, reviewed: Reviewed) -> None:
        self.seen.append(f"feedback {reviewed.prediction_id}")


def served(prediction: str) -> Served:
    return Served(tenant="ada", vertical="v", task="t", prediction_id=prediction, answer={}, at=datetime.now(UTC))


def reviewed(prediction: str) -> Reviewed:
    return Reviewed(
        tenant="ada", vertical="v", task="t", prediction_id=prediction, label="x", value=None, comment=None,
        at=datetime.now(UTC),
    )  # fmt: skip


def test_events_arrive_in_order_and_a_broken_hook_stops_none(caplog: pytest.LogCaptureFixture) -> None:
    catalogue: Any = Watching()
    watching = Watchers(catalogue)
    for prediction in ("one", "bad", "two"):
        watching.served(served(prediction))
    watching.served(replace(served("of a plugin that does not watch"), vertical="other"))
    watching.reviewed(reviewed("two"))
    watching.close()
    assert catalogue.seen == ["one", "two", "feedback two"]
    assert "a plugin broke" in caplog.text


def test_a_slow_hook_costs_events_and_never_a_reply(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watchers, "_CAPACITY", 2)
    catalogue: Any = Watching()
    catalogue.go_on.clear()
    watching = Watchers(catalogue)
    for number in range(10):
        watching.served(served(str(number)))
    assert "queue of 2 is full" in caplog.text
    catalogue.go_on.set()
    watching.close()
    assert 2 <= len(catalogue.seen) <= 3
    assert catalogue.seen[0] == "0"
