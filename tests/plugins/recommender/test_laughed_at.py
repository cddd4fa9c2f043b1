"""What an expert of recommendation would laugh at: each point of the list is a test."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from podion import DataError, RankedItem, RankingAnswer
from podion.finetuning.ranking_metrics import ranking_metrics
from podion_recommender.config import RecommenderSettings
from podion_recommender.popularity import EVERYTHING, Fresh
from podion_recommender.schema import Item
from podion_recommender.serving import Wish, recommend
from podion_recommender.shoppers import Shopper, Touch
from podion_recommender.slates import Slate
from podion_recommender.tasks import next_item
from podion_recommender.vectors import vector_of

NOW = datetime.now(UTC)


def items(count: int, **more: Any) -> list[Item]:
    made = NOW - timedelta(days=400)
    return [
        Item(id=f"i{n:04}", title=f"item {n}", category=f"c{n % 7}", created_at=made + timedelta(hours=n), **more)
        for n in range(count)
    ]


def taken(*ids: str) -> list[Touch]:
    begin = NOW - timedelta(hours=2)
    return [
        Touch(item_id=id, at=begin + timedelta(seconds=n), kind="click", title=f"the {id}") for n, id in enumerate(ids)
    ]


def listed(slate: Slate) -> list[str]:
    return [each.item_id for each in slate.items]


def test_the_split_is_by_time_and_never_at_random() -> None:
    """Each user's last visit is held out, and nothing later than it is learned from."""
    assert (next_item.split.last, next_item.split.time) == ("user_id", "timestamp")


def test_figures_are_over_the_whole_catalogue_and_not_over_a_sample() -> None:
    """Krichene and Rendle (2020): what stands at place 700 of a catalogue of 1,000 counts as such."""
    catalogue = [f"i{n:04}" for n in range(1_000)]
    answer = RankingAnswer(
        confidence=0.5, items=tuple(RankedItem(item_id=id, score=-float(n)) for n, id in enumerate(catalogue))
    )
    told = ranking_metrics([answer, answer], ["i0700", "i0004"], catalogue, brief=True)
    assert told["mrr"] == pytest.approx((1 / 701 + 1 / 5) / 2)
    assert (told["recall@10"], told["recall@50"]) == (0.5, 0.5)
    assert next_item.primary_metric.name == "ndcg@10" and next_item.items is Item


def test_popularity_and_others_stand_beside_the_model_in_every_report() -> None:
    rivals = [import_module(path.partition(":")[0]).__dict__[path.partition(":")[2]] for path in next_item.challengers]
    assert {"popularity", "item_cosine", "sequence_cosine", "als"} <= {rival.name for rival in rivals}


def test_impressions_are_kept_with_slate_and_position(corner_shop: Any) -> None:
    """What was shown and not clicked is told of: the slate has places and propensities, acts name both."""
    slate = corner_shop.slate("u", n=4)
    assert [each["position"] for each in slate["items"]] == [0, 1, 2, 3]
    shown = [
        {
            "event_id": f"imp-{each['position']}",
            "user_id": "u",
            "item_id": each["item_id"],
            "kind": "impression",
            "at": datetime.now(UTC).isoformat(),
            "slate_id": slate["slate_id"],
            "position": each["position"],
        }
        for each in slate["items"]
    ]
    assert corner_shop.send(shown)["created"] == 4
    assert corner_shop.slate("u", n=4)["items"], "an impression bars nothing"


def test_what_was_bought_or_hidden_never_returns(corner_shop: Any, neighbour: Any) -> None:
    """gorse#833, #802, #764: not in the list, not as similar to the user, not when everything else is gone."""
    corner_shop.did("u", "a1", "purchase")
    corner_shop.did("u", "b1", "hide")
    corner_shop.stock([{"item_id": "b2", "title": "hidden", "hidden": True}])
    corner_shop.stock([{"item_id": "b3", "title": "expired", "valid_to": "2024-01-01T00:00:00Z"}])
    for query in (
        {"n": 200},
        {"n": 200, "personalized": False},
        {"n": 3},
        {"category": "teapots"},
        {"context": "teapots"},
    ):
        assert not {"a1", "b1", "b2", "b3"} & set(corner_shop.listed("u", **query)), query
    assert len(corner_shop.listed("u", n=200)) == 6
    assert {"a1", "b1"} <= set(corner_shop.listed("somebody-else", n=200))


def test_two_users_get_two_lists(store_front: Any, made: Any) -> None:
    """gorse#742: who walked along different shelves sees different things."""
    first: dict[str, set[str]] = {}
    for each in made.interactions:
        first.setdefault(each["user_id"], set()).add(each["item_id"].split("-")[0])
    readers = [user for user in first if int(user[-4:]) % 2 == 0][:12]
    lists = {tuple(store_front.listed(user, n=6)) for user in readers}
    assert len(lists) > len(readers) / 2


def test_a_cold_user_is_served_by_words_at_once(store_front: Any, neighbour: Any) -> None:
    """Somebody who has done nothing gets what fits what they said of themselves."""
    users = [{"user_id": "cold-coffee", "attributes": {"interests": "hand grinder for coffee beans"}}]
    store_front.call("POST", "/users", json={"users": users})
    slate = store_front.slate("cold-coffee", n=5)
    assert slate["personalized"] and slate["fallback"] == "no_history"
    assert sum("coffee" in each["item_id"] for each in slate["items"]) >= 3
    told = neighbour.slate("cold-coffee", n=3)
    assert told["fallback"] == "unknown_user"


def test_a_cold_item_is_shown_by_words_at_once(store_front: Any) -> None:
    """gorse#357: an item that came this second, and that nobody has taken, reaches who looks for such a thing."""
    store_front.did("new-reader", "coffee-00-en")
    new = {"item_id": "brand-new", "title": "Electric hand grinder", "text": "An electric grinder for coffee beans.",
           "tags": ["coffee"], "category": "gadgets", "created_at": "2024-01-01T00:00:00Z"}  # fmt: skip
    store_front.stock([new])
    shown = store_front.listed("new-reader", n=20)
    assert "brand-new" in shown
    store_front.call("DELETE", "/items/brand-new")
    assert "brand-new" not in store_front.listed("new-reader", n=20)


def test_the_model_is_told_of_new_items_by_their_words(new_caller: Any) -> None:
    """After training, too: the nearest of the new go along with their vectors, and one on another base goes without."""

    async def story() -> None:
        settings = RecommenderSettings(exploration=0)
        caller = new_caller(ranking=[f"i{n:04}" for n in range(40)], settings=settings)
        await caller.store.put_all(items(40))
        new = [f"n{n:02}" for n in range(15)]
        angles = {id: 0.1 * n for n, id in enumerate(new)}
        caller.places = {id: [math.cos(at), math.sin(at)] for id, at in angles.items()} | {"i0039": [1.0, 0.0]}
        await caller.store.put(Fresh(id=EVERYTHING, items=dict.fromkeys(new, NOW)))
        await recommend(caller, Shopper(id="u", alias="x", recent=taken("i0039")), Wish(), settings)
        [visit] = caller.asked
        assert [fresh.item_id for fresh in visit.fresh] == new[:10]
        assert vector_of(visit.fresh[0].vector, 2) == pytest.approx([1.0, 0.0], abs=1e-3)
        assert visit.user_id == "x"

        class OnAnotherBase(new_caller):  # type: ignore[misc]
            async def predict(self, task: Any, records: Any, *, adapter: str | None = None) -> Any:
                if records[0].fresh:
                    raise DataError("the vector of a fresh item has 2 numbers")
                return await super().predict(task, records, adapter=adapter)

        other = OnAnotherBase(ranking=caller.ranking, settings=settings, store=caller.store, places=caller.places)
        slate = await recommend(other, Shopper(id="u", alias="x", recent=taken("i0039")), Wish(), settings)
        assert slate.fallback is None and len(slate.items) == 10

    asyncio.run(story())


def test_filters_come_before_the_cut(new_caller: Any) -> None:
    """The model's whole answer may not be shown; the list is full all the same, from further down the catalogue."""

    async def story() -> None:
        caller = new_caller(ranking=[f"i{n:04}" for n in range(400)], settings=RecommenderSettings(exploration=0))
        everything = items(600)
        hidden = [each.model_copy(update={"hidden": True}) for each in everything[:350]]
        await caller.store.put_all([*hidden, *everything[350:]])
        visitor = Shopper(id="u", alias="x", recent=taken("i0400"), barred=[each.id for each in everything[350:590]])
        slate = await recommend(caller, visitor, Wish(count=9, user_id="u"), caller.settings)
        assert set(listed(slate)) == {f"i{n:04}" for n in range(590, 600)} & set(listed(slate))
        assert len(slate.items) == 9
        only = await recommend(caller, visitor, Wish(count=9, user_id="u", category="c4"), caller.settings)
        assert {each.item_id for each in only.items} == {each.id for each in everything[590:] if each.category == "c4"}
        alone = new_caller(ranking=[])
        await alone.store.put_all(hidden)
        assert (await recommend(alone, visitor, Wish(count=9), caller.settings)).items == []

    asyncio.run(story())


def test_what_was_only_looked_at_comes_last(new_caller: Any) -> None:
    async def story() -> None:
        caller = new_caller(settings=RecommenderSettings(exploration=0))
        await caller.store.put_all(items(12))
        visitor = Shopper(id="u", alias="x", recent=taken(*(f"i{n:04}" for n in range(6))))
        assert set(listed(await recommend(caller, visitor, Wish(count=6), caller.settings))) == {
            f"i{n:04}" for n in range(6, 12)
        }
        assert len((await recommend(caller, visitor, Wish(count=10), caller.settings)).items) == 10

    asyncio.run(story())


def test_without_personalisation_everybody_gets_one_order(new_caller: Any) -> None:
    """PIPL, article 24: asked for without, or without consent, nothing of the person moves anything in the list."""

    async def story() -> None:
        settings = RecommenderSettings(exploration=0)
        caller = new_caller(ranking=["i0009", "i0008"], settings=settings)
        await caller.store.put_all(items(30))
        likes = Shopper(id="a", alias="x", recent=taken("i0001", "i0002"), tastes={"c3": 5.0}, priced=1, spending=3)
        refuses = likes.model_copy(update={"id": "b", "consent_personalized": False})
        orders = {
            tuple(listed(await recommend(caller, visitor, wish, settings)))
            for visitor, wish in (
                (likes, Wish(count=8, personalized=False)),
                (refuses, Wish(count=8)),
                (None, Wish(count=8, personalized=False)),
            )
        }
        assert len(orders) == 1
        assert not caller.asked, "the model was told of a person"
        told = await recommend(caller, likes, Wish(count=8), settings)
        assert told.personalized and tuple(listed(told)) not in orders
        fallbacks = [
            (await recommend(caller, visitor, wish, settings)).fallback
            for visitor, wish in ((likes, Wish(personalized=False)), (refuses, Wish()), (None, Wish()))
        ]
        assert fallbacks == ["not_personalized", "no_consent", "unknown_user"]

    asyncio.run(story())


def test_the_loop_is_open_to_chance_and_says_how_much(new_caller: Any) -> None:
    """Exploration shows what merit alone would not, and each place tells its propensity."""

    async def story() -> None:
        settings = RecommenderSettings(exploration=0.3, diversity=0)
        caller = new_caller(ranking=[f"i{n:04}" for n in range(40)], settings=settings)
        await caller.store.put_all(items(40))
        visitor = Shopper(id="u", alias="x", recent=taken("i0039"))
        explored = 0
        for _ in range(60):
            slate = await recommend(caller, visitor, Wish(count=5), settings)
            for each in slate.items:
                by_chance = each.source == "explored"
                explored += by_chance
                assert each.propensity < 0.02 if by_chance else each.propensity > 0.69
        assert 30 < explored < 150

    asyncio.run(story())
