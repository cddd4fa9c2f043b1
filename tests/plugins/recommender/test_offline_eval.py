"""The offline evaluation: what was known is parted from what came later, and models are told apart by it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion import AdapterCard
from podion_recommender import chores, offline_eval
from podion_recommender.baselines import rankings
from podion_recommender.catalogue import Nothing
from podion_recommender.offline_report import DEPTH, OfflineReport, figures
from podion_recommender.past_and_later import Taken, leave_one_out, time_cut
from podion_recommender.position_bias import PositionBias
from podion_recommender.retraining import RetrainingState
from podion_recommender.retraining_policy import RetrainingPolicy, Signs, drift, due

NOW = datetime(2026, 7, 1, tzinfo=UTC)
CATALOGUE = ("a", "b", "c", "d", "e")
ACTS = [("u1", "a", 1.0), ("u1", "b", 5.0), ("u1", "a", 9.0), ("u2", "c", 2.0), ("u2", "a", 7.0), ("u3", "d", 8.0)]


def test_a_pair_counts_once_when_it_first_happened() -> None:
    taken = Taken.of([*ACTS, ("u9", "not in the catalogue", 0.0)], CATALOGUE)
    assert taken.names == ["u1", "u2", "u3"]
    assert list(zip(taken.users.tolist(), taken.items.tolist(), taken.at.tolist(), strict=True)) == [
        (0, 0, 1.0), (1, 2, 2.0), (0, 1, 5.0), (1, 0, 7.0), (2, 3, 8.0),
    ]  # fmt: skip
    assert len(Taken.of([], CATALOGUE).users) == 0


def test_leave_one_out_asks_for_each_users_last_item() -> None:
    parted = leave_one_out(Taken.of(ACTS, CATALOGUE), 10, 0)
    assert parted.asked.users.tolist() == [0, 1], "who took one thing leaves no past"
    assert [past.tolist() for past in parted.asked.pasts] == [[0], [2]]
    assert [later.tolist() for later in parted.asked.later] == [[1], [0]]
    assert parted.asked.moments.tolist() == [5.0, 7.0]
    assert sorted(zip(parted.users.tolist(), parted.items.tolist(), strict=True)) == [(0, 0), (1, 2), (2, 3)]


def test_a_time_cut_lets_nothing_through() -> None:
    parted = time_cut(Taken.of(ACTS, CATALOGUE), 6.0, 10, 0)
    assert parted.asked.users.tolist() == [1, 2]
    assert [past.tolist() for past in parted.asked.pasts] == [[2], []], "a user who came later is cold"
    assert [later.tolist() for later in parted.asked.later] == [[0], [3]]
    assert parted.asked.moments.tolist() == [6.0, 6.0]


@given(
    st.lists(
        st.tuples(st.sampled_from("uvwxyz"), st.sampled_from(CATALOGUE), st.integers(0, 30)), min_size=2, max_size=60
    ),
    st.integers(0, 30),
    st.integers(1, 6),
)
def test_no_protocol_tells_a_model_what_comes_later(acts: list[tuple[str, str, int]], cut: int, most: int) -> None:
    taken = Taken.of([(user, item, float(at)) for user, item, at in acts], CATALOGUE)
    for parted in (leave_one_out(taken, most, 1), time_cut(taken, float(cut), most, 1)):
        assert len(parted.asked.users) <= most
        known = set(zip(parted.users.tolist(), parted.items.tolist(), strict=True))
        for user, past, times, moment, later in zip(
            parted.asked.users.tolist(), parted.asked.pasts, parted.asked.times, parted.asked.moments,
            parted.asked.later, strict=True,
        ):  # fmt: skip
            assert len(later) and not set(past.tolist()) & set(later.tolist())
            assert not {(user, item) for item in later.tolist()} & known
            assert {(user, item) for item in past.tolist()} <= known
            assert (np.diff(times) >= 0).all() and (times <= moment).all()


def chains(users: int, items: int = 40, seed: int = 1) -> list[tuple[str, str, float]]:
    """Users who take item after item, each the one after the last, but for the popular 0 now and then."""
    chance = np.random.default_rng(seed)
    acts = []
    for user in range(users):
        at, item = float(chance.random()), int(chance.integers(1, items - 8))
        for step in range(7):
            taken = 0 if chance.random() < 0.15 else item + step
            acts.append((f"u{user}", f"i{taken}", at + step))
    return acts


def test_every_baseline_ranks_the_whole_catalogue_without_the_past() -> None:
    names = [f"i{number}" for number in range(60)]
    parted = leave_one_out(Taken.of(chains(80), names), 50, 3)
    found = dict(rankings(parted, names, DEPTH, 3, with_als=True))
    assert list(found) == ["popularity", "item_cosine", "sequence_cosine", "als"]
    features = [frozenset({f"t{number % 4}"}) for number in range(60)]
    told = {name: figures(name, ranked, parted, features, found["popularity"]) for name, ranked in found.items()}
    for ranked in found.values():
        for row, past in zip(ranked, parted.asked.pasts, strict=True):
            left = row[row >= 0]
            assert sorted({*left.tolist(), *past.tolist()}) == list(range(60)), "everything that is left, each once"
            assert not set(left.tolist()) & set(past.tolist())
    assert told["sequence_cosine"].metrics["ndcg@10"] > told["popularity"].metrics["ndcg@10"] + 0.2
    low, high = told["sequence_cosine"].against_popularity or (0, 0)
    assert 0 < low < high
    assert told["popularity"].metrics["coverage"] < told["sequence_cosine"].metrics["coverage"]


def test_a_cold_user_gets_what_is_popular_from_every_baseline() -> None:
    names = [f"i{number}" for number in range(60)]
    acts = [*chains(60), ("new", "i5", 100.0)]
    parted = time_cut(Taken.of(acts, names), 50.0, 9, 0)
    first = {name: ranked[0, 0] for name, ranked in rankings(parted, names, DEPTH, 0, with_als=False)}
    assert first == dict.fromkeys(first, 0)


@pytest.fixture
def shop(counter: Any) -> Any:
    names = [f"i{number}" for number in range(60)]
    counter.stock([{"item_id": name, "title": f"thing {name}", "category": f"c{name[-1]}"} for name in names])
    sent = [
        {
            "event_id": f"e{number}",
            "user_id": user,
            "item_id": item,
            "kind": "click",
            "at": (NOW + timedelta(hours=at)).isoformat(),
        }
        for number, (user, item, at) in enumerate(chains(60))
    ]
    counter.send(sent)
    return counter


def live(caller: Any, made: datetime = NOW) -> None:
    caller.ranking = [f"i{number}" for number in range(59, -1, -1)]
    caller.cards = [AdapterCard(adapter="v1", method="head", base="b", live=True, created_at=made)]


def test_a_report_over_http_with_the_live_adapter_beside_the_baselines(shop: Any, two_counters: list[Any]) -> None:
    shop.call("GET", "/offline-eval", 404)
    caller = shop.tenant.caller
    live(caller)
    asked = {"protocol": "leave_one_out", "users": 40, "als": False}
    waiting = shop.call("POST", "/offline-eval", 202, json=asked)
    assert waiting["state"] == "waiting"
    told = shop.call("GET", "/offline-eval")
    assert (told["id"], told["state"], told["rows"], told["items"]) == (waiting["id"], "done", 40, 60)
    models = {model["model"]: model for model in told["models"]}
    assert list(models) == ["next_item", "popularity", "item_cosine", "sequence_cosine"]
    assert models["next_item"]["may_have_learned"] == 0.0, "all of it happened after the adapter was made"
    assert models["next_item"]["metrics"]["ndcg@10"] < models["sequence_cosine"]["metrics"]["ndcg@10"]
    assert {"mrr", "map", "recall@50", "novelty", "diversity", "gini", "tail_share"} <= set(
        models["popularity"]["metrics"]
    )
    assert all(visit.user_id.startswith("evaluated-") for visit in caller.asked), "nobody is named"
    assert set(models["popularity"]["slices"]) == {"cold_users", "cold_items"}
    two_counters[1].call("GET", f"/offline-eval/{told['id']}", 404)
    two_counters[1].call("GET", "/offline-eval", 404)


def test_what_the_adapter_may_have_learned_is_said_and_where_its_data_ended_is_believed(shop: Any) -> None:
    live(shop.tenant.caller, NOW + timedelta(days=9))
    asked = {"protocol": "time_cut", "als": False}
    shop.call("POST", "/offline-eval", 202, json=asked)
    told = shop.call("GET", "/offline-eval")
    assert told["models"][0]["may_have_learned"] == 1.0
    assert any("by heart" in note for note in told["notes"])
    ended = (NOW + timedelta(hours=4)).isoformat()
    shop.call("POST", "/offline-eval", 202, json={**asked, "learned_until": ended})
    clean = shop.call("GET", "/offline-eval")
    assert clean["models"][0]["may_have_learned"] == 0.0 and clean["notes"] == []
    assert datetime.fromisoformat(clean["cut"]) == NOW + timedelta(hours=4), "the cut is where its knowledge ends"


def test_too_little_and_too_slow_are_told_in_the_report(counter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counter.call("POST", "/offline-eval", 202, json={})
    told = counter.call("GET", "/offline-eval")
    assert told["state"] == "failed" and "at least 20 users" in told["problem"]
    monkeypatch.setattr(offline_eval, "MOST_SECONDS", 0.0)
    counter.call("POST", "/offline-eval", 202, json={})
    assert "ask about fewer users" in counter.call("GET", "/offline-eval")["problem"]
    assert "Input should be" in str(counter.call("POST", "/offline-eval", 422, json={"protocol": "random"}))


def test_a_job_that_runs_again_after_a_crash_does_the_work_once(caller: Any) -> None:
    done = OfflineReport(id="oev_1", state="done", asked_at=NOW, rows=7)
    begun = OfflineReport(id="oev_2", state="running", asked_at=NOW)

    async def again() -> None:
        await caller.store.put_all([done, begun])
        for report in (done, begun):
            await offline_eval.evaluate(caller, offline_eval.Evaluation(report=report.id))

    asyncio.run(again())
    first, second = caller.store.all(OfflineReport)
    assert first == done and second.state == "failed"


def test_an_engine_that_is_away_is_told_in_the_report(shop: Any) -> None:
    live(shop.tenant.caller)
    shop.tenant.caller.ranking = None
    shop.call("POST", "/offline-eval", 202, json={"als": False})
    told = shop.call("GET", "/offline-eval")
    assert told["state"] == "failed" and told["models"] == [] and "nothing has learned" in told["problem"]


def signs(**fields: Any) -> Signs:
    return Signs(**{"adapter": "v1", "age_days": 1.0, "interactions": 1_000, "new": 300, "new_share": 0.1} | fields)


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({}, []),
        ({"new_share": 0.3}, ["new_interactions"]),
        ({"age_days": 40.0, "drift": 0.2}, ["age", "drift"]),
        ({"age_days": 400.0, "new": 10}, []),
        ({"adapter": None, "age_days": None, "new_share": 1.0}, ["untrained"]),
        ({"adapter": None, "age_days": None, "new": 10}, []),
    ],
)
def test_when_a_run_is_due(fields: dict[str, Any], reasons: list[str]) -> None:
    assert due(signs(**fields), RetrainingPolicy()) == reasons


def test_drift_is_what_chance_does_not_explain() -> None:
    chance = np.random.default_rng(4)
    draw = lambda p: [f"i{item}" for item in chance.choice(300, size=400, p=p)]  # noqa: E731
    flat, peaked = np.full(300, 1 / 300), np.r_[np.full(30, 0.03), np.full(270, 0.1 / 270)]
    same, moved = drift(draw(flat), draw(flat), 1), drift(draw(flat), draw(peaked), 1)
    assert same is not None and moved is not None
    assert same < 0.05 and 0.2 < moved <= 1, "few acts on many items are far apart by chance alone"
    assert drift(["a"] * 100, ["b"] * 100, 1) == pytest.approx(1.0, abs=0.02)
    assert drift(["a"] * 99, ["b"] * 500, 1) is None


def test_the_tenant_is_told_once_for_each_reason(shop: Any) -> None:
    caller = shop.tenant.caller
    shop.call("GET", "/retraining", 404)
    for _ in range(2):
        state = shop.call("POST", "/retraining:look")
    assert state["due"] == ["untrained"] and state["signs"]["new"] == len(chains(60))
    assert [name for name, _ in caller.events] == ["retraining.due"]
    live(caller, NOW + timedelta(hours=3))
    assert shop.call("POST", "/retraining:look")["due"][0] == "new_interactions"
    assert caller.events[-1][1].signs.adapter == "v1" and len(caller.events) == 2
    assert "POST /v1/recommender/runs" in caller.events[-1][1].steps
    live(caller, NOW + timedelta(days=9))
    assert shop.call("POST", "/retraining:look")["due"] == [] and len(caller.events) == 2
    assert shop.call("GET", "/retraining")["due"] == []


def test_the_hourly_look_and_the_daily_fit_are_jobs(caller: Any) -> None:
    for schedule in chores.SCHEDULES:
        asyncio.run(caller.enqueue(schedule.job, Nothing()))
    [state], [bias] = caller.store.all(RetrainingState), caller.store.all(PositionBias)
    assert state.due == [] and caller.events == [] and bias.source == "prior"
