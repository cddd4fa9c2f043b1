"""What each feature is worth, learned from a tenant's own slates with the place taken out of the clicks.

A click at a place that is seldom looked at says more than one at the top. With examination e(k) of place k and click c,
c / e(k) is an unbiased stand-in for "would have been clicked if looked at" (Joachims et al. 2017; Saito et al. 2020).
A logistic regression is fitted to it, drawn towards the weights that nobody has learned. The newest fifth of slates
judges: unless it is foretold better than by those weights, they stand.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from podion import TenantCaller
from podion_recommender.catalogue import Nothing
from podion_recommender.ranker import CURRENT, DEFAULT_WEIGHTS, FEATURES, Ranker
from podion_recommender.slate_log import newest_slates, places
from podion_recommender.slates import Slate
from podion_recommender.steering import steering_of

JOB = "learn_weights"
LEAST_CLICKS = 200
_MOST_READ = 10_000
_HELD_OUT = 0.2
_LARGEST = 10.0
"""Of an inverse examination: beyond it, one lucky click far down would outweigh a hundred."""
_RIDGE = 20.0
_STEPS = 30

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Places that were shown: their features [rows, features], and clicks over their examination [rows]."""

    features: Floats
    targets: Floats

    @property
    def clicks(self) -> int:
        """How many were clicked."""
        return int((self.targets > 0).sum())


def rows_of(slates: Sequence[Slate], examined: Callable[[int], float]) -> Rows:
    """Return the places of slates that merit or chance filled; rules put items where they say nothing of worth."""
    told = [place for slate in slates for place in places(slate) if not place.pinned]
    features = [[place.shown.features.get(name, 0.0) for name in FEATURES] for place in told]
    targets = [min(_LARGEST, 1 / examined(place.shown.position)) if place.clicked else 0.0 for place in told]
    return Rows(features=np.asarray(features, float).reshape(-1, len(FEATURES)), targets=np.asarray(targets, float))


def learned(slates: Sequence[Slate], examined: Callable[[int], float]) -> dict[str, float] | None:
    """Return weights by feature, none below 0; None where too few clicks are told, or nothing is gained.

    `slates` come newest first. Weights keep the sum of those that nobody has learned, as rules add to scores.
    """
    newest = round(_HELD_OUT * len(slates))
    held, taught = rows_of(slates[:newest], examined), rows_of(slates[newest:], examined)
    if taught.clicks < LEAST_CLICKS or not held.clicks:
        return None
    usual = np.array([DEFAULT_WEIGHTS[name] for name in FEATURES])
    ours = np.maximum(_fitted(taught, usual), 0.0)
    if not ours.sum() or _loss(held, *_scaled(taught, ours)) >= _loss(held, *_scaled(taught, usual)):
        return None
    told = ours * usual.sum() / ours.sum()
    return {name: round(float(weight), 6) for name, weight in zip(FEATURES, told, strict=True)}


async def learn_weights(caller: TenantCaller, payload: Nothing) -> None:
    """The job: learn the weights anew and keep them; where nothing is gained, what was learned before goes."""
    slates = await newest_slates(caller, most=_MOST_READ)
    steering = await steering_of(caller)
    weights = await asyncio.to_thread(learned, slates, steering.examined)
    if weights is None:
        await caller.store.delete_all(Ranker, [CURRENT])
        return
    rows = rows_of(slates, steering.examined)
    kept = Ranker(id=CURRENT, weights=weights, impressions=len(rows.targets), clicks=rows.clicks, at=datetime.now(UTC))
    await caller.store.put(kept)


def _fitted(rows: Rows, prior: Floats) -> Floats:
    """Return the weights at the least of the penalised loss, by Newton's method; the penalty draws to `prior`."""
    design = np.column_stack([rows.features, np.ones(len(rows.targets))])
    centre = np.append(prior, 0.0)
    penalty = np.append(np.full(len(prior), _RIDGE), 1e-6)
    weights = np.append(prior, np.log(max(rows.targets.mean(), 1e-6)))
    for _ in range(_STEPS):
        share = _sigmoid(design @ weights)
        slope = design.T @ (share - rows.targets) + penalty * (weights - centre)
        bend = (design * (share * (1 - share))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        weights = weights - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-6:
            break
    return weights[:-1]


def _scaled(rows: Rows, weights: Floats) -> tuple[Floats, float, float]:
    """Return weights with the scale and the offset at which they foretell the rows best: only the order is compared."""
    scores = rows.features @ weights
    line = Rows(features=scores[:, None], targets=rows.targets)
    scale, offset = 1.0, float(np.log(max(rows.targets.mean(), 1e-6)))
    for _ in range(_STEPS):
        share = _sigmoid(scale * scores + offset)
        design = np.column_stack([line.features, np.ones(len(scores))])
        bend = (design * (share * (1 - share))[:, None]).T @ design + 1e-3 * np.eye(2)
        step = np.clip(np.linalg.solve(bend, design.T @ (share - line.targets)), -1.0, 1.0)
        scale, offset = scale - float(step[0]), offset - float(step[1])
    return weights, scale, offset


def _loss(rows: Rows, weights: Floats, scale: float, offset: float) -> float:
    """Return the mean loss of the stand-ins for relevance."""
    scores = scale * (rows.features @ weights) + offset
    return float((np.logaddexp(0.0, scores) - rows.targets * scores).mean())


def _sigmoid(values: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(values, -30, 30)))
    return found
