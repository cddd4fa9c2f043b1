"""What rankings show beside hitting: how known and how alike their items are, and how those fare who are new."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from podion import RankingAnswer
from podion_recommender.schema import Visit

_FIRST = 10
_NEW_USER = 5
"""Steps of a past up to which a user is new."""

_RARE_ITEM = 5
"""Times up to which an item was taken in training for it to count as rare."""


def figures(
    answers: Sequence[RankingAnswer],
    visits: Sequence[Visit],
    places: Mapping[str, int],
    counts: NDArray[np.floating],
    categories: NDArray[np.integer],
) -> dict[str, float]:
    """Return what is measured of the first ten of rankings, for items of numbers `places` that were taken `counts`.

    `novelty` is the mean of -log2 of an item's share of all that was taken; `diversity` the share of pairs in one
    ranking whose `categories` differ (-1: unknown, left out). `ndcg@10` and `recall@50` stand once more for new users
    (up to 5 steps of past) and rare items (taken up to 5 times), with how many of each there were.
    """
    shares = (counts + 1) / (counts.sum() + len(counts))
    known = [[places[item.item_id] for item in answer.items[:_FIRST] if item.item_id in places] for answer in answers]
    found: dict[str, float] = {}
    shown = [place for own in known for place in own]
    if shown:
        found["novelty"] = float(-np.log2(shares[shown]).mean())
    pairs = [_differ(own, categories) for own in known]
    if differing := [share for share in pairs if share is not None]:
        found["diversity"] = float(np.mean(differing))
    judged = [(answer, visit) for answer, visit in zip(answers, visits, strict=True) if visit.item_id is not None]
    new = [pair for pair in judged if len(pair[1].past or ()) <= _NEW_USER]
    rare = [pair for pair in judged if _taken(pair[1], places, counts) <= _RARE_ITEM]
    return found | _slice("new_users", new) | _slice("rare_items", rare)


def _differ(own: Sequence[int], categories: NDArray[np.integer]) -> float | None:
    told = [int(categories[place]) for place in own if categories[place] >= 0]
    pairs = list(combinations(told, 2))
    return sum(one != other for one, other in pairs) / len(pairs) if pairs else None


def _taken(visit: Visit, places: Mapping[str, int], counts: NDArray[np.floating]) -> float:
    place = places.get(visit.item_id or "")
    return 0.0 if place is None else float(counts[place])


def _slice(name: str, judged: Sequence[tuple[RankingAnswer, Visit]]) -> dict[str, float]:
    """`ndcg@10`, `recall@50` and rows of a part."""
    ranks = [_rank(answer, visit) for answer, visit in judged]
    if not ranks:
        return {f"{name}_rows": 0.0}
    gains = [1 / math.log2(rank + 2) if rank < _FIRST else 0.0 for rank in ranks]
    return {
        f"{name}_rows": float(len(ranks)),
        f"{name}_ndcg@10": float(np.mean(gains)),
        f"{name}_recall@50": float(np.mean([rank < 50 for rank in ranks])),
    }


def _rank(answer: RankingAnswer, visit: Visit) -> float:
    """The place of what came next, in the middle of a tie; infinity where it is not in the ranking."""
    own = next((item.score for item in answer.items if item.item_id == visit.item_id), None)
    if own is None:
        return math.inf
    above = sum(item.score > own for item in answer.items)
    return above + (sum(item.score == own for item in answer.items) - 1) / 2
