"""Checks of a task's head on random states: gradients, saving, answers, and owners that stay apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from pydantic import BaseModel
from safetensors.torch import load, save
from torch import Tensor

from podion.answers import Answer, NumberAnswer
from podion.data.withholding import as_served
from podion.errors import PluginError
from podion.finetuning.fresh_heads import declared
from podion.hosting.adapter_files import Calibration
from podion.hosting.answering import scores_of
from podion.hosting.head_loading import head_options
from podion.hosting.resolve import resolve_head
from podion.nn import Head, States
from podion.testing.specimens import WORDS, label_kind, label_names_of, labelled_records
from podion.vertical import LabelSpace, Task

HIDDEN, ROWS = 32, 8
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A task's head with records that are labelled in turn, and states for them."""

    task: Task
    head: Head[Any, Any]
    records: list[BaseModel]
    states: States

    def features(self, head: Head[Any, Any]) -> dict[str, Tensor]:
        """Return what a head makes of the records as they come when it serves: without label or sensitive fields."""
        return head.features(list(as_served(self.task, self.records)))

    def loss(self) -> Tensor:
        """Return the loss of all rows."""
        return self.head.loss(self.head(self.states), self.records)


def bench_of(task: Task, space: LabelSpace, given: Rows, *, seed: int = 7, labels: Sequence[str | None] = ()) -> Bench:
    """Return a head of the task with `ROWS` records, labelled in turn or as given, and states for them."""
    names = label_names_of(task, space, ROWS)
    records = labelled_records(task, space, given, labels or names)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        head = resolve_head(task.head_declaration.implementation)(HIDDEN, space, **declared(task))
        head.fit_features(records)
    states = states_of(head.reads_tokens, names)
    features = head.features(list(as_served(task, records)))
    for name, tensor in features.items():
        assert tensor.shape[0] == ROWS, f"features[{name!r}] has {tensor.shape[0]} rows for {ROWS} records"
    return Bench(task=task, head=head, records=records, states=replace(states, features=features))


def states_of(reads_tokens: bool, groups: Sequence[str]) -> States:
    """Return states in which rows of one group lie near each other."""
    generator = torch.Generator().manual_seed(11)
    centres = {group: torch.randn(HIDDEN, generator=generator) for group in sorted(set(groups))}
    pooled = torch.stack([centres[group] for group in groups]) + 0.1 * torch.randn(ROWS, HIDDEN, generator=generator)
    length = WORDS if reads_tokens else 0
    mask = torch.ones(ROWS, length, dtype=torch.bool)
    mask[::2, length - 2 :] = False  # every other row is shorter, as in a batch of different texts
    starts = 5 * torch.arange(length)
    offsets = torch.stack([starts, starts + 4], dim=-1).expand(ROWS, length, 2) * mask.unsqueeze(-1)
    tokens = torch.randn(HIDDEN, generator=generator) + 0.1 * torch.randn(ROWS, length, HIDDEN, generator=generator)
    tokens[:, :1] = pooled.unsqueeze(1)[:, :length]  # the first word is the one that made-up spans mark
    lower = pooled + 0.1 * torch.randn(ROWS, HIDDEN, generator=generator)
    return States(pooled=pooled, tokens=tokens, mask=mask, offsets=offsets, lower=lower)


def answers_of(bench: Bench, threshold: float | None = None) -> list[Answer]:
    """Return the head's answers to the rows, as the platform scores them without a temperature."""
    with torch.inference_mode():
        logits = bench.head(bench.states)
        scores = scores_of(bench.head, Calibration(threshold=threshold), logits, bench.states)
        return list(bench.head.decode(scores))


def learn(bench: Bench, steps: int = 60) -> None:
    """Train the head on its rows."""
    optimiser = torch.optim.Adam(bench.head.parameters(), lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        bench.loss().backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def check_gradients(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` unless logits, loss and gradients are finite and a parameter learns."""
    bench = bench_of(task, space, given)
    logits = bench.head(bench.states)
    assert logits.shape[0] == ROWS, f"forward gave {logits.shape[0]} rows for {ROWS}"
    assert torch.isfinite(logits).all(), "forward gave a logit that is not finite"
    loss = bench.head.loss(logits, bench.records)
    assert loss.ndim == 0, f"loss has the shape {tuple(loss.shape)}; a scalar is allowed"
    assert torch.isfinite(loss), f"loss is {loss.item()}"
    assert loss.requires_grad, "loss does not depend on a parameter of the head, so nothing can learn"
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = {name: weight.grad for name, weight in bench.head.named_parameters() if weight.grad is not None}
    for name, gradient in gradients.items():
        assert torch.isfinite(gradient).all(), f"the gradient of {name} is not finite"
    assert any(gradient.any() for gradient in gradients.values()), "every gradient is zero, so nothing can learn"


def check_unlabelled(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` when logits of records without a label change the loss."""
    names = label_names_of(task, space, ROWS)
    bench = bench_of(task, space, given, labels=[*names[: ROWS // 2], *[None] * (ROWS - ROWS // 2)])
    with torch.no_grad():
        logits = bench.head(bench.states)
        disturbed = logits.clone()
        disturbed[ROWS // 2 :] = disturbed[ROWS // 2 :].flip(-1) * 3 + 1
        before, after = bench.head.loss(logits, bench.records), bench.head.loss(disturbed, bench.records)
    assert torch.isfinite(before), "loss is not finite when some records have no label"
    assert torch.equal(before, after), "records without a label count in the loss; they must not"


def check_seed(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` unless two heads of one seed learn the same weights, bit for bit."""
    first, second = (bench_of(task, space, given, seed=3) for _ in range(2))
    for bench in (first, second):
        with torch.random.fork_rng():
            torch.manual_seed(5)
            learn(bench, steps=3)
    states = second.head.state_dict()
    for name, tensor in first.head.state_dict().items():
        assert torch.equal(tensor, states[name]), f"{name} differs between two runs of one seed"


def check_saved(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` unless a head that is built anew by its options and loaded answers the same."""
    bench = bench_of(task, space, given)
    learn(bench, steps=3)
    bench.head.eval()
    stored = save({name: tensor.contiguous() for name, tensor in bench.head.state_dict().items()})
    try:
        head = type(bench.head)(HIDDEN, space, **head_options(bench.head))
        head.load_state_dict(load(stored))
    except (TypeError, RuntimeError, PluginError) as error:
        raise AssertionError(
            f"the saved head cannot be built again: {error}. `options` must return the keywords of `__init__`, as JSON"
            " has them, that make a head of the same shape once it has learned its features"
        ) from error
    head.eval()
    loaded = replace(bench, head=head, states=replace(bench.states, features=bench.features(head)))
    with torch.inference_mode():
        same = torch.equal(head(loaded.states), bench.head(bench.states))
    assert same, "a loaded head gives other logits: keep everything it learns in parameters or registered buffers"
    assert answers_of(loaded) == answers_of(bench), "a loaded head gives other answers than the one that was saved"


def check_decoded(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` unless there is one valid answer a row."""
    bench = bench_of(task, space, given)
    bench.head.eval()
    answers = answers_of(bench)
    assert len(answers) == ROWS, f"decode gave {len(answers)} answers for {ROWS} rows"
    for answer in answers:
        _check_answer(task, space, answer)
        assert not answer.abstained, "an answer abstains although there is no threshold"


def _check_answer(task: Task, space: LabelSpace, answer: Answer) -> None:
    schema = task.answer_schema
    assert isinstance(answer, schema), f"decode gave {type(answer).__name__}; the task declares {schema.__name__}"
    assert 0 <= answer.confidence <= 1, f"confidence is {answer.confidence}; between 0 and 1 is allowed"
    assert schema.model_validate_json(answer.model_dump_json()) == answer, f"{answer!r} does not survive JSON"
    if label_kind(task) != "own":
        assert _labels_of(answer) <= set(space.labels), f"{answer!r} holds a label that the label space lacks"
    if isinstance(answer, NumberAnswer):
        assert answer.low <= answer.value <= answer.high, f"{answer!r}: the interval does not hold its own number"


def _labels_of(answer: Answer) -> set[str]:
    """Return the labels an answer names, whether it has one, several, alternatives or spans."""
    told = answer.model_dump()
    rows = [told, *told.get("labels", ()), *told.get("alternatives", ()), *told.get("spans", ())]
    return {row["label"] for row in rows if isinstance(row, dict) and isinstance(row.get("label"), str)}


def check_abstains(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` unless a threshold above every confidence makes all abstain, and 0 none."""
    bench = bench_of(task, space, given)
    bench.head.eval()
    assert all(answer.abstained for answer in answers_of(bench, threshold=1.01)), (
        "an answer does not abstain below the threshold: set `abstained` where confidence < scores.threshold"
    )
    assert not any(answer.abstained for answer in answers_of(bench, threshold=0.0)), "an answer abstains at threshold 0"


def check_owners_apart(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` when what one owner's head learns shows in another's.

    Two heads learn opposite labels for the same states; the first must answer as before when the second has learned,
    and each must answer with its own owner's labels.
    """
    names = label_names_of(task, space, ROWS)
    theirs = space if task.labels or not len(space) else replace(space, labels=_others(space))
    own, other = (space.labels, theirs.labels) if len(space) else (names, names)
    opposite = {name: other[len(own) - 1 - own.index(name)] for name in names}
    first = bench_of(task, space, given, labels=names)
    learn(first)
    first.head.eval()
    before = answers_of(first)
    second = bench_of(task, theirs, given, labels=[opposite[name] for name in names])
    learn(second)
    second.head.eval()
    assert answers_of(first) == before, "a head answers otherwise after another owner's head has learned"
    for answer in answers_of(second):
        _check_answer(task, theirs, answer)
    if not second.states.features and label_kind(task) != "own":
        told = answers_of(second)
        assert all(_tells(answer, opposite[name]) for name, answer in zip(names, told, strict=True)), (
            "a head did not learn labels that plain clusters part"
        )


def _tells(answer: Answer, label: str) -> bool:
    """Return whether an answer names the label, or is the number to within a tenth."""
    return abs(answer.value - float(label)) < 0.1 if isinstance(answer, NumberAnswer) else label in _labels_of(answer)


def _others(space: LabelSpace) -> tuple[str, ...]:
    if all(label.isdigit() for label in space.labels):
        return tuple(str(int(label) + len(space)) for label in space.labels)
    return tuple(f"other_{label}" for label in space.labels)
