"""Rankings out of users' vectors: every item scored exactly, what must not be answered left out before the cut."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from podion import RankedItem, RankingAnswer
from podion_recommender.heads.asking import Asked
from podion_recommender.heads.choosing import FLOOR

_BLOCK = 4_000_000
"""Numbers at a time: a row of a catalogue of 100,000 items stands with 40 others."""

_FIRST = 10


@dataclass(frozen=True)
class Catalogue:
    """What ranks: items' vectors [items, width] and `bias`; of pairs, the followers of item i from `starts`[i] on.

    `centre`, `basis` and `tower` turn the vector of a new item's text into its own.
    """

    labels: Sequence[str]
    items: Tensor
    bias: Tensor
    starts: Tensor
    followers: Tensor
    closeness: Tensor
    recency: float
    weight: float
    temperature: float
    centre: Tensor
    basis: Tensor
    tower: Tensor


def rankings(
    known: Catalogue, users: Tensor, pasts: Tensor, asked: Sequence[Asked], threshold: float | None = None
) -> list[RankingAnswer]:
    """Return a ranking a row, for users' vectors [rows, width] and pasts [rows, length], newest first.

    Scores are logarithms of what is proportional to a probability. The confidence is how probable the first ten are
    together; below `threshold` a ranking abstains.
    """
    size = max(1, _BLOCK // len(known.labels))
    answers: list[RankingAnswer] = []
    for first in range(0, len(asked), size):
        rows = slice(first, first + size)
        answers += _block(known, users[rows], pasts[rows], asked[rows])
    if threshold is None:
        return answers
    return [answer.model_copy(update={"abstained": answer.confidence < threshold}) for answer in answers]


def _block(known: Catalogue, users: Tensor, pasts: Tensor, asked: Sequence[Asked]) -> list[RankingAnswer]:
    scores = users @ known.items.T + known.bias
    totals = scores.logsumexp(dim=1, keepdim=True)
    scores -= totals
    near, mean = _near(known, pasts)
    scores += known.weight * near
    for row, one in enumerate(asked):
        scores[row, torch.from_numpy(one.barred)] = -torch.inf
    widest = min(max(one.count for one in asked), scores.shape[1])
    best = torch.topk(scores, widest, dim=1)
    heat = 1 / known.temperature
    sums = (scores * heat).logsumexp(dim=1)
    answers = []
    for row, one in enumerate(asked):
        places, values = best.indices[row], best.values[row]
        found = zip(places.tolist(), values.tolist(), near[row, places].tolist(), strict=True)
        items = [
            RankedItem.model_construct(item_id=known.labels[place], score=score, source=_source(close))
            for place, score, close in found
            if score > -torch.inf
        ]
        total = sums[row]
        if one.fresh:
            fresh = _fresh(known, users[row], one) - totals[row, 0] + known.weight * mean[row]
            total = torch.logaddexp(total, (fresh * heat).logsumexp(dim=0))
            items += [
                RankedItem.model_construct(item_id=item, score=score, source="text")
                for item, score in zip(one.fresh, fresh.tolist(), strict=True)
            ]
            items.sort(key=lambda item: -item.score)
        first = torch.tensor([item.score for item in items[:_FIRST]])
        sure = float(torch.exp(first * heat - total).sum())
        answers.append(RankingAnswer(items=tuple(items[: one.count]), confidence=min(1.0, max(0.0, sure))))
    return answers


def _near(known: Catalogue, pasts: Tensor) -> tuple[Tensor, Tensor]:
    """Return logarithms of how near items are to pasts, [rows, items], 0 for the nearest, and of the mean [rows]."""
    near = torch.zeros(len(pasts), len(known.labels))
    there = pasts >= 0
    rows, columns = there.nonzero(as_tuple=True)
    places = pasts[there]
    lengths = known.starts[places + 1] - known.starts[places]
    if int(lengths.sum()):
        steps = torch.arange(int(lengths.sum())) - torch.repeat_interleave(lengths.cumsum(0) - lengths, lengths)
        entries = torch.repeat_interleave(known.starts[places], lengths) + steps
        weights = torch.repeat_interleave(known.recency ** columns.float(), lengths)
        flat = torch.repeat_interleave(rows, lengths) * near.shape[1] + known.followers[entries].long()
        near.view(-1).index_add_(0, flat, weights * known.closeness[entries].float())
    most = near.amax(dim=1, keepdim=True)
    near /= torch.where(most > 0, most, 1.0)
    mean = near.mean(dim=1)
    return (near + FLOOR).log_(), (mean + FLOOR).log_()


def _fresh(known: Catalogue, user: Tensor, asked: Asked) -> Tensor:
    """Return how a user's vector scores new items by their texts, [new]."""
    texts = (torch.from_numpy(asked.vectors) - known.centre) @ known.basis
    found = torch.cat([texts, torch.ones(len(texts), 1)], dim=1) @ known.tower
    return found[:, :-1] @ user + found[:, -1]


def _source(near: float) -> str:
    return "followed" if near > _UNFOLLOWED else "sequence"


_UNFOLLOWED = -6.9
"""A logarithm just above that of the floor: below it, the item never followed one of the past."""
