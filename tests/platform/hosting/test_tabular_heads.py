"""The tabular head learns from columns, and from a text where there is one; saved and built again it answers alike."""

import random
from typing import Any

import pytest
import torch
from pydantic import BaseModel, ConfigDict

from podion.head_kinds import TabularHead
from podion.hosting.head_loading import head_tensors
from podion.hosting.tabular_heads import TabularClassifier
from podion.nn import LabelSpace, Scores, States
from podion.testing.heads import check_gradients, check_saved, check_seed, check_unlabelled
from podion.vertical import Task

HIDDEN = 6
SPACE = LabelSpace(("good", "late", "lost"))


class Loan(BaseModel):
    model_config = ConfigDict(extra="allow")

    text: str = ""
    label: str | None = None


def loans(count: int, seed: int = 3) -> list[Loan]:
    """Loans that are lost where the rate is high and the home is rented, late where nobody knows the income."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        income = None if draw.random() < 0.3 else draw.gauss(40_000, 9_000)
        rate, home = draw.uniform(3, 20), draw.choice(["own", "rent", "mortgage"])
        label = "lost" if rate > 12 and home == "rent" else "late" if income is None else "good"
        label = draw.choice(SPACE.labels) if draw.random() < 0.05 else label
        found.append(Loan(label=label, income=income, rate=rate, home=home, noise=draw.random()))
    return found


def states_of(head: TabularClassifier, records: list[Loan], pooled: torch.Tensor | None = None) -> States:
    rows = len(records)
    return States(
        pooled=torch.zeros(rows, HIDDEN) if pooled is None else pooled,
        tokens=torch.zeros(rows, 0, HIDDEN),
        mask=torch.zeros(rows, 0, dtype=torch.bool),
        offsets=torch.zeros(rows, 0, 2, dtype=torch.int64),
        features=head.features(records),
    )


def learned(records: list[Loan], pooled: torch.Tensor | None = None, steps: int = 50) -> TabularClassifier:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        head = TabularClassifier(HIDDEN, SPACE, sizes={"members": 4, "width": 32})
        head.fit_features(records)
        states = states_of(head, records, pooled)
        optimiser = torch.optim.AdamW(head.train().parameters(), lr=0.01)
        for _ in range(steps):
            optimiser.zero_grad()
            head.loss(head(states), records).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return head.eval()


@pytest.fixture(scope="module")
def head() -> TabularClassifier:
    return learned(loans(300))


def right(head: TabularClassifier, records: list[Loan], pooled: torch.Tensor | None = None) -> float:
    with torch.inference_mode():
        best = head(states_of(head, records, pooled)).argmax(dim=-1).tolist()
    return sum(SPACE.labels[place] == row.label for place, row in zip(best, records, strict=True)) / len(records)


def test_it_learns_an_interaction_and_what_is_missing(head: TabularClassifier) -> None:
    unseen = loans(300, seed=4)
    commonest = max(sum(row.label == label for row in unseen) for label in SPACE.labels) / len(unseen)
    assert right(head, unseen) > commonest + 0.25


def test_probabilities_are_the_members_mean(head: TabularClassifier) -> None:
    states = states_of(head, loans(9))
    with torch.inference_mode():
        said = head(states)
        head.train()
        head.members.dropout, kept = 0.0, head.members.dropout
        each = head(states)
        head.members.dropout = kept
        head.eval()
    assert each.shape == (9, 4, 3)
    torch.testing.assert_close(said.exp(), each.softmax(dim=-1).mean(dim=1))


def test_saved_and_built_again_it_answers_alike(head: TabularClassifier) -> None:
    again = TabularClassifier(HIDDEN, SPACE, **head.options())
    again.load_state_dict({name: torch.from_numpy(array) for name, array in head_tensors(head).items()})
    records = loans(20, seed=5)
    with torch.inference_mode():
        assert torch.equal(again.eval()(states_of(again, records)), head(states_of(head, records)))


def test_a_text_teaches_what_columns_do_not_tell_and_silence_adds_nothing() -> None:
    draw = random.Random(5)
    records = [Loan(label=draw.choice(SPACE.labels), rate=draw.uniform(3, 20)) for _ in range(200)]
    pooled = torch.zeros(200, HIDDEN)
    for row, record in enumerate(records):
        pooled[row, SPACE.labels.index(record.label or "")] = 1.0
    head = learned(records, pooled)
    assert right(head, records, pooled) > 0.95
    assert right(head, records) < 0.6
    with torch.inference_mode():
        silent = head(states_of(head, records))
        head.text = None if head.text is None else torch.nn.Linear(HIDDEN, head.sizes.text, bias=False)
        assert torch.equal(head(states_of(head, records)), silent)


STRANGE: list[dict[str, Any]] = [
    {},
    {"income": "much", "rate": float("inf"), "home": 7},
    {"income": [1], "rate": {"a": 1}, "home": None, "noise": True},
    {"income": 10**400, "rate": "-1e999", "home": "x" * 10_000, "new": 1},
]


@pytest.mark.parametrize("values", STRANGE)
def test_a_strange_value_is_answered(head: TabularClassifier, values: dict[str, Any]) -> None:
    states = states_of(head, [Loan(**values)])
    with torch.inference_mode():
        logits = head(states)
        scores = Scores(logits=logits, probabilities=logits.softmax(dim=-1), threshold=None, states=states)
        (answer,) = head.decode(scores)
    assert bool(torch.isfinite(logits).all())
    assert answer.label in SPACE.labels


def test_an_answer_does_not_depend_on_who_else_asks(head: TabularClassifier) -> None:
    records = loans(16, seed=6)
    with torch.inference_mode():
        together = head(states_of(head, records))
        alone = torch.cat([head(states_of(head, [record])) for record in records])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("check", [check_gradients, check_seed, check_saved, check_unlabelled])
@pytest.mark.parametrize("labels", [("0", "1"), tuple("abcdefg")])
def test_the_kit_is_content(check: Any, labels: tuple[str, ...]) -> None:
    task = Task(name="loans", record=Loan, head=TabularHead(), text=None, labels=labels)
    check(task, task.label_space(()), [{"income": 3.0, "home": "own"}])


def test_a_smooth_head_knows_no_intervals_but_of_a_number_with_few_values() -> None:
    draw = random.Random(8)
    records = [
        Loan(label=draw.choice(SPACE.labels), rate=draw.uniform(3, 20), late=draw.randrange(5)) for _ in range(200)
    ]
    head = TabularClassifier(HIDDEN, SPACE, smooth=True)
    head.fit_features(records)
    places = {feature.name: place for place, feature in enumerate(head.reader.features)}
    told = torch.split(head.vectors.told, list(head.reader.sizes))
    assert (
        told[places["rate"]].sum()
        == head.reader.features[places["rate"]].size - head.reader.features[places["rate"]].intervals
    )
    assert bool(told[places["late"]].all())
    assert head.vectors.bends.numel() == 0
    assert head.options()["smooth"] is True
    assert TabularClassifier.forms(100) == ({"smooth": False},)
    assert len(TabularClassifier.forms(10_000)) == 2
