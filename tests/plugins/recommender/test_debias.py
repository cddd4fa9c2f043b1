"""Weights learned from clicks: what draws clicks and not what stands on top, and nothing where nothing is gained."""

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from podion_recommender.catalogue import Nothing
from podion_recommender.debias import learn_weights, learned, rows_of
from podion_recommender.ranker import CURRENT, DEFAULT_WEIGHTS, FEATURES, Ranker
from podion_recommender.slates import Shown, Slate

NOW = datetime.now(UTC)


def examined(position: int) -> float:
    return float(1 / (1 + position))


def slates(count: int, drawn_by: str, seed: int = 3) -> list[Slate]:
    """Return slates whose first places hold what is popular, and whose clicks follow one feature where looked at."""
    chance = Random(seed)
    made = []
    for number in range(count):
        rows = [{name: chance.random() for name in FEATURES} for _ in range(6)]
        rows.sort(key=lambda row: -row["popularity"])
        items = []
        for place, row in enumerate(rows):
            looked_at = chance.random() < examined(place)
            clicked = looked_at and drawn_by != "" and chance.random() < row[drawn_by] ** 3
            clicked = clicked or (drawn_by == "" and looked_at and chance.random() < 0.3)
            items.append(
                Shown(item_id=f"i{place}", score=1.0, source="next_item", position=place, propensity=1.0, features=row,
                      outcomes=["click"] if clicked else [])
            )  # fmt: skip
        made.append(Slate(id=f"s{number}", at=NOW, items=items, personalized=True))
    return made


def test_what_draws_clicks_is_learned_and_not_what_stands_on_top() -> None:
    """Popular things stand on top and so are clicked more; with the place taken out, affinity is what counts."""
    log = slates(1_500, "affinity")
    weights = learned(log, examined)
    naive = learned(log, lambda position: 1.0)
    assert weights is not None and naive is not None
    assert sum(weights.values()) == pytest.approx(sum(DEFAULT_WEIGHTS.values()), abs=1e-3)
    share = weights["popularity"] / weights["affinity"]
    assert max(weights, key=lambda name: weights[name]) == "affinity"
    assert share < 0.2 < naive["popularity"] / naive["affinity"]


def test_nothing_is_learned_from_few_clicks_or_from_none_that_tell() -> None:
    assert learned(slates(30, "affinity"), examined) is None
    assert learned([], examined) is None
    kept = learned(slates(800, ""), examined)
    assert kept is None or max(kept.values()) < 6


def test_pinned_places_teach_nothing() -> None:
    [slate] = slates(1, "")
    pinned = slate.model_copy(update={"items": [each.model_copy(update={"source": "pinned"}) for each in slate.items]})
    assert len(rows_of([slate], examined).targets) == 6
    assert len(rows_of([pinned], examined).targets) == 0


def test_the_job_keeps_what_it_learned_for_its_own_tenant_alone(new_caller: Any) -> None:
    async def story() -> None:
        ours, theirs = new_caller(tenant="ten_a"), new_caller(tenant="ten_b")
        for caller, log in ((ours, slates(900, "price")), (theirs, slates(20, "price"))):
            await caller.store.put_all(log)
            await learn_weights(caller, Nothing())
        kept = await ours.store.get(Ranker, CURRENT)
        assert max(kept.weights, key=lambda name: kept.weights[name]) == "price" and kept.clicks > 200
        assert theirs.store.all(Ranker) == []
        await ours.store.delete_all(Slate, [f"s{n}" for n in range(900)])
        await learn_weights(ours, Nothing())
        assert ours.store.all(Ranker) == []

    asyncio.run(story())
