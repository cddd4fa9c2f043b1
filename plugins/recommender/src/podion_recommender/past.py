"""A user's past as the model reads it: filled into the records of a run, and kept up to date by a server.

`VisitHistory` fills in `Visit.past` of many records, each with what its user took before it. `with_step` is the same
for one user at a time.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podion_recommender.schema import LONGEST_PAST, Step, Visit


def with_step(past: Sequence[Step], step: Step) -> tuple[Step, ...]:
    """Return a past, oldest first, with one step more: the latest `LONGEST_PAST` of them.

    A step that comes late finds its place in time; of equal times the one that came first stands first.
    """
    steps = list(past)
    place = len(steps)
    while place and steps[place - 1].at > step.at:
        place -= 1
    steps.insert(place, step)
    return tuple(steps[-LONGEST_PAST:])


class VisitHistory:
    """Fills in `past` of visits: what the user took before, the latest 200, and in `exclude` what lies further back.

    A visit sees the visits before it: those of an earlier time, and of equal times those that came before it. Those
    without an item tell nothing. The state holds what every user took, as columns.
    """

    def __init__(self, state: Mapping[str, NDArray[Any]] | None = None) -> None:
        self._taken: dict[str, list[Step]] = {} if state is None else _read(state)

    def follow(self, records: Sequence[Visit]) -> list[Visit]:
        """Return the records in the order given, with `past`, but those that came with one as they are."""
        filled: list[Visit] = list(records)
        places: dict[str, list[int]] = {}
        for place, record in enumerate(records):
            places.setdefault(record.user_id, []).append(place)
        for user, own in places.items():
            self._follow(user, own, filled)
        return filled

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what every user took: user and item names, and for each step which user, which item, when."""
        users = sorted(self._taken)
        items = sorted({step.item_id for steps in self._taken.values() for step in steps})
        number = {item: place for place, item in enumerate(items)}
        steps = [(place, step) for place, user in enumerate(users) for step in self._taken[user]]
        return {
            "users": _names(users),
            "items": _names(items),
            "user": np.array([place for place, _ in steps], dtype=np.int32),
            "item": np.array([number[step.item_id] for _, step in steps], dtype=np.int32),
            "at": np.array([step.at for _, step in steps], dtype=np.float64),
        }

    def _follow(self, user: str, places: Sequence[int], filled: list[Visit]) -> None:
        """Fill in the records of one user; the last of them also gets what its past has no room for."""
        order = sorted(places, key=lambda place: filled[place].timestamp)
        known = self._taken.setdefault(user, [])
        before: list[Step] = list(known)
        for place in order:
            record = filled[place]
            cut = len(before)
            while cut and before[cut - 1].at > record.timestamp:
                cut -= 1  # a call may come late: what was taken after it is none of its past
            if record.past is None:
                further = before[: max(0, cut - LONGEST_PAST)] if place == order[-1] else ()
                filled[place] = record.model_copy(
                    update={
                        "past": tuple(before[max(0, cut - LONGEST_PAST) : cut]),
                        "exclude": _with(record.exclude, further),
                    }
                )
            if record.item_id is not None:
                before.insert(cut, Step.model_construct(item_id=record.item_id, at=record.timestamp))
        self._taken[user] = before


def _with(exclude: tuple[str, ...], steps: Iterable[Step]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*exclude, *(step.item_id for step in steps))))


def _names(names: Sequence[str]) -> NDArray[Any]:
    """Return names as the bytes of a JSON list."""
    return np.frombuffer(json.dumps(names).encode(), dtype=np.uint8)


def _read(state: Mapping[str, NDArray[Any]]) -> dict[str, list[Step]]:
    users, items = (json.loads(state[name].tobytes()) for name in ("users", "items"))
    taken: dict[str, list[Step]] = {user: [] for user in users}
    rows = zip(state["user"].tolist(), state["item"].tolist(), state["at"].tolist(), strict=True)
    for user, item, at in rows:
        taken[users[user]].append(Step.model_construct(item_id=items[item], at=at))
    return taken
