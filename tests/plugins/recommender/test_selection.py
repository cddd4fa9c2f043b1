"""Which items may be shown, and in which order: whatever the catalogue, the rules and the chance."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion_recommender.rules import Rule, blocked
from podion_recommender.schema import Item
from podion_recommender.selection import Bars, Order, Scored, arranged, eligible, likeness

NOW = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TIMES = st.sampled_from([None, NOW - DAY, NOW, NOW + DAY])
CATEGORIES = st.sampled_from([None, "a", "b", "c"])


@st.composite
def catalogues(draw: st.DrawFn) -> list[Item]:
    size = draw(st.integers(0, 25))
    return [
        Item(
            id=f"i{number}",
            title=f"item {number}",
            category=draw(CATEGORIES),
            tags=draw(st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3)),
            created_at=NOW - DAY,
            valid_from=draw(TIMES),
            valid_to=draw(TIMES),
            hidden=draw(st.booleans()),
        )
        for number in range(size)
    ]


RULES = st.lists(
    st.builds(
        Rule,
        name=st.just("r"),
        action=st.sampled_from(["block", "boost"]),
        items=st.just(["i1"]),
        categories=st.lists(st.sampled_from(["a", "b"]), max_size=1),
    ),
    max_size=2,
)


@given(
    items=catalogues(),
    rules=RULES,
    barred=st.sets(st.sampled_from([f"i{number}" for number in range(25)])),
    category=CATEGORIES,
    count=st.integers(1, 12),
    exploration=st.sampled_from([0.0, 0.3, 1.0]),
    diversity=st.sampled_from([0.0, 0.5, 1.0]),
    cap=st.sampled_from([0.1, 0.5, 1.0]),
    pins=st.dictionaries(st.sampled_from([f"i{number}" for number in range(25)]), st.integers(0, 12), max_size=4),
    seed=st.integers(0, 5),
)
@settings(max_examples=300)
def test_nothing_barred_is_shown_nothing_twice_and_no_list_is_short(
    items: list[Item],
    rules: list[Rule],
    barred: set[str],
    category: str | None,
    count: int,
    exploration: float,
    diversity: float,
    cap: float,
    pins: dict[str, int],
    seed: int,
) -> None:
    bars = Bars(now=NOW, barred=frozenset(barred), category=category, rules=rules)
    may = eligible([*items, *items], bars)
    order = Order(count=count, diversity=diversity, category_cap=cap, exploration=exploration, pins=pins)
    scored = [Scored(item=item, score=float(hash(item.id) % 7)) for item in may]
    shown = arranged(scored, order, Random(seed))
    told = [each.item for each in shown]
    assert len({item.id for item in told}) == len(told)
    for item in told:
        assert item.id not in barred
        assert not item.hidden
        assert item.valid_from is None or item.valid_from <= NOW
        assert item.valid_to is None or item.valid_to > NOW
        assert category is None or item.category == category
        assert not blocked(item, rules)
    allowed = [
        item
        for item in items
        if item.id not in barred
        and not item.hidden
        and (item.valid_from or NOW) <= NOW < (item.valid_to or NOW + DAY)
        and category in (None, item.category)
        and not blocked(item, rules)
    ]
    assert len(told) == min(count, len(allowed))
    assert all(0 < each.propensity <= 1 for each in shown)


def items(*kinds: str) -> list[Item]:
    return [
        Item(id=f"i{number:02}", title="t", category=kind or None, created_at=NOW, tags=[kind] if kind else [])
        for number, kind in enumerate(kinds)
    ]


def scored(these: list[Item]) -> list[Scored]:
    return [Scored(item=item, score=float(-place)) for place, item in enumerate(these)]


def ids(chosen: list[Any]) -> list[str]:
    return [each.item.id for each in chosen]


def test_without_chance_and_diversity_merit_decides_and_the_propensity_is_one() -> None:
    chosen = arranged(scored(items("a", "b", "c", "d")), Order(count=3), Random(1))
    assert ids(chosen) == ["i00", "i01", "i02"]
    assert [each.propensity for each in chosen] == [1.0, 1.0, 1.0]


def test_a_category_stops_at_its_cap_while_others_remain() -> None:
    many = scored(items("a", "a", "a", "a", "a", "a", "b", "b"))
    chosen = arranged(many, Order(count=6, category_cap=0.5), Random(1))
    counted = Counter(each.item.category for each in chosen)
    assert counted == {"a": 4, "b": 2}
    assert ids(chosen)[:5] == ["i00", "i01", "i02", "i06", "i07"]
    assert ceil(0.5 * 6) == 3


def test_diversity_brings_the_other_kind_forward() -> None:
    two = scored(items("a", "a", "a", "b"))
    assert ids(arranged(two, Order(count=2), Random(1))) == ["i00", "i01"]
    assert ids(arranged(two, Order(count=2, diversity=0.6), Random(1))) == ["i00", "i03"]
    assert likeness(frozenset("ab"), frozenset("bc")) == pytest.approx(1 / 3)
    assert likeness(frozenset(), frozenset()) == 0


def test_pins_stand_at_their_places_with_certainty() -> None:
    order = Order(count=4, pins={"i05": 1, "i06": 1, "gone": 0, "i07": 9}, exploration=0.5)
    for seed in range(20):
        chosen = arranged(scored(items(*"abcdefgh")), order, Random(seed))
        assert ids(chosen)[1:3] == ["i05", "i06"]
        assert [(each.source, each.propensity) for each in chosen[1:3]] == [("pinned", 1.0), ("pinned", 1.0)]


def test_propensities_are_the_shares_that_show() -> None:
    """Over many draws, each item stands at the first place as often as its propensity there says."""
    candidates = scored(items(*"abcde"))
    order = Order(count=2, exploration=0.4)
    told: dict[str, float] = {}
    seen: Counter[str] = Counter()
    for seed in range(8_000):
        first = arranged(candidates, order, Random(seed))[0]
        assert told.setdefault(first.item.id, first.propensity) == first.propensity
        seen[first.item.id] += 1
    assert sum(told.values()) == pytest.approx(1)
    for item, propensity in told.items():
        assert seen[item] / 8_000 == pytest.approx(propensity, abs=0.02)
    assert told["i00"] == pytest.approx(0.6 + 0.4 / 5)


def test_the_same_chance_gives_the_same_list() -> None:
    order = Order(count=8, exploration=0.5, diversity=0.4)
    lists = {tuple(ids(arranged(scored(items(*"abcabcabcabc")), order, Random("slt_1")))) for _ in range(5)}
    assert len(lists) == 1
