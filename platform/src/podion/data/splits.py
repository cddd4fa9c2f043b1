"""Which rows are learned from and which are kept apart for testing: by label, by group or by time.

The same seed gives the same split on every machine and with every version of numpy (its PCG64 bit stream is fixed,
see numpy's NEP 19; nothing above the bit stream is used).
"""

import math
from bisect import bisect_left
from collections.abc import Hashable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from podion.errors import DataError
from podion.vertical import Split

Parts = tuple[list[int], list[int]]


def split_rows(
    labels: Sequence[Hashable],
    groups: Sequence[Hashable] | None = None,
    times: Sequence[Any] | None = None,
    lasts: Sequence[Hashable] | None = None,
    *,
    share: float,
    seed: int,
    rule: Split | None = None,
) -> Parts:
    """Return the positions of the rows to learn from and of those to test on, both in ascending order.

    One label (or None) a row; `groups`, `times` and `lasts` are needed where the rule names them. By label each label
    gives its share to within one row and always keeps a row to learn from. By group no group stands on both sides; a
    row whose group is None is a group of its own, and where every row is, the split goes by label. By time the latest
    rows are tested on, rows of one moment stay together, and where the rule also names a group no group crosses the
    cut; where no row has a time, the split goes by group or label. By each last one, the share is not asked: of the
    rows that share a value of `lasts`, two or more, the latest is tested on; of equal times, or where no row has a
    time, the one that stands last. Raises `DataError` where no such split is.
    """
    rule = rule or Split()
    if rule.last is not None:
        return _by_last(_given(lasts, rule.last), times if rule.time is not None else None)
    if not 0 < share < 1:
        raise DataError(f"a share of {share} cannot be split off: it must be more than 0 and less than 1")
    if rule.time is not None and any(time is not None for time in _given(times, rule.time)):
        return _by_time(_moments(_given(times, rule.time)), _given(groups, rule.group) if rule.group else None, share)
    if rule.group is not None and any(group is not None for group in _given(groups, rule.group)):
        return _by_group(_given(groups, rule.group), share, seed)
    return _by_label(labels, share, seed)


def _given(values: Sequence[Any] | None, field: str) -> Sequence[Any]:
    if values is None:
        raise DataError(f"the split goes by {field!r}, and the rows came without it")
    return values


def _lots(count: int, seed: int) -> npt.NDArray[np.uint64]:
    """Return a random number for each of `count` things; whoever drew the smallest comes first."""
    return np.asarray(np.random.PCG64(seed % 2**64).random_raw(count), dtype=np.uint64)


def _parts(count: int, taken: set[int]) -> Parts:
    return [row for row in range(count) if row not in taken], sorted(taken)


def _by_label(labels: Sequence[Hashable], share: float, seed: int) -> Parts:
    lots = _lots(len(labels), seed)
    rows: dict[Hashable, list[int]] = {}
    for row in np.argsort(lots, kind="stable").tolist():
        rows.setdefault(labels[row], []).append(row)
    several = {label: drawn for label, drawn in rows.items() if len(drawn) > 1}
    quotas = _quotas({label: len(drawn) for label, drawn in several.items()}, share)
    return _parts(len(labels), {row for label, drawn in several.items() for row in drawn[: quotas[label]]})


def _quotas(sizes: dict[Hashable, int], share: float) -> dict[Hashable, int]:
    """Return how many rows each label gives: the whole part of its share, and one more for the largest remainders.

    Equal remainders go by the order of `sizes`, which the seed has drawn. No label gives its last row.
    """
    quotas = {label: int(size * share) for label, size in sizes.items()}
    missing = round(sum(sizes.values()) * share) - sum(quotas.values())
    waiting = [label for label in sizes if quotas[label] + 1 < sizes[label]]
    waiting.sort(key=lambda label: quotas[label] - sizes[label] * share)
    for label in waiting[: max(0, missing)]:
        quotas[label] += 1
    return quotas


def _by_group(groups: Sequence[Hashable], share: float, seed: int) -> Parts:
    members: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(("alone", row) if group is None else ("group", group), []).append(row)
    if len(groups) > 1 and len(members) == 1:
        raise DataError("every row belongs to one group: a split by group needs at least two")
    if len(members) < 2:
        return _parts(len(groups), set())
    order = list(members.values())
    drawn = [order[place] for place in np.argsort(_lots(len(order), seed), kind="stable").tolist()]
    target = share * len(groups)
    chosen: list[list[int]] = []
    count = 0
    for rows in drawn:
        if len(chosen) + 1 < len(drawn) and abs(count + len(rows) - target) < abs(count - target):
            chosen.append(rows)
            count += len(rows)
    chosen = chosen or [min(drawn, key=len)]
    return _parts(len(groups), {row for rows in chosen for row in rows})


def _by_last(lasts: Sequence[Hashable], times: Sequence[Any] | None) -> Parts:
    timed = times is not None and any(time is not None for time in times)
    moments = _moments(times) if times is not None and timed else [0.0] * len(lasts)
    rows: dict[Hashable, list[int]] = {}
    for row, whose in enumerate(lasts):
        if whose is not None:
            rows.setdefault(whose, []).append(row)
    taken = {max(own, key=lambda row: (moments[row], row)) for own in rows.values() if len(own) > 1}
    if len(lasts) > 1 and not taken:
        raise DataError("no two rows belong together, so none is the last of several: name another field or column")
    return _parts(len(lasts), taken)


def _by_time(moments: Sequence[float], groups: Sequence[Hashable] | None, share: float) -> Parts:
    if len(moments) < 2:
        return _parts(len(moments), set())
    order = sorted(range(len(moments)), key=moments.__getitem__)
    ordered = [moments[row] for row in order]
    cuts = {bisect_left(ordered, moment) for moment in set(ordered)} - {0}
    if groups is not None:
        cuts -= _crossed(order, groups)
    if not cuts:
        whose = "the groups overlap in time from first to last" if groups is not None else "every row has the same time"
        raise DataError(f"the rows cannot be split by time: {whose}")
    wanted = len(order) * (1 - share)
    cut = min(cuts, key=lambda place: (abs(place - wanted), place))
    return _parts(len(order), set(order[cut:]))


def _crossed(order: Sequence[int], groups: Sequence[Hashable]) -> set[int]:
    """Return the places, in the order of time, where a cut would part a group."""
    last = {groups[row]: place for place, row in enumerate(order) if groups[row] is not None}
    crossed: set[int] = set()
    reach = 0
    for place, row in enumerate(order):
        if place and place <= reach:
            crossed.add(place)
        reach = max(reach, last.get(groups[row], 0))
    return crossed


def _moments(times: Sequence[Any]) -> list[float]:
    """Return times as numbers: numbers as they are, dates and ISO 8601 texts as seconds, UTC where no zone is said."""
    moments: list[float] = []
    numbers = 0
    for row, time in enumerate(times, start=1):
        try:
            number = _number(time)
            moments.append(_seconds(time) if number is None else number)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(
                f"row {row} of those to split has the time {time!r}: every row needs one, as a number or as ISO 8601 "
                "(2026-01-31T14:30:00)"
            ) from error
        numbers += number is not None
    if 0 < numbers < len(moments):
        raise DataError(f"{numbers} rows have a number as their time and {len(moments) - numbers} a date: use one kind")
    return moments


def _number(time: Any) -> float | None:
    """Return a time that is a number or the text of one; None for any other."""
    if not isinstance(time, str | int | float):
        return None
    try:
        number = float(time)
    except ValueError:
        return None
    if math.isnan(number):
        raise ValueError("not a number has no place in time")
    return number


def _seconds(time: Any) -> float:
    if isinstance(time, str):
        time = datetime.fromisoformat(time.strip())
    if isinstance(time, date) and not isinstance(time, datetime):
        time = datetime(time.year, time.month, time.day)
    if not isinstance(time, datetime):
        raise TypeError("neither a number nor a date")
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
