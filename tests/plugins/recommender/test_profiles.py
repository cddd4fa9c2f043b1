"""What acts make of profiles, popularity and neighbours: each act once, in one write, and nothing is forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podion import DataError
from podion_recommender.config import RecommenderSettings
from podion_recommender.covisits import Neighbours, followed, joined, voted
from podion_recommender.ingest import take_in
from podion_recommender.interactions import Interaction, InteractionDraft
from podion_recommender.popularity import EVERYTHING, Fresh, Popular, counted
from podion_recommender.schema import Item
from podion_recommender.serving import Wish, recommend
from podion_recommender.shoppers import MOST_BARRED, Shopper, Trail, after, paged
from podion_recommender.users import UserDraft, forget, take_users

NOW = datetime.now(UTC) - timedelta(hours=12)
SETTINGS = RecommenderSettings(exploration=0)


def act(number: int, user: str, item: str, kind: str = "click") -> dict[str, Any]:
    """Return an act as it is sent: `number` names it, and is how many seconds after a begin it happened."""
    at = NOW + timedelta(seconds=number)
    return {"event_id": f"e-{number}", "user_id": user, "item_id": item, "kind": kind, "at": at.isoformat()}


def drafts(*acts: dict[str, Any]) -> list[InteractionDraft]:
    return [InteractionDraft.model_validate(each) for each in acts]


def item(id: str, category: str | None = None, price: float | None = None) -> Item:
    return Item(id=id, title=f"the {id}", category=category, price=price, created_at=NOW - timedelta(days=1))


def interaction(number: int, id: str, kind: str = "click", user: str = "u", **more: Any) -> Interaction:
    at = NOW + timedelta(seconds=number)
    return Interaction.model_validate(
        {"id": f"e{number}", "user_id": user, "item_id": id, "kind": kind, "at": at, **more}
    )


def test_an_act_that_comes_again_changes_nothing(caller: Any) -> None:
    async def story() -> None:
        acts = drafts(act(1, "u", "i1", "purchase"), act(2, "u", "i2"), act(1, "u", "i1", "purchase"))
        first = await take_in(caller, acts)
        assert (first.created, first.known) == (2, 1)
        before = {kind: caller.store.all(kind) for kind in (Shopper, Popular, Neighbours, Interaction)}
        second = await take_in(caller, acts)
        assert (second.created, second.known) == (0, 3)
        assert before == {kind: caller.store.all(kind) for kind in before}

    asyncio.run(story())


def test_a_crash_leaves_nothing_half_done(caller: Any) -> None:
    """The write fails; sent again, the act counts, and the item that was bought does not return."""

    async def story() -> None:
        await caller.store.put_all([item(f"i{n}") for n in range(3)])
        caller.store.fails_at = caller.store.writes + 1
        with pytest.raises(OSError, match="goes down"):
            await take_in(caller, drafts(act(1, "u", "i1", "purchase")))
        assert caller.store.all(Interaction) == caller.store.all(Shopper) == []
        assert (await take_in(caller, drafts(act(1, "u", "i1", "purchase")))).created == 1
        visitor = await caller.store.get(Shopper, "u")
        slate = await recommend(caller, visitor, Wish(count=9, user_id="u"), SETTINGS)
        assert {each.item_id for each in slate.items} == {"i0", "i2"}

    asyncio.run(story())


def test_no_profile_forgets_what_was_bought_however_long_ago(caller: Any) -> None:
    """More purchases than a profile holds lie on pages, and serving reads them."""

    async def story() -> None:
        many = MOST_BARRED + 500
        shopper = Shopper(id="u", alias="a")
        pages: list[Any] = []
        for number in range(many):
            shopper, more = paged(after(shopper, interaction(number, f"i{number}", "purchase"), None, SETTINGS))
            pages += more
        assert len(shopper.barred) <= MOST_BARRED
        await caller.store.put_all([shopper])
        for start in range(0, len(pages), 500):
            await caller.store.put_all(pages[start : start + 500])
        for start in range(0, many + 3, 500):
            await caller.store.put_all([item(f"i{number}") for number in range(start, min(start + 500, many + 3))])
        slate = await recommend(caller, shopper, Wish(count=10, user_id="u"), SETTINGS)
        assert {each.item_id for each in slate.items} == {f"i{number}" for number in range(many, many + 3)}
        logged = {id for page in caller.store.all(Trail) for id in page.interactions} | set(shopper.logged)
        assert logged == {f"e{number}" for number in range(many)}

    asyncio.run(story())


def test_a_forgotten_user_leaves_no_trace(caller: Any) -> None:
    """After a deletion, the user's id stands in no document of any kind; the other user is as before."""

    async def story() -> None:
        await caller.store.put_all([item(f"i{n}", "c") for n in range(20)])
        acts = [act(n, "anna", f"i{n % 20}", "purchase" if n % 3 else "click") for n in range(300)]
        acts += [act(1_000 + n, "bert", f"i{n}") for n in range(5)]
        for start in range(0, len(acts), 100):
            await take_in(caller, drafts(*acts[start : start + 100]))
        await take_users(caller, [UserDraft(user_id="anna", attributes={"interests": "tea"})])
        for user in ("anna", "bert"):
            await recommend(caller, await caller.store.get(Shopper, user), Wish(user_id=user), SETTINGS)
        bert = await caller.store.get(Shopper, "bert")
        gone = await forget(caller, "anna")
        assert (gone.interactions, gone.slates) == (300, 1)
        for kind, held in caller.store.kept.items():
            for id, document in held.items():
                assert "anna" not in id + document.model_dump_json(), (kind, document)
        assert bert == await caller.store.get(Shopper, "bert")
        assert len(caller.store.all(Interaction)) == 5
        alias = caller.asked[0].user_id if caller.asked else ""
        assert alias != "anna"

    asyncio.run(story())


def test_who_takes_consent_back_is_emptied_and_never_filled_again(caller: Any) -> None:
    async def story() -> None:
        await take_in(caller, drafts(act(1, "u", "i1"), act(2, "u", "i2", "purchase")))
        await take_users(caller, [UserDraft(user_id="u", consent_personalized=False)])
        await take_in(caller, drafts(act(3, "u", "i3"), act(4, "u", "i4", "hide")))
        kept = await caller.store.get(Shopper, "u")
        assert (kept.recent, kept.tastes, kept.attributes) == ([], {}, {})
        assert set(kept.barred) == {"i2", "i4"}
        assert caller.store.all(Neighbours) == [] or all(
            "i3" not in each.after for each in caller.store.all(Neighbours)
        )

    asyncio.run(story())


def test_what_identifies_a_person_is_not_kept_of_what_users_say(caller: Any) -> None:
    async def story() -> None:
        told = {"interests": "tea, write to ada@example.org", "age": 33.0, "member": True}
        await take_users(caller, [UserDraft(user_id="u", attributes=told)])
        kept = (await caller.store.get(Shopper, "u")).attributes
        assert kept == {"interests": "tea, write to [EMAIL]", "age": 33.0, "member": True}

    asyncio.run(story())


def test_tastes_fade_and_late_news_finds_its_place() -> None:
    shopper = Shopper(id="u")
    shopper = after(shopper, interaction(100, "i1", "purchase"), item("i1", "tea", 10), SETTINGS)
    shopper = after(shopper, interaction(50, "i0"), item("i0", "coffee", 20), SETTINGS)
    assert [touch.item_id for touch in shopper.recent] == ["i0", "i1"]
    assert shopper.affinity("tea") == pytest.approx(0.75, abs=1e-4)
    later = interaction(90 * 86_400, "i2")
    assert after(shopper, later, item("i2", "coffee"), SETTINGS).affinity("coffee") > 0.6
    assert shopper.affinity(None) == 0


def test_a_rating_counts_from_where_the_tenant_says() -> None:
    good, bad = interaction(1, "i1", "rate", value=4.0), interaction(2, "i2", "rate", value=2.0)
    shopper = after(after(Shopper(id="u"), good, None, SETTINGS), bad, None, SETTINGS)
    assert [touch.item_id for touch in shopper.recent] == ["i1"]


def test_popularity_halves_with_every_half_life_and_never_overflows() -> None:
    begin = Popular(id=EVERYTHING, epoch=NOW)
    week = timedelta(days=7)
    told = counted(begin, [("old", 1.0, NOW), ("new", 1.0, NOW + week)], 7)
    assert told.best(2) == [("new", 1.0), ("old", pytest.approx(0.5))]
    far = counted(told, [("far", 1.0, NOW + 4_000 * week)], 7)
    assert far.best(1)[0][0] == "far" and all(score < 1e15 for score in far.scores.values())
    late = counted(far, [("past", 1.0, NOW)], 7)
    assert late.best(1)[0][0] == "far"
    many = counted(begin, [(f"i{n}", 1.0 + n, NOW) for n in range(2_000)], 7)
    assert len(many.scores) <= 500 and many.best(1)[0][0] == "i1999"


def test_what_follows_is_counted_by_nearness_and_shared_out() -> None:
    assert followed(["b", "a", "c", "x", "y"], "c", 2.0) == [
        ("b", "c", 2.0),
        ("a", "c", 1.0),
        ("x", "c", pytest.approx(2 / 3)),
    ]
    kept = {"a": joined(Neighbours(id="a"), [("x", 9.0), ("y", 1.0)]), "b": Neighbours(id="b", after={"y": 1.0})}
    votes = voted(["b", "a"], kept)
    assert votes["y"] == (pytest.approx(1.05), "b")
    assert votes["x"] == (pytest.approx(0.45), "a")
    crowded = joined(Neighbours(id="a"), [(f"i{n}", float(n)) for n in range(200)])
    assert len(crowded.after) <= 90 and "i199" in crowded.after


def test_the_newest_are_kept_by_when_they_were_made() -> None:
    fresh = Fresh(id=EVERYTHING).with_items((f"i{n}", NOW + timedelta(hours=n)) for n in range(300))
    assert fresh.newest(2) == ["i299", "i298"]
    assert len(fresh.items) == 200
    assert fresh.with_items([("older", NOW - timedelta(days=1))]) == fresh


def test_times_that_cannot_be_are_refused_before_anything_is_kept(caller: Any) -> None:
    async def story() -> None:
        good, bad = act(1, "u", "i1"), act(2, "u", "i1") | {"at": (NOW + timedelta(days=2)).isoformat()}
        with pytest.raises(DataError, match="more than an hour ahead"):
            await take_in(caller, drafts(good, bad))
        assert caller.store.all(Interaction) == []

    asyncio.run(story())
