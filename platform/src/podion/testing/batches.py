"""Checks of a head in a batch: it learns one by heart, and every row is answered as if it were alone."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from podion.answers import Answer
from podion.nn import States
from podion.testing.heads import ROWS, Bench, Rows, answers_of, bench_of, learn
from podion.vertical import LabelSpace, Task

CLOSE = 1e-5
_LEAST_PROGRESS = 0.2
_SEED = 7


def check_overfits(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` unless the loss on one batch falls to a fifth when that batch is all there is."""
    bench = bench_of(task, space, given)
    before = float(bench.loss().detach())
    with torch.random.fork_rng():
        torch.manual_seed(_SEED)  # what drops out must not depend on the tests before
        learn(bench, steps=200)
    bench.head.eval()
    after = float(bench.loss().detach())
    assert after < before * _LEAST_PROGRESS, (
        f"the loss on one batch of {ROWS} rows went from {before:.3g} to {after:.3g} in 200 steps;"
        f" below {before * _LEAST_PROGRESS:.3g} is expected: the head cannot learn even what it sees all the time"
    )


def check_every_gradient(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` that names a parameter which the loss does not reach."""
    bench = bench_of(task, space, given)
    bench.loss().backward()  # type: ignore[no-untyped-call]
    learned = [(name, weight) for name, weight in bench.head.named_parameters() if weight.requires_grad]
    missed = [name for name, weight in learned if weight.numel() and weight.grad is None]
    assert not missed, (
        f"the loss does not reach {', '.join(missed)}: use them in forward, or keep what is not learned in a buffer"
    )


def check_order(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` when rows in another order do not get the same answers in that order."""
    bench = _learned(task, space, given)
    order = list(reversed(range(ROWS)))
    before, after = answers_of(bench), answers_of(_part(bench, order))
    for place, row in enumerate(order):
        _check_same(before[row], after[place], "when the batch is reversed: decode must answer in the order of rows")


def check_alone(task: Task, space: LabelSpace, given: Rows) -> None:
    """Raise `AssertionError` when a row is answered otherwise in a batch than alone."""
    bench = _learned(task, space, given)
    for row, answer in enumerate(answers_of(bench)):
        alone = answers_of(_part(bench, [row]))
        assert len(alone) == 1, f"decode gave {len(alone)} answers for 1 row"
        _check_same(answer, alone[0], "alone: a row's answer must not depend on its neighbours, who may be strangers")


def _learned(task: Task, space: LabelSpace, given: Rows) -> Bench:
    bench = bench_of(task, space, given)
    learn(bench, steps=20)
    bench.head.eval()
    return bench


def _part(bench: Bench, rows: list[int]) -> Bench:
    """Return the bench with these rows alone, in this order."""
    tensors: dict[str, Any] = {
        field.name: getattr(bench.states, field.name)[rows]
        for field in fields(States)
        if isinstance(getattr(bench.states, field.name), Tensor)
    }
    part = replace(bench, records=[bench.records[row] for row in rows])
    with torch.inference_mode():
        features = part.features(part.head)
    return replace(part, states=States(**tensors, features=features))


def _check_same(first: Answer, second: Answer, when: str) -> None:
    seen, then = first.model_dump(), second.model_dump()
    assert close(seen, then), f"a row is answered {second!r}, and not {first!r}, {when}"


def close(first: Any, second: Any) -> bool:
    """Return whether two dumped answers are equal, numbers to within `CLOSE`, labels that are tied in any order."""
    if isinstance(first, float) and isinstance(second, float | int):
        return abs(first - second) <= CLOSE * max(1.0, abs(first))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            _same_ranking(first[name], second[name], cut=name == "alternatives")
            if _ranks(first[name]) and _ranks(second[name])
            else close(first[name], second[name])
            for name in first
        )
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(close, first, second))
    return bool(first == second)


def _ranks(rows: Any) -> bool:
    return (
        isinstance(rows, list | tuple)
        and bool(rows)
        and all(isinstance(row, dict) and row.keys() == {"label", "confidence"} for row in rows)
    )


def _same_ranking(first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]], *, cut: bool) -> bool:
    """Return whether two rankings say the same of each label; the order of labels that are tied is nobody's promise.

    Of a ranking that is `cut`, nor is which of those tied for its last place is named.
    """
    one, other = ({row["label"]: row["confidence"] for row in rows} for rows in (first, second))
    strange = one.keys() ^ other.keys()
    return (
        len(first) == len(second)
        and all(close(a["confidence"], b["confidence"]) for a, b in zip(first, second, strict=True))
        and all(close(one[label], other[label]) for label in one.keys() & other.keys())
        and (cut or not strange)
        and all(close(first[-1]["confidence"], (one | other)[label]) for label in strange)
    )
