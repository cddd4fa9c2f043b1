"""Who took what and when, parted into what was known and what came later. Pure.

Items and users are numbers here. A pair of user and item counts once, when it first happened: what comes later is
always something that the user has not had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Protocol = Literal["leave_one_out", "time_cut"]

COLD = 3
"""Users who had fewer items, and items that were taken fewer times, are cold."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Who took which item when, oldest first; each pair once. `names` are the users', by number."""

    users: Ints
    items: Ints
    at: Floats
    names: Sequence[str]
    catalogue: Sequence[str]

    @classmethod
    def of(cls, acts: Sequence[tuple[str, str, float]], catalogue: Sequence[str]) -> "Taken":
        """Return what acts (user, item, when; in any order) say of items of the catalogue."""
        number = {item: place for place, item in enumerate(catalogue)}
        first: dict[tuple[str, int], float] = {}
        for user, item, at in acts:
            if item in number:
                pair = (user, number[item])
                first[pair] = min(at, first.get(pair, at))
        names = sorted({user for user, _ in first})
        users = {user: place for place, user in enumerate(names)}
        rows = sorted((at, users[user], item) for (user, item), at in first.items())
        return cls(
            users=np.array([user for _, user, _ in rows], dtype=np.int64),
            items=np.array([item for _, _, item in rows], dtype=np.int64),
            at=np.array([at for at, _, _ in rows], dtype=np.float64),
            names=names,
            catalogue=catalogue,
        )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is ranked for: users with their past (oldest first, with times), when it is asked, and what came later."""

    users: Ints
    pasts: Sequence[Ints]
    times: Sequence[Floats]
    moments: Floats
    later: Sequence[Ints]

    @property
    def relevant(self) -> Ints:
        """How many items came later, for each."""
        return np.array([len(wanted) for wanted in self.later], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Parted:
    """What models may learn from, [events] each of users and items, and what they are asked."""

    users: Ints
    items: Ints
    asked: Asked
    cut: float | None = None


def leave_one_out(taken: Taken, most: int, seed: int) -> Parted:
    """Return each user's last item as what came later, of users with two or more; `most` of them are asked, by lot."""
    last = np.zeros(len(taken.users), dtype=np.bool_)
    _, from_end = np.unique(taken.users[::-1], return_index=True)
    last[len(taken.users) - 1 - from_end] = True
    several = np.bincount(taken.users, minlength=len(taken.names)) > 1
    last &= several[taken.users] if len(taken.users) else last
    return Parted(
        users=taken.users[~last],
        items=taken.items[~last],
        asked=_asked(taken, ~last, last, _lot(np.unique(taken.users[last]), most, seed), None),
    )


def time_cut(taken: Taken, cut: float, most: int, seed: int) -> Parted:
    """Return what was taken from `cut` on as what came later; nothing of it is known to any model."""
    early = taken.at < cut
    chosen = _lot(np.unique(taken.users[~early]), most, seed)
    asked = _asked(taken, early, ~early, chosen, cut)
    return Parted(users=taken.users[early], items=taken.items[early], asked=asked, cut=cut)


def _asked(
    taken: Taken, known: NDArray[np.bool_], wanted: NDArray[np.bool_], chosen: Ints, moment: float | None
) -> Asked:
    places: dict[int, list[int]] = {int(user): [] for user in chosen}
    for place in np.flatnonzero(np.isin(taken.users, chosen)):
        places[int(taken.users[place])].append(int(place))
    own = [np.array(places[int(user)], dtype=np.int64) for user in chosen]
    before = [each[known[each]] for each in own]
    after = [each[wanted[each]] for each in own]
    return Asked(
        users=chosen,
        pasts=[taken.items[each] for each in before],
        times=[taken.at[each] for each in before],
        moments=np.array([moment if moment is not None else taken.at[each].min() for each in after]),
        later=[taken.items[each] for each in after],
    )


def _lot(users: Ints, most: int, seed: int) -> Ints:
    if len(users) <= most:
        return users
    return np.sort(np.random.default_rng(seed).choice(users, size=most, replace=False))
