"""What an adapter version would have ranked for users of the past, and how much of it the version may have learned."""

import numpy as np
from numpy.typing import NDArray

from podion import TenantCaller
from podion_recommender.offline_report import DEPTH
from podion_recommender.past_and_later import Asked, Parted, Taken
from podion_recommender.schema import LONGEST_PAST, Step, Visit
from podion_recommender.tasks import next_item

Ints = NDArray[np.int64]

_AT_ONCE = 25


async def adapter_rankings(caller: TenantCaller, adapter: str, taken: Taken, asked: Asked) -> Ints:
    """Return an adapter's rankings [asked, depth] of what the catalogue holds, -1 where one ends; each is metered."""
    number = {item: place for place, item in enumerate(taken.catalogue)}
    rankings = np.full((len(asked.users), DEPTH), -1, dtype=np.int64)
    for start in range(0, len(asked.users), _AT_ONCE):
        rows = range(start, min(start + _AT_ONCE, len(asked.users)))
        visits = [_visit(taken, asked, row) for row in rows]
        prediction = await caller.predict(next_item, visits, adapter=adapter)
        for row, answer in zip(rows, prediction.answers, strict=True):
            places = [number[each.item_id] for each in answer.items if each.item_id in number][:DEPTH]
            rankings[row, : len(places)] = places
    return rankings


def older(taken: Taken, parted: Parted, moment: float) -> float:
    """Return the share of what came later that happened before a moment."""
    rows = np.isin(taken.users, parted.asked.users)
    pairs = zip(taken.users[rows].tolist(), taken.items[rows].tolist(), taken.at[rows].tolist(), strict=True)
    when = {(user, item): at for user, item, at in pairs}
    users = parted.asked.users.tolist()
    later = [
        when[user, item]
        for user, wanted in zip(users, parted.asked.later, strict=True)
        for item in wanted.tolist()
    ]  # fmt: skip
    return float((np.array(later) < moment).mean())


def _visit(taken: Taken, asked: Asked, row: int) -> Visit:
    """Return the visit that a model is asked about: nobody's name is in it."""
    past = [
        Step(item_id=taken.catalogue[item], at=at)
        for item, at in zip(asked.pasts[row].tolist(), asked.times[row].tolist(), strict=True)
    ]
    return Visit(
        user_id=f"evaluated-{row}",
        timestamp=float(asked.moments[row]),
        past=tuple(past[-LONGEST_PAST:]),
        exclude=tuple(step.item_id for step in past[:-LONGEST_PAST]),
        count=2 * DEPTH,
    )
