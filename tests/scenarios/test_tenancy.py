"""Two tenants on one server: what a key opens, for how long, and that nothing of one is there for the other."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

API = "/v1/customer-service"
TWO = [{"text": "where is my parcel", "label": "delivery"}, {"text": "i want my money back", "label": "refund"}]
NOBODYS = {
    "dataset": "dst_" + "0" * 26,
    "run": "run_" + "0" * 26,
    "adapter": "0" * 64,
    "deployment": "dep_" + "0" * 26,
    "prediction": "prd_" + "0" * 26,
    "key": "key_" + "0" * 26,
}


def call(server: Any, key: str | None, method: str, path: str, **arguments: Any) -> httpx.Response:
    headers = {**arguments.pop("headers", {})}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return httpx.request(method, server.url + path, headers=headers, timeout=60, **arguments)


def new_key(tenant: Any, **body: Any) -> dict[str, Any]:
    return dict(tenant.json("POST", "/v1/keys", 201, json=body))


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


# Keys.


ROUTES = {
    "predict": [("POST", f"{API}/parse"), ("POST", f"{API}/feedback")],
    "data": [("POST", f"{API}/datasets?task=intent"), ("GET", f"{API}/datasets"), ("GET", f"{API}/datasets/x/errors")],
    "train": [("POST", f"{API}/runs"), ("GET", f"{API}/runs/x"), ("GET", f"{API}/adapters/x/export")],
    "deploy": [
        ("POST", f"{API}/deployments"),
        ("GET", f"{API}/deployments"),
        ("POST", f"{API}/deployments/x:rollback"),
    ],
    "admin": [("POST", "/v1/keys"), ("GET", "/v1/keys"), ("PUT", "/v1/verticals/praise")],
}


@pytest.mark.parametrize("scope", ROUTES)
def test_a_key_opens_what_its_scope_says_and_no_more(scope: str, server: Any, shop: Any, problem: Any) -> None:
    made = new_key(shop.tenant, scopes=[scope], label="narrow")
    for needed, routes in ROUTES.items():
        for method, path in routes:
            body = {"json": {}} if method in ("POST", "PUT") and needed != "admin" else {}
            answer = call(server, made["key"], method, path, **body)
            if needed == scope:
                assert answer.status_code not in (401, 403), (method, path, answer.text)
            else:
                detail = problem(answer, 403, "forbidden")["detail"]
                assert f"needs {needed}" in detail
                assert f"may {scope}" in detail
    assert call(server, made["key"], "GET", "/v1/me").json()["scopes"] == [scope]
    shop.tenant.json("POST", f"/v1/keys/{made['id']}:revoke", 200)


def test_what_is_no_key_is_told_how_to_send_one(server: Any, shop: Any, problem: Any) -> None:
    answer = call(server, None, "GET", "/v1/me")
    assert "Authorization: Bearer" in problem(answer, 401, "unauthenticated")["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"
    answer = httpx.get(f"{server.url}/v1/me", headers={"Authorization": f"Basic {shop.tenant.key}"})
    problem(answer, 401, "unauthenticated")


def test_nothing_tells_what_is_wrong_with_a_key(
    server: Any, shop: Any, problem: Any, without_request_id: Any, until: Any
) -> None:
    key = shop.tenant.key
    other = "a" if key[-1] != "a" else "b"
    revoked = new_key(shop.tenant)
    shop.tenant.json("POST", f"/v1/keys/{revoked['id']}:revoke", 200)
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    expired = new_key(shop.tenant, expires_at=soon)
    assert call(server, expired["key"], "GET", "/v1/me").status_code == 200
    until(lambda: call(server, expired["key"], "GET", "/v1/me").status_code == 401, seconds=5)
    from podion.tenancy.keys import mint

    wrong = [key[:-1] + other, str(mint()), revoked["key"], expired["key"], "pod_live_x", "x" * 5_000]
    said = [without_request_id(problem(call(server, k, "GET", "/v1/me"), 401, "unauthenticated")) for k in wrong]
    assert all(document == said[0] for document in said)


def test_a_key_ends_within_a_second_of_its_revocation(server: Any, shop: Any) -> None:
    made = new_key(shop.tenant, scopes=["data"])
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {made['key']}"}) as client:
        assert client.get(f"{API}/datasets").status_code == 200
        row = shop.tenant.json("POST", f"/v1/keys/{made['id']}:revoke", 200)
        assert row["revoked_at"] is not None
        revoked = time.monotonic()
        statuses = []
        while time.monotonic() < revoked + 1.0:
            statuses.append(client.get(f"{API}/datasets").status_code)
            time.sleep(0.02)
        assert client.get(f"{API}/datasets").status_code == 401
    assert statuses == sorted(statuses), "once refused, it stays refused"


def test_a_rotated_key_works_beside_its_successor_and_then_ends(server: Any, shop: Any, until: Any) -> None:
    old = new_key(shop.tenant, scopes=["data"], label="pipeline")
    new = shop.tenant.json("POST", f"/v1/keys/{old['id']}:rotate", 201, json={"overlap_seconds": 2})
    assert (new["scopes"], new["label"]) == (old["scopes"], old["label"])
    assert new["id"] != old["id"]
    for each in (old, new):
        assert call(server, each["key"], "GET", f"{API}/datasets").status_code == 200
    until(lambda: call(server, old["key"], "GET", f"{API}/datasets").status_code == 401, seconds=8)
    assert call(server, new["key"], "GET", f"{API}/datasets").status_code == 200
    answer = shop.tenant.http.post(f"/v1/keys/{old['id']}:rotate", json={})
    assert answer.status_code == 409, answer.text


def test_a_disabled_tenant_is_refused_until_it_is_enabled(server: Any, problem: Any) -> None:
    tenant = server.tenant()
    tenant.json("GET", "/v1/me", 200)
    with server.operator() as operator:
        assert operator.post(f"/v1/admin/tenants/{tenant.id}:disable").status_code == 200
        problem(tenant.http.get("/v1/me"), 401, "unauthenticated")
        assert operator.post(f"/v1/admin/tenants/{tenant.id}:enable").status_code == 200
    tenant.json("GET", "/v1/me", 200)


def test_a_deleted_tenant_leaves_neither_rows_nor_files(server: Any, problem: Any, shop: Any) -> None:
    tenant = server.tenant()
    tenant.upload(TWO)
    folder = server.home / "files"
    assert [path for path in folder.rglob("*") if tenant.id in str(path)]
    with server.operator() as operator:
        assert operator.delete(f"/v1/admin/tenants/{tenant.id}").status_code == 204
        problem(operator.delete(f"/v1/admin/tenants/{tenant.id}"), 404, "not_found")
    problem(tenant.http.get("/v1/me"), 401, "unauthenticated")
    time.sleep(1)  # what was made ready in the background of the upload would come back now
    left = [path for path in folder.rglob("*") if tenant.id in str(path)]
    assert left == [folder / "tenants" / tenant.id]
    assert left[0].read_bytes() == b""  # a tombstone, so that nothing can come back
    assert shop.tenant.json("GET", "/v1/me", 200)["tenant"] == shop.tenant.id


def test_the_operators_routes_take_no_tenants_key(server: Any, shop: Any, problem: Any) -> None:
    for method, path in (("GET", "tenants"), ("GET", "plugins"), ("POST", f"tenants/{shop.tenant.id}:disable")):
        problem(call(server, shop.tenant.key, method, f"/v1/admin/{path}"), 401, "unauthenticated")
    with server.operator() as operator:
        problem(operator.get("/v1/me"), 401, "unauthenticated")


def test_a_secret_is_shown_once_and_written_nowhere(server: Any, shop: Any) -> None:
    made = new_key(shop.tenant, label="shown once")
    rotated = shop.tenant.json("POST", f"/v1/keys/{made['id']}:rotate", 201, json={})
    call(server, rotated["key"][:-1] + "!", "GET", "/v1/me")
    call(server, rotated["key"], "GET", f"/v1/me?key={rotated['key']}")
    with server.operator() as operator:
        lists = [operator.get(path).text for path in ("/v1/admin/tenants?limit=200", "/v1/admin/plugins")]
    lists += [shop.tenant.http.get(path).text for path in ("/v1/keys?limit=200", "/v1/me", "/v1/usage", "/metrics")]
    files = [path.read_bytes() for path in server.home.iterdir() if path.is_file()]
    for key in (shop.tenant.key, made["key"], rotated["key"]):
        secret = key.rpartition("_")[2]
        assert not any(secret in text for text in lists)
        assert not any(secret.encode() in content for content in files), "neither the log nor the database has it"
    assert len(files) >= 2


# The tenant comes from the key.


def test_a_tenant_sees_its_own_things_only(shop: Any, opposite: Any) -> None:
    mine, theirs = shop.lists(), opposite.lists()
    for name in ("datasets", "runs", "adapters", "deployments", "keys"):
        ids = [{row["id"] for row in lists[name]["data"]} for lists in (mine, theirs)]
        assert ids[0] and ids[1]
        assert not ids[0] & ids[1]


def test_naming_a_tenant_changes_nothing(server: Any, shop: Any, opposite: Any) -> None:
    named = {"tenant": opposite.tenant.id, "tenant_id": opposite.tenant.id}
    headers = {"X-Tenant": opposite.tenant.id, "X-Tenant-ID": opposite.tenant.id}
    answer = call(server, shop.tenant.key, "GET", f"{API}/datasets", params=named, headers=headers)
    assert answer.json() == shop.tenant.json("GET", f"{API}/datasets", 200)
    body = {"prediction_id": opposite.prediction, "label": "refund", **named}
    assert call(server, shop.tenant.key, "POST", f"{API}/feedback", json=body).status_code == 404


IN_PATH = [
    ("GET", API + "/datasets/{dataset}", None),
    ("GET", API + "/datasets/{dataset}/errors", None),
    ("POST", API + "/datasets/{dataset}:grow", {"feedback": True}),
    ("GET", API + "/runs/{run}", None),
    ("GET", API + "/runs/{run}/events", None),
    ("POST", API + "/runs/{run}:cancel", None),
    ("GET", API + "/adapters/{adapter}", None),
    ("GET", API + "/adapters/{adapter}/export", None),
    ("POST", API + "/deployments/{deployment}:rollback", None),
    ("POST", "/v1/keys/{key}:revoke", None),
    ("POST", "/v1/keys/{key}:rotate", {}),
]
IN_BODY = [
    ("POST", API + "/runs", {"task": "intent", "dataset": "{dataset}", "method": "head"}),
    ("POST", API + "/deployments", {"task": "intent", "adapter": "{adapter}"}),
    ("POST", API + "/feedback", {"prediction_id": "{prediction}", "label": "refund"}),
]


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(each, ids) for name, each in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


@pytest.mark.parametrize(("method", "path", "body"), IN_PATH + IN_BODY)
def test_what_is_somebody_elses_is_not_there(
    method: str, path: str, body: Any, shop: Any, opposite: Any, problem: Any, without_request_id: Any
) -> None:
    theirs = {name: getattr(opposite, name) for name in NOBODYS}
    before = opposite.lists()
    documents = []
    for ids in (theirs, NOBODYS):
        answer = shop.tenant.http.request(method, filled(path, ids), json=filled(body, ids))
        documents.append(without_request_id(problem(answer, 404, "not_found")))
    assert documents[0] == documents[1]
    assert opposite.lists() == before


def test_what_is_somebody_elses_cannot_be_extended(
    shop: Any, opposite: Any, problem: Any, without_request_id: Any
) -> None:
    documents = [
        without_request_id(
            problem(
                shop.tenant.http.post(
                    f"{API}/datasets", params={"task": "intent", "extends": dataset}, content=lines(TWO)
                ),
                404,
                "not_found",
            )
        )
        for dataset in (opposite.dataset, NOBODYS["dataset"])
    ]
    assert documents[0] == documents[1]


# Verticals.


def test_a_vertical_that_was_never_enabled_is_not_there(server: Any, problem: Any) -> None:
    tenant = server.tenant("praise")
    gets = ("datasets", "datasets/x", "datasets/x/errors", "runs", "runs/x", "runs/x/events", "adapters", "deployments")
    posts = ("parse", "datasets?task=intent", "datasets/x:grow", "runs", "runs/x:cancel", "deployments", "feedback")
    routes = [*(("GET", path) for path in gets), *(("POST", path) for path in posts)]
    for method, path in routes:
        detail = problem(tenant.http.request(method, f"{API}/{path}"), 404, "not_found")["detail"]
        assert "PUT /v1/verticals/customer_service" in detail
    other = server.tenant("customer_service")
    problem(other.http.post("/v1/praise/judge", json={"text": "Lovely!"}), 404, "not_found")
    enabled = tenant.http.post("/v1/praise/judge", json={"text": "Lovely!"})
    assert "upload" in problem(enabled, 409, "untrained")["detail"]


def test_a_disabled_vertical_is_gone_and_comes_back_with_its_data(server: Any, problem: Any) -> None:
    tenant, other = server.tenant(), server.tenant()
    dataset = tenant.upload(TWO)["id"]
    other.upload(TWO)
    assert tenant.http.delete("/v1/verticals/customer_service").status_code == 204
    for path in ("datasets", f"datasets/{dataset}", "runs", "adapters", "deployments"):
        problem(tenant.http.get(f"{API}/{path}"), 404, "not_found")
    problem(tenant.http.post(f"{API}/parse", json={"text": "hi"}), 404, "not_found")
    assert other.json("GET", f"{API}/datasets/{dataset}", 200)["rows"] == 2, "the other one's is its own"
    tenant.json("PUT", "/v1/verticals/customer_service", 200, json={})
    assert tenant.json("GET", f"{API}/datasets/{dataset}", 200)["rows"] == 2


def test_a_vertical_that_does_not_exist(shop: Any, problem: Any) -> None:
    detail = problem(shop.tenant.http.put("/v1/verticals/customer_servise", json={}), 404, "not_found")["detail"]
    assert "customer_service" in detail
    problem(shop.tenant.http.put("/v1/verticals/praise", json={"config": {"colour": "red"}}), 422, "bad_data")


# Idempotency keys.


@pytest.fixture(scope="module")
def trader(server: Any, utterances: list[dict[str, Any]]) -> Any:
    return server.tenant()


@pytest.fixture(scope="module")
def creations(
    trader: Any, shop: Any, utterances: list[dict[str, Any]]
) -> dict[str, tuple[Any, str, dict[str, Any], str]]:
    """What creates: the tenant, the path, the arguments, and the list that grows by it."""
    intent = {"params": {"task": "intent"}, "content": lines(utterances[:40])}
    run = {"json": {"task": "intent", "dataset": trader.upload(utterances[:60])["id"], "method": "zero-shot"}}
    deployment = {"json": {"task": "intent", "adapter": shop.adapter}}
    feedback = {"json": {"prediction_id": shop.prediction, "label": "cancel_order"}}
    return {
        "upload": (trader, f"{API}/datasets", intent, f"{API}/datasets"),
        "run": (trader, f"{API}/runs", run, f"{API}/runs"),
        "deployment": (shop.tenant, f"{API}/deployments", deployment, f"{API}/deployments"),
        "feedback": (shop.tenant, f"{API}/feedback", feedback, "/v1/usage"),
        "key": (trader, "/v1/keys", {"json": {"scopes": ["data"], "label": "for the pipeline"}}, "/v1/keys"),
    }


def count(tenant: Any, path: str) -> float:
    answer = tenant.json("GET", path, 200)
    return float(answer["meters"].get("feedback", 0) if "meters" in answer else len(answer["data"]))


@pytest.mark.parametrize("name", ["upload", "run", "deployment", "feedback", "key"])
def test_the_same_request_at_once_and_again_has_one_effect(
    name: str, creations: dict[str, tuple[Any, str, dict[str, Any], str]], problem: Any
) -> None:
    tenant, path, arguments, grows = creations[name]
    before = count(tenant, grows)
    barrier = threading.Barrier(6)

    def send(_: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {tenant.key}", "Idempotency-Key": f"once-{name}"}
        with httpx.Client(base_url=tenant.http.base_url, headers=headers, timeout=60) as client:
            barrier.wait()
            return client.post(path, **arguments)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    answers.append(tenant.http.post(path, **arguments, headers={"Idempotency-Key": f"once-{name}"}))
    made = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code != 201]
    for answer in waiting:
        problem(answer, 409, "in_flight")
        assert int(answer.headers["retry-after"]) >= 1
    firsts = [answer for answer in made if "idempotent-replayed" not in answer.headers]
    assert len(firsts) == 1
    assert answers[-1].headers["idempotent-replayed"] == "true"
    secret = {"key": None} if name == "key" else {}
    for answer in made:
        assert answer.json() == (firsts[0].json() if answer is firsts[0] else {**firsts[0].json(), **secret})
    if name == "key":
        assert firsts[0].json()["key"].startswith("pod_live_")
    assert count(tenant, grows) == before + 1


@pytest.mark.parametrize("name", ["upload", "run", "deployment", "feedback", "key"])
def test_another_body_under_the_same_key_is_refused(
    name: str, creations: dict[str, tuple[Any, str, dict[str, Any], str]], problem: Any
) -> None:
    tenant, path, arguments, grows = creations[name]
    headers = {"Idempotency-Key": f"body-{name}"}
    assert tenant.http.post(path, **arguments, headers=headers).status_code == 201
    before = count(tenant, grows)
    changed = (
        {**arguments, "content": arguments["content"] + lines([{"text": "one more", "label": "refund"}])}
        if "content" in arguments
        else {"json": {**arguments["json"], **CHANGES[name]}}
    )
    problem(tenant.http.post(path, **changed, headers=headers), 422, "idempotency_mismatch")
    assert count(tenant, grows) == before


CHANGES: dict[str, dict[str, Any]] = {
    "run": {"seed": 9},
    "deployment": {"mode": "live", "task": "intent"},
    "feedback": {"comment": "on second thought"},
    "key": {"label": "another"},
}


def test_an_idempotency_key_belongs_to_one_tenant_and_one_route(server: Any, trader: Any) -> None:
    other = server.tenant()
    headers = {"Idempotency-Key": "the same for all"}
    body = {"scopes": ["data"]}
    first = trader.http.post("/v1/keys", json=body, headers=headers)
    second = other.http.post("/v1/keys", json=body, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] != second.json()["id"]
    assert "idempotent-replayed" not in second.headers
    upload = other.http.post(f"{API}/datasets", params={"task": "intent"}, content=lines(TWO), headers=headers)
    assert upload.status_code == 201
    assert "idempotent-replayed" not in upload.headers


def test_a_refused_request_does_not_use_its_key_up(server: Any, problem: Any) -> None:
    tenant = server.tenant()
    headers = {"Idempotency-Key": "again"}
    problem(
        tenant.http.post(f"{API}/datasets", params={"task": "intent"}, content=b"", headers=headers),
        422,
        "empty_upload",
    )
    made = tenant.http.post(f"{API}/datasets", params={"task": "intent"}, content=lines(TWO), headers=headers)
    assert made.status_code == 201
