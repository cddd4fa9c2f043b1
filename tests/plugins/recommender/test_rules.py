"""Rules at the routes: what they do to lists, for how long, and for whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podion_recommender.rules import MOST_RULES

NOW = datetime.now(UTC)
SHELVES = {"a": "teapots", "b": "umbrellas"}


@pytest.fixture
def stocked(two_counters: list[Any]) -> list[Any]:
    """Two shops with a1 … a5 and b1 … b5; teapots are popular at both, a1 most."""
    for counter in two_counters:
        counter.stock(
            [
                {"item_id": f"{shelf}{n}", "title": f"{word} {n}", "category": word, "tags": [f"n{n}"]}
                for shelf, word in SHELVES.items()
                for n in range(1, 6)
            ]
        )
        for number in range(1, 6):
            for user in range(6 - number):
                counter.did(f"u{user}", f"a{number}", "click")
    return two_counters


def rule(counter: Any, status: int = 201, **fields: Any) -> Any:
    return counter.call("POST", "/rules", status, json={"name": "a rule", **fields})


def popular(counter: Any, **query: Any) -> list[str]:
    return [each["item_id"] for each in counter.call("GET", "/popular", params={"n": 10, **query})["data"]]


def plain(counter: Any, n: int = 10) -> list[str]:
    """The list that everybody gets, without chance."""
    return list(counter.listed("nobody", n=n))


def test_a_blocked_item_category_or_tag_is_nowhere_for_this_tenant_alone(stocked: list[Any]) -> None:
    counter, other = stocked
    counter.tenant.caller.settings = counter.tenant.caller.settings.model_copy(update={"exploration": 0.0})
    made = rule(counter, action="block", items=["a1"], tags=["n2"])
    ranked = {"items": ["a1", "a2", "a3"]}
    for names in (plain(counter), popular(counter)):
        assert not {"a1", "a2", "b2"} & set(names) and len(names) == 7, "and no list is short for it"
    assert [each["why"] for each in counter.call("POST", "/rank", json=ranked)["excluded"]] == ["blocked", "blocked"]
    similar = counter.call("GET", "/items/a3/similar", params={"n": 10})["data"]
    assert not {"a1", "a2", "b2"} & {each["item_id"] for each in similar}
    assert {"a1", "a2", "b2"} <= set(plain(other))
    other.call("DELETE", f"/rules/{made['id']}", 404)
    assert other.call("GET", "/rules")["data"] == []
    assert counter.call("DELETE", f"/rules/{made['id']}") == {"id": made["id"], "deleted": True}
    assert {"a1", "a2", "b2"} <= set(plain(counter))


def test_a_boost_puts_forward_and_back(stocked: list[Any]) -> None:
    counter = stocked[0]
    counter.tenant.caller.settings = counter.tenant.caller.settings.model_copy(
        update={"exploration": 0.0, "diversity": 0.0, "category_cap": 1.0}
    )
    before = plain(counter)
    assert before[0] == "a1"
    made = rule(counter, action="boost", categories=["umbrellas"], factor=100)
    after = plain(counter)
    assert {name[0] for name in after[:5]} == {"b"} and set(after) == set(before)
    counter.call("DELETE", f"/rules/{made['id']}")
    rule(counter, action="boost", items=["a1"], factor=0.001)
    assert plain(counter)[-1] == "a1"


def test_a_pinned_item_stands_at_its_place_unless_it_may_not_be_shown(stocked: list[Any]) -> None:
    counter = stocked[0]
    rule(counter, action="pin", items=["b5", "b4"], position=2)
    slate = counter.slate("nobody", n=5)["items"]
    assert [(each["item_id"], each["source"], each["propensity"]) for each in slate[2:4]] == [
        ("b5", "pinned", 1.0),
        ("b4", "pinned", 1.0),
    ]
    counter.did("buyer", "b5", "purchase")
    listed = counter.listed("buyer", n=9)
    assert "b5" not in listed and listed[3] == "b4" and len(listed) == 9


@pytest.mark.parametrize(
    ("valid", "counts"),
    [
        ({"valid_from": (NOW + timedelta(hours=1)).isoformat()}, False),
        ({"valid_from": (NOW - timedelta(hours=1)).isoformat()}, True),
        ({"valid_to": (NOW + timedelta(hours=1)).isoformat()}, True),
        ({"enabled": False}, False),
    ],
)
def test_a_rule_counts_while_it_is_valid(stocked: list[Any], valid: dict[str, Any], counts: bool) -> None:
    rule(stocked[0], action="block", items=["a1"], **valid)
    assert ("a1" not in popular(stocked[0])) is counts


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"action": "block"}, "name items, categories or tags"),
        ({"action": "pin", "categories": ["teapots"]}, "pin names items"),
        ({"action": "boost", "items": ["a1"], "factor": 0}, "greater than 0"),
        ({"action": "hide", "items": ["a1"]}, "pin"),
        ({"action": "block", "items": ["a 1"]}, "pattern"),
        ({"action": "block", "items": ["a1"], "why": "x"}, "Extra"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(counter: Any, fields: dict[str, Any], word: str) -> None:
    assert word in str(rule(counter, 422, **fields))


def test_a_rule_that_is_over_and_one_too_many_are_refused(counter: Any) -> None:
    over = rule(counter, 422, action="block", items=["a1"], valid_to=(NOW - timedelta(days=1)).isoformat())
    assert over["code"] == "past_rule" and "would never count" in over["detail"]
    for _ in range(MOST_RULES):
        rule(counter, action="block", items=["a1"])
    assert rule(counter, 409, action="block", items=["a1"])["code"] == "too_many_rules"
    page = counter.call("GET", "/rules", params={"limit": 200})
    assert len(page["data"]) == MOST_RULES and page["next"] is None
    assert counter.call("GET", f"/rules/{page['data'][0]['id']}") == page["data"][0]
