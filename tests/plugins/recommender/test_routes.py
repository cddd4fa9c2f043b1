"""The routes over HTTP, with two tenants, and what strangers may send."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

PAST = datetime(2024, 1, 1, tzinfo=UTC)


def test_items_are_kept_replaced_shown_and_removed(corner_shop: Any, neighbour: Any) -> None:
    draft = {"item_id": "a1", "title": "Iron teapot", "category": "teapots", "tags": ["iron", "iron"], "price": 41.5}
    taken = corner_shop.stock([draft, {"item_id": "new", "title": "铁壶", "hidden": True}])
    assert (taken["created"], taken["replaced"]) == (1, 1)
    kept = corner_shop.call("GET", "/items/a1")
    assert (kept["title"], kept["tags"], kept["price"]) == ("Iron teapot", ["iron"], 41.5)
    assert corner_shop.call("GET", "/items/new")["hidden"] is True
    neighbour.call("GET", "/items/a1", 404)
    neighbour.call("DELETE", "/items/a1", 404)
    corner_shop.call("DELETE", "/items/a1")
    corner_shop.call("GET", "/items/a1", 404)
    assert "a1" not in corner_shop.listed("anybody", n=50)


def test_an_item_keeps_the_day_it_was_made_unless_it_is_told_anew(corner_shop: Any) -> None:
    before = corner_shop.call("GET", "/items/a1")["created_at"]
    corner_shop.stock([{"item_id": "a1", "title": "other"}])
    assert corner_shop.call("GET", "/items/a1")["created_at"] == before
    corner_shop.stock([{"item_id": "a1", "title": "other", "created_at": PAST.isoformat()}])
    assert corner_shop.call("GET", "/items/a1")["created_at"].startswith("2024-01-01")


def test_streams_are_taken_whole_or_not_at_all(corner_shop: Any) -> None:
    def upload(path: str, rows: list[Any], status: int = 200) -> dict[str, Any]:
        content = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
        sent = {"content": content.encode(), "headers": {"Content-Type": "application/x-ndjson"}}
        told: dict[str, Any] = corner_shop.call("POST", path, status, **sent)
        return told

    assert (
        upload("/items:upload", [{"item_id": "s1", "title": "one"}, "", {"item_id": "s2", "title": "二"}])["created"]
        == 2
    )
    problem = upload("/items:upload", [{"item_id": "s3", "title": "three"}, {"item_id": "s4"}, "{"], 422)
    assert [fault["pointer"] for fault in problem["errors"]] == ["/1/title", "/2"]
    corner_shop.call("GET", "/items/s3", 404)
    assert upload("/items:upload", [" ", " "], 422)["code"] == "empty"
    acts = [
        {"event_id": f"up-{n}", "user_id": "u", "item_id": "a1", "kind": "click", "at": PAST.isoformat()}
        for n in range(300)
    ]
    assert upload("/interactions:upload", acts)["created"] == 300
    assert upload("/interactions:upload", acts)["known"] == 300
    assert upload("/interactions:upload", [acts[0] | {"kind": "stare"}], 422)["errors"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/items", {"items": []}),
        ("/items", {"items": [{"item_id": "x", "title": " "}]}),
        ("/items", {"items": [{"item_id": "../x", "title": "t"}]}),
        ("/items", {"items": [{"item_id": "x", "title": "t", "price": -1}]}),
        ("/items", {"items": [{"item_id": "x", "title": "t", "category": "a\u0000b"}]}),
        ("/items", {"items": [{"item_id": "x", "title": "t", "colour": "red"}]}),
        ("/items", {"items": [{"item_id": "x", "title": "t", "valid_from": "2026-01-02T00:00:00Z",
                               "valid_to": "2026-01-01T00:00:00Z"}]}),
        ("/items", {"items": [{"item_id": "x", "title": "t", "valid_to": "2026-01-01"}]}),
        ("/items", {"items": [{"item_id": f"x{n}", "title": "t"} for n in range(501)]}),
        ("/interactions", {"interactions": [{"event_id": "e", "user_id": "u", "item_id": "a1", "kind": "click"}]}),
        ("/interactions", {"interactions": [{"event_id": "e", "user_id": "u", "item_id": "a1", "kind": "click",
                                             "at": "2999-01-01T00:00:00Z"}]}),
        ("/interactions", {"interactions": [{"event_id": "e", "user_id": "u", "item_id": "a1", "kind": "click",
                                             "at": "1889-01-01T00:00:00Z"}]}),
        ("/users", {"users": [{"user_id": "u", "attributes": {"deep": {"er": 1}}}]}),
        ("/users", {"users": [{"user_id": "", "consent_personalized": True}]}),
        ("/recommendations:session", {"events": [], "n": 0}),
        ("/recommendations:session", {"events": [{"item_id": "a1"}] * 201}),
        ("/rank", {"items": []}),
        ("/rank", {"items": ["a1"], "user_id": "a b"}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(neighbour: Any, path: str, body: Any) -> None:
    problem = neighbour.call("POST", path, 422, json=body)
    assert problem["title"] and problem["detail"]


def test_hostile_words_are_only_words(neighbour: Any) -> None:
    hostile = [
        "'; DROP TABLE documents; --",
        "\u202eevil",
        "a\u0000b",
        "<script>alert(1)</script>",
        "💣" * 100,
        "ＡＢＣ",
    ]
    items = [
        {
            "item_id": f"hostile-{n}",
            "title": text,
            "tags": [text[:80].replace("\u0000", "")],
            "category": f"shelf of {text}".replace("\u0000", ""),
        }
        for n, text in enumerate(hostile)
    ]
    neighbour.stock(items)
    for n, text in enumerate(hostile):
        assert neighbour.call("GET", f"/items/hostile-{n}")["title"] == text
        assert f"hostile-{n}" in [
            each["item_id"]
            for each in neighbour.call(
                "GET", "/popular", params={"category": f"shelf of {text}".replace("\u0000", "")}
            )["data"]
        ]
        neighbour.call("DELETE", f"/items/hostile-{n}")


@pytest.mark.parametrize("query", [{"n": 0}, {"n": 201}, {"n": "many"}, {"personalized": "perhaps"}, {"category": ""}])
def test_questions_that_cannot_be_answered_are_refused(neighbour: Any, query: dict[str, Any]) -> None:
    neighbour.slate("u", 422, **query)


def test_nothing_of_one_tenant_shows_at_another(store_front: Any, neighbour: Any, made: Any) -> None:
    user = made.interactions[0]["user_id"]
    ours, theirs = store_front.slate(user), neighbour.slate(user)
    assert ours["fallback"] == "untrained" and ours["personalized"]
    assert theirs["fallback"] == "unknown_user"
    assert len(theirs["items"]) == 3
    assert neighbour.call("DELETE", f"/users/{user}")["interactions"] == 0
    assert store_front.slate(user)["personalized"]


def test_a_new_act_changes_the_next_answer_at_once(corner_shop: Any) -> None:
    corner_shop.did("early", "a1")
    corner_shop.did("early", "b3")
    before = corner_shop.listed("u", n=10)
    corner_shop.did("u", "a1")
    corner_shop.did("u", "a2", "purchase")
    slate = corner_shop.slate("u", n=5)
    assert before != [each["item_id"] for each in slate["items"]]
    assert "a2" not in [each["item_id"] for each in slate["items"]]
    followed = next(each for each in slate["items"] if each["item_id"] == "b3")
    assert followed["reasons"][0]["because"] == "a1"
    assert followed["reasons"][0]["wording"] == {
        "en": "because you looked at “teapots number 1”",
        "zh": "因为您浏览了“teapots number 1”",
    }


def test_visitors_without_a_name_get_what_fits_their_session(corner_shop: Any) -> None:
    corner_shop.did("early", "a1")
    corner_shop.did("early", "b3")
    told = corner_shop.call("POST", "/recommendations:session", json={"events": [{"item_id": "a1"}], "n": 3})
    assert told["personalized"] and len(told["items"]) == 3
    assert "b3" in [each["item_id"] for each in told["items"]]
    hidden = {"events": [{"item_id": "a1"}, {"item_id": "b3", "kind": "hide"}], "n": 9, "exclude": ["b1"]}
    shown = [each["item_id"] for each in corner_shop.call("POST", "/recommendations:session", json=hidden)["items"]]
    assert len(shown) == 8 and not {"b3", "b1"} & set(shown)
    empty = corner_shop.call("POST", "/recommendations:session", json={})
    assert empty["fallback"] == "no_history" and len(empty["items"]) == 10


def test_the_clients_own_candidates_are_ranked_and_explained(corner_shop: Any) -> None:
    corner_shop.did("early", "a1")
    corner_shop.did("early", "b3")
    corner_shop.did("u", "a1")
    corner_shop.did("u", "a2", "purchase")
    corner_shop.stock(
        [
            {"item_id": "a4", "title": "t", "hidden": True},
            {"item_id": "a5", "title": "t", "valid_to": "2024-01-01T00:00:00Z"},
        ]
    )
    asked = {"user_id": "u", "items": ["b1", "b3", "a2", "a4", "a5", "zz", "b1"], "explain": True}
    told = corner_shop.call("POST", "/rank", json=asked)
    assert [each["item_id"] for each in told["data"]] == ["b3", "b1"]
    assert {each["item_id"]: each["why"] for each in told["excluded"]} == {
        "a2": "seen", "a4": "hidden", "a5": "not_valid", "zz": "unknown",
    }  # fmt: skip
    for each in told["data"]:
        assert sum(each["contributions"].values()) == pytest.approx(each["score"])
    assert told["data"][0]["features"]["together"] > 0 == told["data"][1]["features"]["together"]
    plain = corner_shop.call("POST", "/rank", json={"items": ["b1", "b3"]})
    assert plain["personalized"] is False and plain["data"][0]["features"] is None


def test_what_is_like_an_item(store_front: Any, neighbour: Any, made: Any) -> None:
    told = store_front.call("GET", "/items/coffee-01-en/similar", params={"n": 5})["data"]
    assert len(told) == 5
    assert told[0]["item_id"].startswith("coffee-") and told[0]["item_id"] != "coffee-01-en"
    assert told[0]["reasons"][0]["because"] == "coffee-01-en"
    whole = store_front.call("GET", "/items/coffee-01-en/similar", params={"n": 200})["data"]
    assert len({each["item_id"] for each in whole}) == len(made.items) - 1
    neighbour.call("GET", "/items/coffee-01-en/similar", 404)


def test_what_is_popular_is_the_same_for_everybody(corner_shop: Any) -> None:
    for user in ("x", "y", "z"):
        corner_shop.did(user, "b2", "purchase")
    corner_shop.did("x", "a3")
    told = corner_shop.call("GET", "/popular", params={"n": 50})["data"]
    assert [each["item_id"] for each in told][:2] == ["b2", "a3"]
    assert (told[0]["score"], len(told)) == (1.0, 10)
    teapots = corner_shop.call("GET", "/popular", params={"category": "teapots"})["data"]
    assert teapots[0]["item_id"] == "a3" and len(teapots) == 5


def test_a_forgotten_user_is_a_stranger_again(corner_shop: Any, neighbour: Any) -> None:
    corner_shop.did("u", "a1", "purchase")
    slate = corner_shop.slate("u")
    assert "a1" not in [each["item_id"] for each in slate["items"]]
    gone = corner_shop.call("DELETE", "/users/u")
    assert (gone["interactions"], gone["slates"]) == (1, 1)
    corner_shop.call("DELETE", "/users/u", 404)
    told = corner_shop.slate("u", n=10)
    assert told["fallback"] == "unknown_user"
    assert "a1" in [each["item_id"] for each in told["items"]]


def test_scopes_part_who_asks_from_who_tells(server: Any, corner_shop: Any) -> None:
    made = corner_shop.tenant.json("POST", "/v1/keys", 201, json={"name": "page", "scopes": ["predict"]})
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert corner_shop.tenant.http.get("/v1/recommender/popular", headers=headers).status_code == 200
    for method, path in (("POST", "/items"), ("POST", "/interactions"), ("DELETE", "/users/u"), ("GET", "/items/a1")):
        assert corner_shop.tenant.http.request(method, f"/v1/recommender{path}", headers=headers).status_code == 403


def test_an_item_is_shown_from_its_first_to_its_last_moment(corner_shop: Any) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat()
    corner_shop.stock([{"item_id": "begins", "title": "begins soon", "valid_from": soon},
                       {"item_id": "ends", "title": "ends soon", "valid_to": soon}])  # fmt: skip
    first = corner_shop.listed("u", n=50)
    assert "ends" in first and "begins" not in first
    time.sleep(1.6)
    second = corner_shop.listed("u", n=50)
    assert "begins" in second and "ends" not in second
