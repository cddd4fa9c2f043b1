from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.errors import DataError
from podion.finetuning.examples import folds_of, gather, hold_out, space_of
from podion.head_kinds import LabelHead
from podion.vertical import Split, Task

Lines = Callable[..., list[Any]]


def test_unlabelled_records_are_left_out_and_those_outside_stand_apart(intent: Task, lines: Lines) -> None:
    records = lines(2, outside=3)
    bare = [record.model_copy(update={"label": None, "oos": False}) for record in records[:2]]
    examples = gather(intent, [*records, *bare])
    assert (len(examples.inside), len(examples.outside), len(examples)) == (6, 3, 9)


@pytest.mark.parametrize(
    ("keep", "code"),
    [
        (lambda record: False, "no_rows"),
        (lambda record: record.oos, "all_out_of_scope"),
        (lambda record: record.label == "refund", "too_few_labels"),
    ],
)
def test_records_that_cannot_teach_are_refused(intent: Task, lines: Lines, keep: Any, code: str) -> None:
    records = [record for record in lines(4, outside=2) if keep(record)]
    with pytest.raises(DataError) as caught:
        space_of(intent, gather(intent, records))
    assert caught.value.code == code


def test_the_task_says_how_many_rows_it_needs(intent: Task, lines: Lines) -> None:
    with pytest.raises(DataError, match="needs 50"):
        space_of(replace(intent, minimum_rows=50), gather(intent, lines(4)))


def test_labels_that_the_task_does_not_know_are_named(intent: Task, lines: Lines) -> None:
    task = replace(intent, labels=("card_lost", "refund"))
    with pytest.raises(DataError, match="'weather'"):
        space_of(task, gather(task, lines(4)))


@given(st.data())
def test_a_hold_out_parts_no_copies_and_empties_no_label(data: st.DataObject) -> None:
    from pydantic import create_model

    record_type = create_model("Row", text=(str, ...), label=(str | None, None), talk=(str | None, None))
    task = Task(
        name="t", record=record_type, head=LabelHead(), split=Split(group=data.draw(st.sampled_from([None, "talk"])))
    )
    row = st.builds(
        record_type,
        text=st.sampled_from(["One", " one", "two", "three", "ＴＷＯ", "four", "five"]),
        label=st.sampled_from("abc"),
        talk=st.sampled_from([None, "x", "y", "z"]),
    )
    records = data.draw(st.lists(row, max_size=25))
    try:
        kept, taken = hold_out(task, records, 0.3, data.draw(st.integers(0, 5)))
    except DataError:
        assert task.split.group is not None
        return
    assert sorted([*kept, *taken]) == list(range(len(records)))
    sides = [
        {(record.text.strip().casefold().replace("ｔｗｏ", "two")) for record in side}
        for side in parts(records, kept, taken)
    ]
    assert sides[0].isdisjoint(sides[1])
    assert {record.label for record in records} == {records[place].label for place in kept}
    if task.split.group:
        talks = [{record.talk for record in side} - {None} for side in parts(records, kept, taken)]
        assert talks[0].isdisjoint(talks[1])


def parts(records: list[Any], *sides: list[int]) -> list[list[Any]]:
    return [[records[place] for place in side] for side in sides]


def test_what_is_kept_apart_by_time_is_the_latest(intent: Task, lines: Lines) -> None:
    task = replace(intent, split=Split(time="at"))
    records = [
        record.model_copy(update={"at": f"2026-01-{day:02}", "text": f"{record.text} {day}"})
        for day, record in enumerate(lines(9), 1)
    ]
    kept, taken = hold_out(task, records, 0.2, 0)
    assert taken
    assert max(records[place].at for place in kept) < min(records[place].at for place in taken)


def test_where_nothing_has_a_time_groups_part(intent: Task, lines: Lines) -> None:
    """A rule of time and group without a time goes by group: a patient's rows stay together, dated or not."""
    task = replace(intent, split=Split(time="at", group="talk"))
    records = [
        record.model_copy(update={"at": None, "talk": f"t{place // 3}", "text": f"{record.text} {place}"})
        for place, record in enumerate(lines(9))
    ]
    kept, taken = hold_out(task, records, 0.3, 0)
    assert taken
    assert {records[place].talk for place in kept}.isdisjoint(records[place].talk for place in taken)


def test_folds_are_even_and_copies_share_one(intent: Task, lines: Lines) -> None:
    records = [*lines(20), *lines(20)]
    folds = folds_of(intent, records, 5, seed=1)
    assert (folds[:60] == folds[60:]).all()
    assert folds.tolist() == folds_of(intent, records, 5, seed=1).tolist()
    assert set(folds.tolist()) == {0, 1, 2, 3, 4}
    sizes = Counter(folds.tolist())
    assert max(sizes.values()) - min(sizes.values()) <= 12


def test_a_label_seen_once_is_in_every_fold(intent: Task, lines: Lines) -> None:
    records = [*lines(5), lines(1)[0].model_copy(update={"text": "alone", "label": "rare"})]
    folds = folds_of(intent, records, 5, seed=0)
    assert folds[-1] == -1
    assert np.all(folds[:-1] >= 0)
