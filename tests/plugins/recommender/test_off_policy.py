"""Off-policy values against the truth of a made-up world, and what the log cannot tell."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion_recommender import examination
from podion_recommender.examination import Shown as Places
from podion_recommender.examination import at, fit, prior
from podion_recommender.off_policy import Log, effective_size, estimate
from podion_recommender.ratios import Floats
from podion_recommender.schema import Item
from podion_recommender.selection import Order, Scored, arranged
from podion_recommender.slates import Shown, Slate
from podion_recommender.steering import steering_of
from podion_recommender.what_if import Weighing

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def log(rewards: Any, logged: Any, target: Any, users: Any = None) -> Log:
    rewards, logged, target = (np.array(each, dtype=np.float64) for each in (rewards, logged, target))
    return Log(rewards, logged, target, np.arange(len(rewards)) if users is None else np.array(users))


def drawn(logging: Floats, target: Floats, values: Floats, rows: int, seed: int) -> Log:
    """A log of `rows` choices of one of several things, each of which earns 1 with its own probability."""
    chance = np.random.default_rng(seed)
    chosen = chance.choice(len(logging), size=rows, p=logging)
    rewards = (chance.random(rows) < values[chosen]).astype(np.float64)
    return Log(rewards, logging[chosen], target[chosen], np.arange(rows))


def test_the_truth_of_another_policy_lies_in_the_interval_nineteen_times_in_twenty() -> None:
    logging, target = np.array([0.6, 0.2, 0.1, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])
    values = np.array([0.5, 0.3, 0.2, 0.05])
    truth = float(target @ values)
    told = [estimate("t", drawn(logging, target, values, 3_000, seed), 100) for seed in range(200)]
    for name in ("ips", "snips"):
        rates = [getattr(each, name) for each in told]
        covered = np.mean([rate.low <= truth <= rate.high for rate in rates])
        assert 0.90 <= covered <= 0.99, name
        assert np.mean([rate.value for rate in rates]) == pytest.approx(truth, abs=0.005)
    assert abs(told[0].logged.value - truth) > 0.1, "what was logged is no answer to it"


def test_self_normalised_values_scatter_less_where_rewards_are_high() -> None:
    logging, target = np.array([0.9, 0.1]), np.array([0.5, 0.5])
    told = [estimate("t", drawn(logging, target, np.array([0.8, 0.9]), 600, seed), 100) for seed in range(60)]
    assert np.std([each.snips.value for each in told]) < 0.5 * np.std([each.ips.value for each in told])


def test_a_hand_worked_example() -> None:
    told = estimate("t", log([1, 1, 0] * 100, [0.5] * 300, [0.6, 0.6, 0.5] * 100), 20)
    assert told.ips is not None and told.snips is not None
    assert told.ips.value == pytest.approx(2.4 / 3)
    assert told.snips.value == pytest.approx(2.4 / 3.4)
    assert told.effective == pytest.approx(340**2 / (200 * 1.44 + 100))


def test_weights_are_cut_and_it_is_told() -> None:
    told = estimate("t", log([1] * 300, [0.01] * 3 + [1.0] * 297, [0.9] * 3 + [0.95] * 297, None), 10)
    assert told.clipped == pytest.approx(0.01)
    assert told.ips is not None and told.ips.value == pytest.approx((3 * 10 + 297 * 0.95) / 300)


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (log([1] * 50, [0.5] * 50, [0.5] * 50), "at least 200"),
        (log([1] * 400, [0.5] * 400, [0.0] * 390 + [0.5] * 10), "effective"),
        (log([1] * 400, [0.5] * 400, [0.2] * 400), "mean weight"),
        (log([], [], []), "0 places"),
    ],
)
def test_what_the_log_cannot_tell_is_refused_with_the_reason(rows: Log, word: str) -> None:
    told = estimate("t", rows, 20)
    assert told.refused is not None and word in told.refused
    assert told.ips is None and told.snips is None


def test_a_propensity_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="propensity"):
        log([1], [0.0], [1.0])


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=50))
def test_the_effective_size_lies_between_one_and_all(weights: list[float]) -> None:
    assert 1 - 1e-9 <= effective_size(np.array(weights)) <= len(weights) + 1e-9


def slate(number: int, share: float, places: list[tuple[str, float, str, list[Any]]]) -> Slate:
    items = [
        Shown(item_id=item, score=1.0, source=source, position=position, propensity=propensity, outcomes=outcomes)
        for position, (item, propensity, source, outcomes) in enumerate(places)
    ]
    return Slate(id=f"s{number}", user_id=f"u{number % 97}", at=NOW, items=items, personalized=True, exploration=share)


def weighed(slates: list[Slate], shares: list[float]) -> Weighing:
    weighing = Weighing(shares, "click")
    for start in range(0, len(slates), 100):
        weighing.count(slates[start : start + 100])
    return weighing


def made_up_slates(rows: int, share: float = 0.2, pool: int = 5) -> list[Slate]:
    """Slates of one place: the best item is clicked half of the time, one by chance a tenth."""
    chance = np.random.default_rng(3)
    made = []
    for number in range(rows):
        explored = chance.random() < share * (pool - 1) / pool
        propensity = share / pool if explored else 1 - share + share / pool
        clicked = chance.random() < (0.1 if explored else 0.5)
        source = "explored" if explored else "next_item"
        made.append(slate(number, share, [("i", propensity, source, ["click"] if clicked else [])]))
    return made


def test_other_shares_of_chance_are_told_from_the_slates() -> None:
    none, same, more = weighed(made_up_slates(4_000), [0.0, 0.2, 0.4]).values(50)
    for policy, truth in ((none, 0.5), (same, 0.2 * 0.18 + 0.8 * 0.5), (more, 0.4 * 0.18 + 0.6 * 0.5)):
        assert policy.snips is not None and policy.refused is None
        assert policy.snips.low < truth < policy.snips.high, policy.policy  # type: ignore[operator]
        assert policy.mean_weight.value == pytest.approx(1, abs=0.05)
    assert same.effective == pytest.approx(4_000), "the policy that served weighs every place alike"


def served(share: float, seed: int) -> Slate:
    """A list of one as serving makes it, out of eight candidates of which the last is wanted most."""
    chance = Random(seed)
    candidates = [
        Scored(item=Item(id=f"i{n}", title="x", created_at=NOW), score=-float(n), source="next_item") for n in range(8)
    ]
    [one] = arranged(candidates, Order(count=1, exploration=share), chance)
    clicked = chance.random() < 0.1 + 0.1 * int(one.item.id[1:])
    source = "explored" if one.explored else one.source
    return slate(seed, share, [(one.item.id, one.propensity, source, ["click"] if clicked else [])])


def test_the_propensities_that_serving_writes_bear_the_estimate_out() -> None:
    slates = [served(0.4, seed) for seed in range(2_500)]
    told = weighed(slates, [0.0, 0.2, 1.0]).values(50)
    for policy, truth in zip(told, (0.1, 0.8 * 0.1 + 0.2 * 0.45, 0.45), strict=True):
        assert policy.refused is None
        assert policy.snips is not None and policy.snips.low < truth < policy.snips.high  # type: ignore[operator]
        assert policy.mean_weight.value == pytest.approx(1, abs=0.1)


def test_slates_without_chance_and_pinned_places_say_nothing() -> None:
    slates = [*made_up_slates(300), *(slate(n, 0.0, [("i", 1.0, "next_item", ["click"])]) for n in range(50))]
    slates += [slate(n, 0.2, [("p", 1.0, "pinned", ["click"])]) for n in range(50)]
    told = weighed(slates, [0.0])
    assert (told.slates, told.without_chance, told.values(20)[0].rows) == (350, 50, 300)
    assert weighed([], [0.0]).values(20)[0].refused is not None


def test_off_policy_and_position_bias_over_http_are_each_tenants_own(two_counters: list[Any]) -> None:
    counter, other = two_counters
    store = counter.tenant.caller.store
    slates = made_up_slates(450)
    store.kept[Slate] = {each.id: each.model_copy(update={"at": datetime.now(UTC)}) for each in slates}
    asked = {"exploration": [0.0, 0.2], "reward": "click", "days": 1}
    told = counter.call("GET", "/off-policy", params=asked)
    assert (told["slates"], told["complete"]) == (450, True)
    assert [each["policy"] for each in told["policies"]] == ["no exploration", "exploration 0.2"]
    clicked = sum(len(each.items[0].outcomes) for each in slates) / 450
    assert told["policies"][1]["snips"]["value"] == pytest.approx(clicked)
    assert counter.call("GET", "/off-policy", params={"reward": "purchase"})["policies"][0]["snips"]["value"] == 0
    fitted = counter.call("POST", "/position-bias:fit")
    assert fitted == counter.call("GET", "/position-bias")
    assert (fitted["source"], fitted["examination"], fitted["rows"]) == ("model", [1.0], 450)
    assert asyncio.run(steering_of(counter.tenant.caller)).examination == [1.0]
    other.call("GET", "/position-bias", 404)
    assert "0 places" in other.call("GET", "/off-policy")["policies"][0]["refused"]
    counter.call("GET", "/off-policy", 422, params={"exploration": 1.5})


def test_examination_before_any_fit_is_the_discount_of_ndcg() -> None:
    assert [at((), place) for place in (0, 2)] == [1.0, 0.5]
    assert at((1.0, 0.5), 9) == pytest.approx(0.5 * prior(9) / prior(1))
    assert fit(Places(*(np.zeros(10, dtype) for dtype in (np.int64, np.int64, np.bool_, np.bool_)))).source == "prior"


TRUTH = np.array([1.0, 0.8, 0.65, 0.5, 0.4, 0.3])


def clicks(rows: int, by_chance: float) -> Places:
    """Clicks under the position-based model, where good items mostly stand at the top, but not always."""
    chance = np.random.default_rng(11)
    wanted = chance.beta(2, 6, size=30)
    merit = np.argsort(-wanted)
    positions = chance.integers(0, len(TRUTH), rows)
    explored = chance.random(rows) < by_chance
    near = np.clip(3 * positions + chance.integers(-6, 12, rows), 0, 29)
    items = np.where(explored, chance.integers(0, 30, rows), merit[near])
    clicked = chance.random(rows) < TRUTH[positions] * wanted[items]
    return Places(positions, items, clicked, explored)


@pytest.mark.parametrize(("by_chance", "source"), [(0.3, "chance"), (0.0, "model")])
def test_examination_is_found_although_good_items_stand_on_top(by_chance: float, source: str) -> None:
    shown = clicks(60_000, by_chance)
    fitted = fit(shown)
    assert fitted.source == source
    assert np.abs(np.array(fitted.table) - TRUTH).max() < 0.06
    rates = [shown.clicked[(shown.positions == place) & ~shown.chance].mean() for place in range(len(TRUTH))]
    naive = np.array(rates) / rates[0]
    assert np.abs(naive - TRUTH).max() > 0.15, "raw click rates take merit for attention"


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5), st.booleans(), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 8),
)
def test_a_table_begins_with_one_and_never_rises(rows: list[tuple[int, int, bool, bool]], times: int) -> None:
    columns = [np.array(column) for column in zip(*(rows * 20 * times), strict=True)]
    table = fit(Places(*columns)).table
    assert table == () or table[0] == 1.0
    assert all(one >= other > 0 for one, other in pairwise(table))
    assert all(at(table, place) >= at(table, place + 1) > 0 for place in range(60))
    assert examination.at(list(table), 0) == 1.0
