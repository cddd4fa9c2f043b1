from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podion.data.splits import split_rows
from podion.errors import DataError
from podion.vertical import Split

shares = st.floats(0.05, 0.95)
seeds = st.integers(0, 2**40)
names = st.sampled_from(["a", "b", "c", "d", None])


def is_partition(count, kept, taken):
    return sorted(kept + taken) == list(range(count)) and kept == sorted(kept) and taken == sorted(taken)


@given(st.lists(names, max_size=120), shares, seeds)
@example(["a"] * 2, 0.95, 0)
@example(["a"], 0.95, 0)
def test_by_label_every_label_gives_its_share_and_keeps_a_row(labels, share, seed):
    kept, taken = split_rows(labels, share=share, seed=seed)
    assert is_partition(len(labels), kept, taken)
    given_up = Counter(labels[row] for row in taken)
    for label, size in Counter(labels).items():
        if size == 1:
            assert given_up[label] == 0
        else:
            assert abs(given_up[label] - share * size) < 1
            assert given_up[label] < size
    several = [size for size in Counter(labels).values() if size > 1]
    if share <= 0.5:
        assert abs(len(taken) - share * sum(several)) <= 0.5 + 1e-9


@given(st.lists(st.integers(0, 12) | st.none(), min_size=1, max_size=120), shares, seeds)
def test_by_group_no_group_stands_on_both_sides(groups, share, seed):
    rule = Split(group="conversation")
    sizes = Counter(group for group in groups if group is not None)
    if len(groups) > 1 and len(sizes) == 1 and None not in groups:
        with pytest.raises(DataError, match="one group"):
            split_rows([None] * len(groups), groups, share=share, seed=seed, rule=rule)
        return
    kept, taken = split_rows([None] * len(groups), groups, share=share, seed=seed, rule=rule)
    assert is_partition(len(groups), kept, taken)
    if not sizes:
        assert (kept, taken) == split_rows([None] * len(groups), share=share, seed=seed)
        return
    assert not {groups[row] for row in kept} & {groups[row] for row in taken} - {None}
    if len(groups) > 1:
        assert kept
        assert taken
        assert abs(len(taken) - share * len(groups)) <= max([1, *sizes.values()])


@given(st.lists(st.integers(0, 40), min_size=1, max_size=120), shares)
def test_by_time_what_is_tested_is_later(times, share):
    rule = Split(time="at")
    if len(times) > 1 and len(set(times)) == 1:
        with pytest.raises(DataError, match="same time"):
            split_rows([None] * len(times), None, times, share=share, seed=1, rule=rule)
        return
    kept, taken = split_rows([None] * len(times), None, times, share=share, seed=1, rule=rule)
    assert is_partition(len(times), kept, taken)
    if len(times) > 1:
        assert max(times[row] for row in kept) < min(times[row] for row in taken)
        assert abs(len(taken) - share * len(times)) <= max(Counter(times).values()) + 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), min_size=2, max_size=60), shares)
def test_by_time_and_group_both_hold_or_it_is_refused(rows, share):
    times, groups = [time for time, _ in rows], [group for _, group in rows]
    try:
        kept, taken = split_rows(groups, groups, times, share=share, seed=1, rule=Split(group="g", time="at"))
    except DataError:
        first = {group: min(t for t, g in rows if g == group) for group in groups}
        last = {group: max(t for t, g in rows if g == group) for group in groups}
        assert not any(
            all(last[group] < cut or first[group] >= cut for group in groups) for cut in set(times) - {min(times)}
        )
        return
    assert is_partition(len(rows), kept, taken)
    assert max(times[row] for row in kept) < min(times[row] for row in taken)
    assert not {groups[row] for row in kept} & {groups[row] for row in taken}


@given(st.lists(names, min_size=30, max_size=60), seeds)
def test_the_same_seed_gives_the_same_split(labels, seed):
    assert split_rows(labels, share=0.3, seed=seed) == split_rows(list(labels), share=0.3, seed=seed)


def test_another_seed_gives_another_split_and_the_numbers_are_fixed_for_all_machines():
    labels = ["a", "b"] * 20
    assert split_rows(labels, share=0.2, seed=2026)[1] == FIXED
    assert split_rows(labels, share=0.2, seed=2027)[1] != FIXED
    assert split_rows([None] * 9, list("aabbccdde"), share=0.3, seed=2026, rule=Split(group="g"))[1] == FIXED_GROUPS


FIXED = [0, 7, 9, 18, 19, 23, 26, 30]
FIXED_GROUPS = [0, 1, 8]


def test_a_negative_seed_is_a_seed():
    assert split_rows(["a"] * 10, share=0.2, seed=-1)[1]


def test_a_label_of_twenty_rows_gives_a_fifth():
    labels = [f"label {number % 77}" for number in range(77 * 20)]
    _, taken = split_rows(labels, share=0.2, seed=2026)
    assert set(Counter(labels[row] for row in taken).values()) == {4}


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(DataError, match="share"):
        split_rows(["a"] * 4, share=share, seed=1)


@pytest.mark.parametrize("rule", [Split(group="g"), Split(time="t")])
def test_a_rule_without_its_values_is_refused(rule):
    with pytest.raises(DataError, match="goes by"):
        split_rows(["a"] * 4, share=0.5, seed=1, rule=rule)


@pytest.mark.parametrize(
    "times",
    [
        [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(4)],
        [date(2026, 1, day) for day in range(1, 5)],
        ["2026-01-01", "2026-01-01T10:00:00", "2026-01-02 08:00:00+08:00", "2026-01-02T08:00:00Z"],
        ["9", "10", "100", "1e3"],
        [9, 10.5, 11, 2**63],
    ],
)
def test_times_come_in_many_forms(times):
    order = [2, 0, 3, 1]
    _, taken = split_rows([None] * 4, None, [times[n] for n in order], share=0.5, seed=1, rule=Split(time="t"))
    assert taken == [0, 2]


@pytest.mark.parametrize("time", [None, "", "yesterday", "nan", float("nan"), [], 10**400])
def test_a_time_that_is_none_is_refused_with_its_row(time):
    with pytest.raises(DataError, match="row 2"):
        split_rows([None] * 3, None, [1, time, 3], share=0.5, seed=1, rule=Split(time="t"))


def test_years_and_dates_do_not_mix():
    with pytest.raises(DataError, match="use one kind"):
        split_rows([None] * 2, None, ["2018", "2019-01-01"], share=0.5, seed=1, rule=Split(time="t"))


def test_where_no_row_has_a_time_the_split_goes_by_label():
    labels = ["a", "b"] * 20
    kept, taken = split_rows(labels, None, [None] * 40, share=0.25, seed=1, rule=Split(time="t"))
    assert (kept, taken) == split_rows(labels, share=0.25, seed=1)
    assert Counter(labels[row] for row in taken) == {"a": 5, "b": 5}


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 5)), max_size=60), seeds)
def test_of_each_that_has_several_the_latest_row_is_tested(rows, seed):
    whose, times = [row[0] for row in rows], [row[1] for row in rows]
    counts = Counter(each for each in whose if each is not None)
    if len(rows) > 1 and not any(count > 1 for count in counts.values()):
        with pytest.raises(DataError, match="belong together"):
            split_rows([None] * len(rows), None, times, whose, share=0.5, seed=seed, rule=Split(last="u", time="t"))
        return
    kept, taken = split_rows(
        [None] * len(rows), None, times, whose, share=0.5, seed=seed, rule=Split(last="u", time="t")
    )
    assert is_partition(len(rows), kept, taken)
    assert Counter(whose[row] for row in taken) == {each: 1 for each, count in counts.items() if count > 1}
    for row in taken:
        own = [(times[other], other) for other in range(len(rows)) if whose[other] == whose[row]]
        assert (times[row], row) == max(own), "of equal times the one that stands last"


def test_without_times_the_last_row_is_the_one_that_stands_last():
    assert split_rows(["x"] * 4, None, None, ["a", "b", "a", "b"], share=0.1, seed=0, rule=Split(last="u")) == (
        [0, 1],
        [2, 3],
    )
    with pytest.raises(DataError, match="came without"):
        split_rows(["x"], share=0.1, seed=0, rule=Split(last="u"))
