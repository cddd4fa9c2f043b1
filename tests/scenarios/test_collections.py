"""A tenant's own collections over HTTP: put, found with a source at once, replaced, deleted, after kill -9 too."""

from collections.abc import Callable
from typing import Any

import pytest

SHOP = [
    {
        "id": "returns",
        "title": "Returns",
        "text": "Shoes may be sent back within 30 days. Bring the receipt.\n\nWorn shoes are not taken back.",
        "url": "https://example.com/returns",
        "version": "2024-05",
    },
    {"id": "hours", "title": "Opening hours", "text": "We are open from 9 to 18, on Sundays from 11 to 16."},
    {"id": "pay", "title": "Payment", "text": "You can pay by card, in cash or with a gift voucher."},
]


@pytest.fixture(scope="module")
def tenant(server: Any) -> Any:
    return server.tenant()


@pytest.fixture(scope="module")
def handbook(tenant: Any) -> str:
    """A collection with three documents."""
    made = tenant.json("POST", "/v1/collections", 201, json={"name": "handbook"})
    assert made["name"] == "handbook"
    kept = tenant.json("POST", "/v1/collections/handbook/documents", 201, json=SHOP)
    assert [one["id"] for one in kept["data"]] == ["returns", "hours", "pay"]
    return "/v1/collections/handbook"


def search(tenant: Any, collection: str, query: str, **more: Any) -> list[dict[str, Any]]:
    return list(tenant.json("POST", f"{collection}:search", 200, json={"query": query, **more})["data"])


def test_an_answer_cites_its_source(tenant: Any, handbook: str) -> None:
    hits = search(tenant, handbook, "how long can i retrun my shoes")
    texts = {one["id"]: one["text"] for one in SHOP}
    assert hits[0]["document"] == "returns"
    assert (hits[0]["version"], hits[0]["title"], hits[0]["url"]) == (
        "2024-05",
        "Returns",
        "https://example.com/returns",
    )
    assert hits[0]["quote"].startswith("Shoes may be sent back within 30 days.")
    assert [hit["document"] for hit in search(tenant, handbook, "sunday opening?", k=1)] == ["hours"]
    for hit in hits:
        assert texts[hit["document"]][hit["start"] : hit["end"]] == hit["quote"]
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_writes_are_seen_by_the_next_search(tenant: Any, handbook: str) -> None:
    path = f"{handbook}/documents"
    kept = tenant.json(
        "POST", path, 201, json={"id": "gift", "title": "Wrapping", "text": "We wrap presents for free."}
    )
    assert kept["data"][0]["revision"] == 1
    assert search(tenant, handbook, "can you wrap a present?", k=1)[0]["document"] == "gift"
    kept = tenant.json(
        "POST", path, 201, json={"id": "gift", "text": "Wrapping presents costs two euros.", "version": "2"}
    )
    assert kept["data"][0]["revision"] == 2
    hit = search(tenant, handbook, "can you wrap a present?", k=1)[0]
    assert (hit["quote"], hit["version"]) == ("Wrapping presents costs two euros.", "2")
    assert tenant.http.delete(f"{path}/gift").status_code == 204
    assert "gift" not in [hit["document"] for hit in search(tenant, handbook, "can you wrap a present?")]
    tenant.json("GET", f"{path}/gift", 404)


def test_what_is_not_valid_now_is_not_found(tenant: Any, handbook: str) -> None:
    path = f"{handbook}/documents"
    over = {"id": "sale-over", "text": "The summer sale has begun.", "valid_to": "2020-01-01T00:00:00Z"}
    ahead = {"id": "sale-ahead", "text": "The summer sale begins.", "valid_from": "2999-01-01T00:00:00+08:00"}
    tenant.json("POST", path, 201, json=[over, ahead])
    assert len(search(tenant, handbook, "summer sale", k=3)) == 3
    assert not {"sale-over", "sale-ahead"} & {hit["document"] for hit in search(tenant, handbook, "summer sale")}


def test_a_page_shows_documents_and_one_shows_its_text(tenant: Any, handbook: str) -> None:
    first = tenant.json("GET", f"{handbook}/documents", 200, params={"limit": 2})
    rest = tenant.json("GET", f"{handbook}/documents", 200, params={"limit": 200, "cursor": first["next"]})
    ids = [one["id"] for one in (*first["data"], *rest["data"])]
    assert {"returns", "hours", "pay"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert tenant.json("GET", f"{handbook}/documents/hours", 200)["text"] == SHOP[1]["text"]


def test_a_repeated_request_has_one_effect(tenant: Any, handbook: str) -> None:
    headers = {"Idempotency-Key": "put-once"}
    sent = {"text": "Our shop has a parking lot."}
    first = tenant.json("POST", f"{handbook}/documents", 201, json=sent, headers=headers)
    again = tenant.json("POST", f"{handbook}/documents", 201, json=sent, headers=headers)
    assert first == again
    hits = search(tenant, handbook, "parking lot", k=50)
    assert [hit["document"] for hit in hits if "parking" in hit["quote"]] == [first["data"][0]["id"]]


def test_what_cannot_be_kept_says_why(tenant: Any, handbook: str, problem: Callable[..., dict[str, Any]]) -> None:
    post = tenant.http.post
    problem(post("/v1/collections", json={"name": "handbook"}), 409, "exists")
    problem(post("/v1/collections", json={"name": "Hand/book"}), 422, "bad_request")
    twice = problem(post(f"{handbook}/documents", json=[SHOP[0], SHOP[0]]), 422, "bad_data")
    assert twice["errors"][0]["pointer"] == "/0/id"
    problem(post(f"{handbook}/documents", json={"text": "a\0b"}), 422, "bad_data")
    problem(post(f"{handbook}/documents", json=[]), 422, "bad_request")
    problem(post("/v1/collections/none/documents", json=SHOP[0]), 404, "not_found")
    problem(post("/v1/collections/none:search", json={"query": "x"}), 404, "not_found")
    problem(post(f"{handbook}:search", json={"query": " "}), 422, "bad_request")


def test_a_key_reads_or_writes_as_its_scopes_say(
    tenant: Any, server: Any, handbook: str, problem: Callable[..., dict[str, Any]]
) -> None:
    for scope, write, read in (("predict", 403, 200), ("data", 201, 403)):
        key = tenant.json("POST", "/v1/keys", 201, json={"scopes": [scope]})["key"]
        headers = {"Authorization": f"Bearer {key}"}
        sent = {"id": "hours", "title": "Opening hours", "text": SHOP[1]["text"]}
        assert tenant.http.post(f"{handbook}/documents", json=sent, headers=headers).status_code == write
        assert tenant.http.post(f"{handbook}:search", json={"query": "hours"}, headers=headers).status_code == read


def test_another_tenant_has_its_own_collection_of_the_same_name(tenant: Any, server: Any, handbook: str) -> None:
    other = server.tenant()
    other.json("POST", f"{handbook}:search", 404, json={"query": "shoes"})
    other.json("GET", f"{handbook}/documents/returns", 404)
    other.json("POST", "/v1/collections", 201, json={"name": "handbook"})
    assert search(other, handbook, "shoes") == []
    other.json("POST", f"{handbook}/documents", 201, json={"id": "returns", "text": "We sell shoes for horses."})
    assert [hit["quote"] for hit in search(other, handbook, "shoes")] == ["We sell shoes for horses."]
    assert "horses" not in str(search(tenant, handbook, "shoes for horses"))
    assert other.http.delete(handbook).status_code == 204
    assert search(tenant, handbook, "shoes")[0]["document"] == "returns"
    other.json("POST", f"{handbook}:search", 404, json={"query": "shoes"})


def test_after_kill_9_a_search_finds_what_was_acknowledged(make_server: Callable[..., Any]) -> None:
    server = make_server()
    tenant, path = server.tenant(), "/v1/collections/handbook"
    tenant.json("POST", "/v1/collections", 201, json={"name": "handbook"})
    tenant.json("POST", f"{path}/documents", 201, json=SHOP)
    before = search(tenant, path, "pay with a card")
    tenant.json("POST", f"{path}/documents", 201, json={"id": "club", "text": "Members of our club pay later."})
    server.kill()
    for file in server.home.glob("files/tenants/*/indexes/*/*"):
        file.write_bytes(file.read_bytes()[:-1])
    server.start()
    assert search(tenant, path, "members of the club", k=1)[0]["document"] == "club"
    after = search(tenant, path, "pay with a card", k=4)
    assert after[0]["document"] == before[0]["document"]
    assert {hit["document"] for hit in after} == {"returns", "hours", "pay", "club"}
