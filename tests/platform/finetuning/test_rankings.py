"""A plugin's own head that ranks: told of its items, settled by what was kept apart, taught again by everything."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from podion.answers import RankedItem, RankingAnswer
from podion.finetuning.fit import Cancelled, FitRequest, FitResult, fit
from podion.head_kinds import OwnHead
from podion.hosting.encoder import Encoder
from podion.nn import Head, LabelSpace, Scores, States, Training
from podion.vertical import Method, Split, Task

USERS, STEPS, THINGS = 40, 6, 12


class Step(BaseModel):
    user: str
    at: int
    before: str | None = None
    thing: str | None = None


class Thing(BaseModel):
    id: str
    text: str = ""


class FollowHead(Head[Step, RankingAnswer]):
    """What follows what: a table, sharpened by a power that only records kept apart can choose."""

    link = "identity"
    training_numbers = Training(epochs=4, patience=4, batch_rows=32, rate=0.3, again=True)
    told: ClassVar[list[tuple[int, tuple[int, ...]]]] = []
    taught: ClassVar[list[int]] = []

    def __init__(self, hidden_size: int, label_space: LabelSpace, *, power: float = 0.0) -> None:
        super().__init__(hidden_size, label_space)
        self.power = power
        self.table = nn.Parameter(torch.zeros(len(label_space) + 1, len(label_space)))

    def options(self) -> dict[str, Any]:
        return {"power": self.power}

    def fit_items(self, items: Sequence[BaseModel], vectors: Tensor) -> None:
        self.told.append((len(items), tuple(vectors.shape)))
        assert torch.allclose(vectors.norm(dim=1), torch.ones(len(items)))

    def fit_features(self, records: Sequence[Step]) -> None:
        self.taught.append(len(records))

    def features(self, records: Sequence[Step]) -> dict[str, Tensor]:
        places = {label: place for place, label in enumerate(self.label_space.labels)}
        return {"before": torch.tensor([places.get(record.before or "", len(places)) for record in records])}

    def forward(self, states: States) -> Tensor:
        return self.table[states.features["before"]]

    def loss(self, logits: Tensor, records: Sequence[Step]) -> Tensor:
        return functional.cross_entropy(logits, torch.tensor(self.label_space.targets(records)), ignore_index=-100)

    def settle(self, states: States, records: Sequence[Step]) -> None:
        assert not torch.is_grad_enabled()
        assert len(records) == USERS
        self.power = 2.0

    def decode(self, scores: Scores) -> list[RankingAnswer]:
        labels = self.label_space.labels
        return [
            RankingAnswer(
                confidence=1.0,
                items=tuple(
                    RankedItem(item_id=labels[place], score=self.power * value)
                    for place, value in sorted(enumerate(row), key=lambda pair: -pair[1])
                ),
            )
            for row in scores.logits.tolist()
        ]

    def measure(self, answers: Sequence[RankingAnswer], records: Sequence[Step]) -> dict[str, float]:
        return {"power": self.power}


class Rival:
    name = "rival"
    fitted: ClassVar[list[tuple[int, int]]] = []

    def __init__(self, space: LabelSpace, seed: int) -> None:
        self.space = space

    def fit(self, train: Sequence[BaseModel], validation: Sequence[BaseModel]) -> None:
        self.fitted.append((len(train), len(validation)))

    def rankings(self, records: Sequence[Any]) -> list[RankingAnswer]:
        assert all(record.thing is None for record in records)
        items = tuple(RankedItem(item_id=label, score=0.0) for label in self.space.labels)
        return [RankingAnswer(confidence=0.0, items=items) for _ in records]

    def text(self) -> str:
        return ""


class Shares:
    """Speaks of probabilities, which nobody asks of a ranking task."""

    name = "shares"

    def __init__(self, space: LabelSpace, seed: int) -> None:
        self.space = space

    def fit(self, train: Sequence[BaseModel], validation: Sequence[BaseModel]) -> None:
        assert train

    def probabilities(self, records: Sequence[BaseModel]) -> np.ndarray:
        return np.ones((len(records), len(self.space))) / len(self.space)

    def text(self) -> str:
        return ""


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Task:
    module = ModuleType("rankers")
    for kind in (FollowHead, Rival, Shares, Step):
        setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "rankers", module)
    monkeypatch.setattr(Step, "__module__", "rankers")
    for kind, name in ((FollowHead, "told"), (FollowHead, "taught"), (Rival, "fitted")):
        monkeypatch.setattr(kind, name, [])
    return Task(
        name="next",
        record=Step,
        head=OwnHead("rankers:FollowHead", RankingAnswer),
        text=None,
        label="thing",
        metric="ndcg@10",
        split=Split(last="user", time="at"),
        methods=(Method.HEAD,),
        items=Thing,
    )


def steps(last: bool) -> list[Step]:
    """Everybody goes round the things in one order; the last step of each, or those before it."""
    found = []
    for user in range(USERS):
        for at in range(STEPS):
            thing, before = f"t{(user + at) % THINGS}", f"t{(user + at - 1) % THINGS}" if at else None
            if (at == STEPS - 1) == last:
                found.append(Step(user=f"u{user}", at=at, thing=thing, before=before))
    return found


def run(encoder: Encoder, task: Task, **changes: Any) -> FitResult:
    things = [Thing(id=f"t{number}", text=f"refund my card {number}") for number in range(THINGS + 5)]
    keywords: Mapping[str, Any] = {name: changes.pop(name) for name in ("checkpoints", "cancelled") if name in changes}
    request = FitRequest(
        task=task,
        task_name="x/next",
        method=Method.HEAD,
        train=steps(last=False),
        test=steps(last=True),
        base=encoder.base,
        items=things,
    )
    return fit(replace(request, **changes), encoder, **keywords)


def test_the_last_of_each_judges_and_then_everything_teaches(task: Task, encoder: Encoder) -> None:
    result = run(encoder, task)
    before = USERS * (STEPS - 1)
    assert FollowHead.taught[:2] == [before - USERS, before], "without those kept apart, then with them"
    assert result.rows == {"train": before, "validation": USERS, "test": USERS}
    assert result.parts.head.options == {"power": 2.0}, "what was settled on holds for the head that is kept"
    for part in ("validation", "test"):
        assert result.metrics[part]["ndcg@10"] > 0.99
        assert result.metrics[part]["power"] == 2.0, "what only the head measures stands beside"


def test_a_head_is_told_of_the_items_that_labels_name(task: Task, encoder: Encoder) -> None:
    run(encoder, task)
    assert FollowHead.told[0] == (THINGS, (THINGS, encoder.hidden_size))
    FollowHead.told.clear()
    run(encoder, task, items=())
    assert FollowHead.told == []


def test_validation_records_that_were_given_never_teach(task: Task, encoder: Encoder) -> None:
    result = run(encoder, task, validation=steps(last=True), test=())
    assert FollowHead.taught == [USERS * (STEPS - 1)]
    assert result.metrics["validation"]["ndcg@10"] > 0.99


def test_a_stopped_run_goes_on_to_the_same_bits(task: Task, encoder: Encoder, tmp_path: Path) -> None:
    looks = _Looks()
    whole = run(encoder, task, cancelled=looks)
    for stop in (0.4 * looks.count, looks.count - 3):  # while the first head learns, and while the second does
        folder = tmp_path / str(int(stop))
        with pytest.raises(Cancelled):
            run(encoder, task, checkpoints=folder, cancelled=_Looks(stop))
        assert (folder / "whole").is_dir() == (stop > 0.5 * looks.count)
        resumed = run(encoder, task, checkpoints=folder)
        for name, array in whole.parts.head_tensors.items():
            assert np.array_equal(array, resumed.parts.head_tensors[name])
        assert resumed.parts.head.options == whole.parts.head.options


class _Looks:
    """Says to stop from the given look on."""

    def __init__(self, stop: float = float("inf")) -> None:
        self.count, self.stop = 0, stop

    def __call__(self) -> bool:
        self.count += 1
        return self.count > self.stop


def test_challengers_rank_and_are_taught_again_before_the_test(task: Task, encoder: Encoder) -> None:
    result = run(encoder, replace(task, challengers=("rankers:Rival", "rankers:Shares")))
    before = USERS * (STEPS - 1)
    assert Rival.fitted[:2] == [(before - USERS, USERS), (before, 0)]
    told = result.metrics["test"]["challengers"]
    assert told["rival"]["mrr"] == pytest.approx(1 / ((THINGS - 1) / 2 + 1)), "all tie: in the middle"
    assert "rankings" in told["shares"]["error"]
    assert result.parts.challengers == {}, "a challenger that has nothing to keep keeps nothing"
