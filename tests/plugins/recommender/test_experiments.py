"""Experiments: who is in which arm, what an arm changes, and what the figures say and do not say."""

from collections import Counter as Counts
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from podion import AdapterCard
from podion_recommender.arm_figures import ExperimentReport, Tallies, sample_ratio
from podion_recommender.config import RecommenderSettings
from podion_recommender.interactions import Interaction
from podion_recommender.outcomes import with_outcomes
from podion_recommender.ratios import chi_square_tail, difference, rate
from podion_recommender.schema import Item
from podion_recommender.serving import Wish
from podion_recommender.slates import Shown, Slate
from podion_recommender.treating import treated
from podion_recommender.trials import Arm, Experiment

NOW = datetime(2026, 7, 1, tzinfo=UTC)
HALVES = [{"name": "control", "share": 0.5}, {"name": "varied", "share": 0.5, "diversity": 0.9}]


def experiment(traffic: float = 1.0, id: str = "exp_1", **second: Any) -> Experiment:
    arms = [Arm(name="control", share=0.5), Arm(name="other", share=0.5, **second)]
    return Experiment(id=id, name="x", arms=arms, traffic=traffic, started_at=NOW)


def test_users_stay_in_their_arm_and_fall_as_drawn() -> None:
    one = experiment()
    users = [f"user-{number}" for number in range(4_000)]
    arms = [one.arm_of(user) for user in users]
    assert arms == [one.arm_of(user) for user in users]
    fallen = Counts(arm.name for arm in arms if arm)
    assert stats.binomtest(fallen["other"], 4_000, 0.5).pvalue > 0.001
    again = [experiment(id="exp_2").arm_of(user) for user in users]
    both = sum(a is not None and b is not None and a.name == b.name for a, b in zip(arms, again, strict=True))
    assert stats.binomtest(both, 4_000, 0.5).pvalue > 0.001, "another experiment draws anew"


def test_only_the_share_of_traffic_takes_part_and_more_traffic_moves_nobody() -> None:
    users = [f"user-{number}" for number in range(2_000)]
    few, more = ([experiment(traffic).arm_of(user) for user in users] for traffic in (0.2, 0.6))
    assert stats.binomtest(sum(arm is not None for arm in few), 2_000, 0.2).pvalue > 0.001
    assert all(one == other for one, other in zip(few, more, strict=True) if one is not None)


@given(st.lists(st.floats(0.05, 1), min_size=2, max_size=6), st.text(min_size=1, max_size=20))
def test_everybody_in_it_has_an_arm(shares: list[float], user: str) -> None:
    arms = [Arm(name=f"a{place}", share=share / sum(shares)) for place, share in enumerate(shares)]
    found = Experiment(id="e", name="x", arms=arms, started_at=NOW).arm_of(user)
    assert found in arms
    stopped = Experiment(id="e", name="x", arms=arms, started_at=NOW, state="stopped")
    assert stopped.arm_of(user) is None


def test_an_arm_changes_what_it_names_and_turns_on_nothing_that_was_turned_off() -> None:
    settings = RecommenderSettings()
    one = experiment(diversity=0.9, exploration=0.0, adapter="v2", personalized=True)
    user = next(f"u{n}" for n in range(99) if (arm := one.arm_of(f"u{n}")) and arm.name == "other")
    wish, changed = treated(Wish(user_id=user, personalized=False), settings, one)
    assert (wish.adapter, wish.experiment, wish.variant, wish.personalized) == ("v2", "exp_1", "other", False)
    assert changed == settings.model_copy(update={"diversity": 0.9, "exploration": 0.0})
    off, _ = treated(Wish(user_id=user), settings, experiment(personalized=False))
    assert off.personalized is False
    for nobody in (Wish(), Wish(user_id=user)):
        running = one if nobody.user_id is None else None
        assert treated(nobody, settings, running) == (nobody, settings)


def report(experiment: Experiment, slates: list[Slate], *, complete: bool) -> ExperimentReport:
    tallies = Tallies(experiment)
    for start in range(0, len(slates), 7):
        tallies.count(slates[start : start + 7])
    return tallies.report(complete=complete)


def slate(user: str | None, variant: str, clicks: int, *, hides: int = 0, places: int = 5, **more: Any) -> Slate:
    outcomes = [["click"]] * clicks + [["hide"]] * hides + [[]] * (places - clicks - hides)
    items = [
        Shown(item_id=f"i{place}", score=1, source="x", position=place, propensity=1, outcomes=done)
        for place, done in enumerate(outcomes)
    ]
    id = f"s{user}{variant}{clicks}{len(more)}"
    return Slate(
        id=id, user_id=user, at=NOW, items=items, personalized=True, experiment="exp_1", variant=variant, **more
    )


def made_up(rates: tuple[float, float], users: int, seed: int, hides: float = 0.0) -> list[Slate]:
    """Slates of users who differ much from each other: some click everywhere, most nowhere."""
    chance = np.random.default_rng(seed)
    found = []
    for number in range(users):
        arm = int(chance.random() < 0.5)
        own = float(chance.beta(rates[arm] * 2, (1 - rates[arm]) * 2))
        for _ in range(4):
            clicks = int(chance.binomial(4, own))
            hidden = int(arm and chance.random() < hides)
            found.append(slate(f"u{number}", ("control", "other")[arm], clicks, hides=hidden))
    return found


def test_rates_are_of_places_by_arm_and_place_and_count_users_once() -> None:
    slates = [
        slate("u1", "control", 2, adapter="v1"),
        slate("u1", "control", 0, adapter="v1"),
        slate("u2", "other", 1),
        slate(None, "other", 0),
        slate("u3", "other", 3).model_copy(update={"experiment": "exp_9"}),
    ]
    told = report(experiment(), slates, complete=True)
    control, other = told.arms
    assert (control.users, control.slates, control.ctr.value) == (1, 2, 0.2)
    assert (other.users, other.slates, other.ctr.value) == (2, 2, 0.1)
    assert [(each.shown, each.clicks) for each in control.positions[:3]] == [(2, 1), (2, 1), (2, 0)]
    assert control.adapters == {"v1": 2} and other.adapters == {"none": 2}
    assert control.against is None and other.against is not None
    assert told.slates == 4 and told.sample_ratio.p_value is None, "three users say nothing of how they fell"


def test_of_a_slate_with_impressions_only_what_was_seen_counts() -> None:
    seen = slate("u1", "control", 1)
    items = [
        shown.model_copy(update={"outcomes": ["impression"]}) if shown.position == 3 else shown for shown in seen.items
    ]
    told = report(experiment(), [seen.model_copy(update={"items": items})], complete=True)
    assert (told.arms[0].ctr.count, told.arms[0].ctr.of) == (1, 2)


def test_no_difference_is_seldom_called_one_although_users_click_in_clusters() -> None:
    chance = np.random.default_rng(5)
    found = naive = 0
    for _ in range(400):
        shown = 5.0 * chance.integers(1, 9, size=(2, 60))
        clicks = chance.binomial(shown.astype(int), chance.beta(0.4, 1.6, size=(2, 60))).astype(float)
        told = difference((clicks[0], shown[0]), (clicks[1], shown[1]))
        found += told.p_value is not None and told.p_value < 0.05
        table = [[arm.sum(), of.sum() - arm.sum()] for arm, of in zip(clicks, shown, strict=True)]
        naive += bool(stats.chi2_contingency(table).pvalue < 0.05)
    assert stats.binomtest(found, 400, 0.05).pvalue > 0.001
    assert naive > 120, "places are no independent draws: taken for some, they cry wolf"


def test_a_difference_is_found_and_harm_goes_before_gain() -> None:
    assert report(experiment(), made_up((0.15, 0.3), 400, 1), complete=True).arms[1].verdict == "better"
    assert report(experiment(), made_up((0.3, 0.15), 400, 1), complete=True).arms[1].verdict == "worse"
    harmed = report(experiment(), made_up((0.15, 0.3), 400, 1, hides=0.2), complete=True).arms[1]
    assert harmed.verdict == "harmful"
    assert harmed.against is not None and harmed.against.hide_rate.low > 0  # type: ignore[operator]
    assert report(experiment(), [], complete=True).arms[1].verdict == "no_data"


def test_lost_users_are_seen_and_stop_every_other_verdict() -> None:
    kept = [each for each in made_up((0.15, 0.3), 800, 2) if each.variant == "control" or each.user_id[-1] not in "123"]  # type: ignore[index]
    told = report(experiment(), kept, complete=True)
    assert told.sample_ratio.suspicious and told.arms[1].verdict == "sample_ratio"


def test_the_sample_ratio_is_the_chi_square_test() -> None:
    arms = [Arm(name=name, share=share) for name, share in (("a", 0.5), ("b", 0.3), ("c", 0.2))]
    users = {"a": 480, "b": 330, "c": 190}
    expected = stats.chisquare(list(users.values()), [500, 300, 200]).pvalue
    assert sample_ratio(arms, users).p_value == pytest.approx(float(expected))
    for freedom in range(1, 9):
        for value in (0.0, 0.5, 3.0, 20.0):
            assert chi_square_tail(value, freedom) == pytest.approx(float(stats.chi2.sf(value, freedom)))


def test_rates_by_hand() -> None:
    ones = np.ones(4)
    told = rate(np.array([1.0, 0, 1, 0]), ones)
    error = 1.959964 * np.std([1, 0, 1, 0], ddof=1) / 2
    assert (told.value, told.low) == (0.5, pytest.approx(0.5 - error))
    assert difference((np.array([1.0]), np.array([2.0])), (np.array([1.0]), np.array([4.0]))).value == 0.25
    assert difference((np.zeros(0), np.zeros(0)), (ones, ones)).value is None


def act(item: str, kind: Any = "click", **more: Any) -> Interaction:
    return Interaction(id="e", user_id="u1", item_id=item, kind=kind, at=NOW, slate_id="s", **more)


def test_acts_are_written_onto_their_slate_once_and_nobody_elses() -> None:
    kept = slate("u1", "control", 0).model_copy(update={"id": "s"})
    [changed] = with_outcomes(
        {"s": kept}, [act("i1"), act("i1"), act("i1", "purchase"), act("i9"), act("i2", position=7)]
    )
    assert [shown.outcomes for shown in changed.items[:3]] == [[], ["click", "purchase"], ["click"]]
    assert with_outcomes({"s": changed}, [act("i1")]) == [], "nothing new is nothing to write"
    others = kept.model_copy(update={"user_id": "u2"})
    assert with_outcomes({"s": others}, [act("i1")]) == []
    assert with_outcomes({}, [act("i1")]) == []


@pytest.fixture
def shops(two_counters: list[Any], made: Any) -> list[Any]:
    for counter in two_counters:
        counter.stock(made.items[:20])
    return two_counters


def test_an_experiment_over_http_from_its_begin_to_its_figures(shops: list[Any]) -> None:
    counter, other = shops
    arms = [{"name": "control", "share": 0.5}, {"name": "popular", "share": 0.5, "personalized": False}]
    made = counter.call("POST", "/experiments", 201, json={"name": "which", "arms": arms})
    assert counter.call("POST", "/experiments", 409, json={"name": "two", "arms": HALVES})["code"] == "experiment_runs"
    seen: dict[str, str] = {}
    for number in range(12):
        user = f"u{number}"
        first, second = (counter.slate(user, n=3) for _ in range(2))
        assert first["variant"] == second["variant"] and first["experiment"] == made["id"]
        assert (first["fallback"] == "not_personalized") is (first["variant"] == "popular")
        seen[user] = first["variant"]
        item = first["items"][1]["item_id"]
        for _ in range(2):
            counter.send([_sent(user, item, first["slate_id"], "click")])
        counter.send([_sent(user, first["items"][0]["item_id"], first["slate_id"], "hide")])
        assert other.slate(user, n=3)["experiment"] is None
    anonymous = counter.call("POST", "/recommendations:session", json={"events": []})
    assert anonymous["variant"] is None, "who has no name would not stay in one arm"
    told = counter.call("GET", f"/experiments/{made['id']}")
    assert told["sample_ratio"]["users"] == {name: list(seen.values()).count(name) for name in ("control", "popular")}
    for arm in told["arms"]:
        if arm["users"]:
            assert (arm["ctr"]["count"], arm["ctr"]["of"]) == (arm["users"], 6 * arm["users"])
            assert [place["clicks"] for place in arm["positions"]] == [0, arm["users"], 0]
            assert arm["hide_rate"]["count"] == arm["users"]
    other.call("GET", f"/experiments/{made['id']}", 404)
    other.call("POST", f"/experiments/{made['id']}:stop", 404)
    assert other.call("GET", "/experiments")["data"] == []
    stopped = counter.call("POST", f"/experiments/{made['id']}:stop")
    assert stopped["state"] == "stopped" and stopped == counter.call("POST", f"/experiments/{made['id']}:stop")
    assert counter.slate("u1", n=3)["variant"] is None
    assert counter.call("GET", f"/experiments/{made['id']}")["arms"] == told["arms"]
    assert counter.call("POST", "/experiments", 201, json={"name": "next", "arms": HALVES})["state"] == "running"


def _sent(user: str, item: str, slate_id: str, kind: str) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    return {
        "event_id": f"{user}-{kind}", "user_id": user, "item_id": item, "kind": kind, "at": at, "slate_id": slate_id,
    }  # fmt: skip


def test_an_arm_with_a_version_of_its_own_asks_that_version(shops: list[Any]) -> None:
    counter = shops[0]
    caller = counter.tenant.caller
    caller.ranking = [item.id for item in caller.store.all(Item)]
    caller.cards = [_card("v1", True), _card("v2", False)]
    arms = [{"name": "live", "share": 0.5}, {"name": "new", "share": 0.5, "adapter": "v2"}]
    strange = counter.call(
        "POST", "/experiments", 422, json={"name": "x", "arms": [arms[0], {**arms[1], "adapter": "v9"}]}
    )
    assert strange["code"] == "unknown_adapter" and "v1, v2" in strange["detail"]
    counter.call("POST", "/experiments", 201, json={"name": "x", "arms": arms})
    for number in range(12):
        counter.did(f"u{number}", caller.ranking[0])
        told = counter.slate(f"u{number}", n=3)
        assert told["adapter"] == {"live": "adapter-1", "new": "v2"}[told["variant"]]


def _card(name: str, live: bool) -> AdapterCard:
    return AdapterCard(adapter=name, method="head", base="b", live=live, created_at=NOW)


@pytest.mark.parametrize(
    ("arms", "word"),
    [
        ([{"name": "a", "share": 1.0}], "at least 2"),
        ([{"name": "a", "share": 0.5}, {"name": "b", "share": 0.4}], "must sum to 1"),
        ([{"name": "a", "share": 0.5}, {"name": "a", "share": 0.5}], "same name"),
        ([{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "exploration": 0.9}], "0.5"),
        ([{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "colour": "red"}], "Extra"),
    ],
)
def test_what_is_no_experiment_is_refused_by_name(counter: Any, arms: list[Any], word: str) -> None:
    assert word in str(counter.call("POST", "/experiments", 422, json={"name": "x", "arms": arms}))
