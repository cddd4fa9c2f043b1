"""What a plugin may do for a tenant, over HTTP, with one that does all of it: keep, search, tell, leave for later …"""

import base64
import hmac
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

SITE = Path(__file__).parents[1] / "fixtures" / "diary" / "src"
NOTES = "/v1/diary/notes"


@pytest.fixture(scope="module")
def home(make_server: Any) -> Any:
    return make_server(PYTHONPATH=str(SITE), PODION_RETRY_SECONDS="0.2", PODION_ALLOW_PRIVATE_ADDRESSES="127.0.0.1")


@pytest.fixture
def ours(home: Any) -> Any:
    return home.tenant("diary")


@pytest.fixture
def theirs(home: Any) -> Any:
    return home.tenant("diary")


def keep(tenant: Any, text: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = tenant.json("POST", NOTES, 201, json={"text": text, **more})
    return made


def found(tenant: Any, words: str, **query: Any) -> list[str]:
    return [
        hit["document"] for hit in tenant.json("GET", "/v1/diary/search", 200, params={"q": words, **query})["data"]
    ]


def test_a_document_is_kept_replaced_listed_and_removed(ours: Any, theirs: Any, problem: Any) -> None:
    note = keep(ours, "Water the plants")
    assert note["id"].startswith("not_")
    assert ours.json("GET", f"{NOTES}/{note['id']}", 200) == note
    other = keep(ours, "Call the landlord", id="landlord", state="done")
    assert other["id"] == "landlord"
    keep(ours, "Call the landlord again", id="landlord", state="done")
    listed = ours.json("GET", NOTES, 200, params={"limit": 1})
    assert [each["text"] for each in listed["data"]] == ["Call the landlord again"]
    rest = ours.json("GET", NOTES, 200, params={"limit": 1, "cursor": listed["next"]})
    assert ([each["id"] for each in rest["data"]], rest["next"]) == ([note["id"]], None)
    assert [each["id"] for each in ours.json("GET", NOTES, 200, params={"state": "open"})["data"]] == [note["id"]]
    assert theirs.json("GET", NOTES, 200)["data"] == []
    for path in (f"{NOTES}/{note['id']}", f"{NOTES}/landlord"):
        mine = problem(theirs.http.get(path), 404, "not_found")
        none = problem(theirs.http.get(f"{NOTES}/nothing"), 404, "not_found")
        assert {**mine, "request_id": ""} == {**none, "request_id": ""}
        problem(theirs.http.delete(path), 404, "not_found")
    ours.json("DELETE", f"{NOTES}/landlord", 200)
    problem(ours.http.get(f"{NOTES}/landlord"), 404, "not_found")
    problem(ours.http.get(NOTES, params={"cursor": "bad"}), 422, "bad_cursor")


def test_a_search_finds_what_was_just_written_and_only_that(ours: Any, theirs: Any) -> None:
    plants = keep(ours, "Water the plants on the balcony every morning")["id"]
    keep(ours, "The invoice of the electricity company is due on Friday", id="invoice", state="done")
    keep(theirs, "Their secret: the electricity bill was never paid", id="secret")
    assert found(ours, "when do I pay for power?", k=1) == ["invoice"]
    assert found(ours, "gardening", k=1) == [plants]
    assert found(ours, "electricity", state="open") == [plants]
    hit = ours.json("GET", "/v1/diary/search", 200, params={"q": "electricity", "k": 1})["data"][0]
    text = ours.json("GET", f"{NOTES}/invoice", 200)["text"]
    assert text[hit["start"] : hit["end"]] == hit["quote"]
    assert hit["field"] == "text"
    assert 0 <= hit["score"] <= 1
    keep(ours, "The dentist expects us at nine", id="invoice")
    assert found(ours, "teeth doctor", k=1) == ["invoice"]
    assert ours.json("GET", "/v1/diary/search", 200, params={"q": "teeth", "k": 1})["data"][0]["version"] == "2"
    ours.json("DELETE", f"{NOTES}/invoice", 200)
    assert found(ours, "teeth doctor") == [plants]
    assert found(theirs, "plants") == ["secret"]


def test_an_update_is_atomic_and_what_it_raises_undoes_it(ours: Any, problem: Any) -> None:
    with ThreadPoolExecutor(8) as threads:  # nobody made the counter: one of the writers begins it
        raised = list(threads.map(lambda _: ours.http.post("/v1/diary/count").json()["value"], range(24)))
    assert sorted(raised) == list(range(1, 25))
    keep(ours, "closed", id="closed", state="done")
    path = f"{NOTES}/closed/lines"
    problem(ours.http.post(path, json={"text": "late"}), 409, "conflict")
    assert ours.json("GET", f"{NOTES}/closed", 200)["lines"] == []


def test_writers_of_a_searchable_document_lose_nothing(ours: Any) -> None:
    keep(ours, "shopping", id="list")
    start = threading.Barrier(4)

    def add(number: int) -> int:
        start.wait()
        return int(ours.http.post(f"{NOTES}/list/lines", json={"text": f"line {number}"}).status_code)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(add, range(4))) == [200] * 4
    assert sorted(ours.json("GET", f"{NOTES}/list", 200)["lines"]) == [f"line {number}" for number in range(4)]


def test_a_plugins_post_under_a_key_has_one_effect(ours: Any, theirs: Any) -> None:
    headers = {"Idempotency-Key": "once"}
    first = ours.http.post(NOTES, json={"text": "only once"}, headers=headers)
    again = ours.http.post(NOTES, json={"text": "only once"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(ours.json("GET", NOTES, 200)["data"]) == 1
    assert theirs.http.post(NOTES, json={"text": "only once"}, headers=headers).json()["id"] != first.json()["id"]


def test_personal_data_is_masked_before_it_is_kept(home: Any, ours: Any) -> None:
    note = keep(ours, "Ring me at +44 20 7946 0958 please")
    assert "7946" not in note["text"]
    assert "7946" not in ours.json("GET", f"{NOTES}/{note['id']}", 200)["text"]


def test_near_in_meaning_is_near_by_dot_product(ours: Any) -> None:
    texts = ["my parcel is late", "the package has not arrived", "I like jazz"]
    vectors = ours.json("POST", "/v1/diary/embed", 200, json={"texts": texts})["vectors"]
    dots = [sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors]
    assert dots[0] == pytest.approx(1, abs=1e-5)
    assert dots[1] > dots[2] + 0.2


def test_a_review_becomes_a_record_of_the_next_dataset(ours: Any, theirs: Any, problem: Any) -> None:
    rows = [("meeting with the boss", "work"), ("mum's birthday", "family"), ("quarterly report", "work")]
    body = "".join(f'{{"text": "{text}", "label": "{label}"}}\n' for text, label in rows)
    made = ours.json("POST", "/v1/diary/datasets", 201, content=body, params={"task": "sort"})
    answers = [
        ours.json("POST", "/v1/diary/sort", 200, json={"text": text})["answers"][0]["prediction_id"]
        for text in ("dinner with my sister", "what is the weather like")
    ]
    ours.json("POST", "/v1/diary/review", 200, json={"prediction_id": answers[0], "label": "family"})
    ours.json("POST", "/v1/diary/review", 200, json={"prediction_id": answers[1], "out_of_scope": True})
    problem(theirs.http.post("/v1/diary/review", json={"prediction_id": answers[0], "label": "work"}), 404, "not_found")
    wrong = {"prediction_id": answers[1], "out_of_scope": True, "label": "work"}
    problem(ours.http.post("/v1/diary/review", json=wrong), 422, "unknown_label")
    grown = ours.json("POST", f"/v1/diary/datasets/{made['id']}:grow", 201, json={})
    assert grown["labels"] == {"family": 2, "work": 2}
    assert grown["rows"] == 5
    assert grown["report"]["out_of_scope"] == 1


def test_many_documents_are_kept_and_listed_at_once(ours: Any, theirs: Any, problem: Any) -> None:
    many = {"number": 1_000}
    ours.json("POST", "/v1/diary/counts:all", 200, params=many)
    ours.json("POST", "/v1/diary/counts:all", 200, params={"number": 3})
    problem(ours.http.post("/v1/diary/counts:all", params={"number": 1_001}), 413, "too_large")
    listed = ours.json("GET", "/v1/diary/counts", 200)["data"]
    assert len(listed) == 1_000, "a thousand a call, whatever is asked for"
    assert not any(row["id"].startswith("all-") for row in theirs.json("GET", "/v1/diary/counts", 200)["data"])
    assert ours.json("GET", "/v1/usage", 200)["meters"]["documents"] >= 1_003


def test_an_answer_of_a_version_is_replayed_whatever_is_live(ours: Any, theirs: Any, problem: Any) -> None:
    rows = '{"text": "meeting with the boss", "label": "work"}\n{"text": "mum", "label": "family"}\n'
    made = ours.json("POST", "/v1/diary/datasets", 201, content=rows, params={"task": "sort"})
    first = ours.json("POST", "/v1/diary/sort", 200, json={"text": "the quarterly report"})
    [card] = ours.json("GET", "/v1/diary/versions", 200)["data"]
    assert (card["method"], card["live"]) == ("zero-shot", False)
    ours.json("POST", "/v1/diary/review", 200, json={"prediction_id": first["answers"][0]["prediction_id"],
              "label": "work"})  # fmt: skip
    ours.json("POST", f"/v1/diary/datasets/{made['id']}:grow", 201, json={})
    ours.json("POST", "/v1/diary/sort", 200, json={"text": "the quarterly report"})
    again = ours.json("POST", f"/v1/diary/sort/{card['adapter']}", 200, json={"text": "the quarterly report"})
    assert again["adapter"] == card["adapter"]
    assert again["answers"][0]["confidence"] == pytest.approx(first["answers"][0]["confidence"], abs=1e-5)
    ours.json("POST", "/v1/diary/review", 200, json={"prediction_id": again["answers"][0]["prediction_id"],
              "label": "work"})  # fmt: skip
    problem(theirs.http.post(f"/v1/diary/sort/{card['adapter']}", json={"text": "x"}), 404, "not_found")
    problem(ours.http.post("/v1/diary/sort/none", json={"text": "x"}), 404, "not_found")


def remind(tenant: Any, note: str, delay: float = 0, **more: Any) -> None:
    body = {"reminder": {"note": note, **more}, "delay_seconds": delay}
    tenant.json("POST", "/v1/diary/reminders", 200, json=body)


def reminded(tenant: Any) -> dict[str, int]:
    """Return after how many attempts each reminder was done."""
    rows = tenant.json("GET", "/v1/diary/counts", 200)["data"]
    return {row["id"][5:]: row["value"] for row in rows if row["id"].startswith("done-")}


def until(found: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_jobs_are_done_in_the_background_and_survive_a_kill(home: Any, ours: Any, theirs: Any) -> None:
    for _ in range(2):
        remind(ours, "parcel")
    remind(ours, "late", delay=3_600), remind(ours, "late", delay=3_600)
    remind(theirs, "hopeless", failures=9)
    until(lambda: reminded(ours) == {"parcel": 1, "rounds": 1})  # the rounds by their schedule
    until(lambda: bool(theirs.json("GET", "/v1/jobs", 200, params={"state": "failed"})["data"]))
    [failed] = theirs.json("GET", "/v1/jobs", 200, params={"state": "failed"})["data"]
    assert (failed["vertical"], failed["job"], failed["attempts"]) == ("diary", "remind", 3)
    assert failed["error"] == {"code": "job_failed", "detail": "RuntimeError: attempt 3 fails"}
    with home.operator() as operator:
        shown = operator.get("/v1/admin/jobs", params={"state": "failed"}).raise_for_status().json()["data"]
    assert [row["error"] for row in shown if row["tenant"] == theirs.id] == [{"code": "job_failed"}]
    [waits] = ours.json("GET", "/v1/jobs", 200)["data"]
    assert (waits["state"], waits["attempts"]) == ("queued", 0)
    remind(ours, "cut", seconds=1.5)
    until(lambda: any(row["state"] == "running" for row in ours.json("GET", "/v1/jobs", 200)["data"]))
    home.kill()
    home.start()
    until(lambda: reminded(ours).get("cut") == 2)
    lines = httpx.get(f"{home.url}/metrics").text.splitlines()
    assert 'podion_jobs_open{job="diary/remind",state="failed"} 1.0' in lines
    assert any(line.startswith('podion_jobs_total{job="remind",outcome="done",vertical="diary"}') for line in lines)


class Endpoint(BaseHTTPRequestHandler):
    """Takes messages, and answers with the status that their path names."""

    heard: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.heard.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self._answer(int(self.path.split("/")[1]), b"noted")

    def do_GET(self) -> None:
        self._answer(200, b"news")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def signed(secret: str, headers: dict[str, str], body: bytes) -> str:
    """By the definition of Standard Webhooks."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(base64.b64decode(secret[6:]), content, "sha256")).decode()


def test_an_event_reaches_the_tenants_endpoint_signed_and_its_stream(
    home: Any, ours: Any, theirs: Any, web: str, problem: Any
) -> None:
    made = ours.json("POST", "/v1/webhooks", 201, json={"url": f"{web}/200/ours", "types": ["diary.note.kept"]})
    theirs.json("POST", "/v1/webhooks", 201, json={"url": f"{web}/200/theirs"})
    path = f"/v1/webhooks/{made['id']}"
    stream = httpx.stream("GET", f"{home.url}/v1/diary/events", headers={**ours.http.headers}, timeout=20)
    with stream as events:
        lines = events.iter_lines()
        assert next(lines) == ": here"
        note = keep(ours, "Ring +44 20 7946 0958")
        told = dict(line.split(": ", 1) for line in itertools.islice((line for line in lines if line), 3))
    until(lambda: ours.json("GET", f"{path}/deliveries", 200)["data"][0]["state"] == "delivered")
    [(_, headers, body)] = [each for each in Endpoint.heard if each[0].endswith("ours")]
    assert headers["webhook-signature"] == signed(made["secret"], headers, body)
    message = json.loads(body)
    assert message == json.loads(told["data"]) and told["event"] == message["type"] == "diary.note.kept"
    assert message["data"]["note"] == note["id"] and "7946" not in message["data"]["text"]
    assert (message["id"], abs(time.time() - int(headers["webhook-timestamp"])) < 60) == (headers["webhook-id"], True)
    assert not any(each[0].endswith("theirs") for each in Endpoint.heard)
    later = keep(ours, "later")
    resumed = {**ours.http.headers, "Last-Event-ID": told["id"]}
    with httpx.stream("GET", f"{home.url}/v1/diary/events", headers=resumed, timeout=20) as events:
        assert any(later["id"] in line for line in itertools.islice(events.iter_lines(), 5))
    for other in (path, f"{path}/deliveries"):
        problem(theirs.http.get(other), 404, "not_found")
    turned = ours.json("POST", f"{path}:rotate", 201, json={})
    assert turned["secret"] != made["secret"]
    sent = ours.json("POST", f"{path}:test", 201)
    until(lambda: json.loads(Endpoint.heard[-1][2])["id"] == sent["event"])
    _, headers, body = Endpoint.heard[-1]
    both = [signed(secret, headers, body) for secret in (turned["secret"], made["secret"])]
    assert headers["webhook-signature"].split() == both and json.loads(body)["type"] == "podion.test"
    assert ours.http.delete(path).status_code == 204
    problem(ours.http.get(path), 404, "not_found")


def test_what_cannot_be_delivered_is_shown_and_sent_again(ours: Any, theirs: Any, web: str, problem: Any) -> None:
    gone, down = (ours.json("POST", "/v1/webhooks", 201, json={"url": f"{web}/{n}/x"}) for n in (410, 503))
    keep(ours, "hello")
    until(lambda: bool(ours.json("GET", "/v1/webhooks/dead-letters", 200)["data"]))
    [dead] = ours.json("GET", "/v1/webhooks/dead-letters", 200)["data"]
    assert (dead["webhook"], dead["last_status"], dead["last_answer"]) == (gone["id"], 410, "noted")
    assert ours.json("GET", f"/v1/webhooks/{gone['id']}", 200)["disabled_why"] == "the endpoint answered 410 Gone"
    again = "/v1/webhooks/dead-letters/{}:redeliver".format
    problem(ours.http.post(again(dead["id"])), 409, "disabled")
    problem(ours.http.post(f"/v1/webhooks/{gone['id']}:test"), 409, "disabled")
    problem(theirs.http.post(again(dead["id"])), 404, "not_found")
    until(lambda: ours.json("GET", f"/v1/webhooks/{down['id']}/deliveries", 200)["data"][0]["attempts"] >= 2)
    [waits] = ours.json("GET", f"/v1/webhooks/{down['id']}/deliveries", 200)["data"]
    assert (waits["state"], waits["last_status"]) == ("pending", 503)
    anew = ours.json("POST", again(waits["id"]), 200)
    assert (anew["event"], anew["attempts"]) == (waits["event"], 0)
    for url, code in (("http://10.0.0.1/", "private_address"), ("http://localhost.localdomain@x/", "bad_url")):
        problem(ours.http.post("/v1/webhooks", json={"url": url}), 422, code)
    problem(ours.http.post("/v1/webhooks", json={"url": web, "types": ["no.such"]}), 422, "unknown_type")
    clerk = ours.json("POST", "/v1/keys", 201, json={"scopes": ["data"]})["key"]
    problem(ours.http.get("/v1/webhooks", headers={"Authorization": f"Bearer {clerk}"}), 403, "forbidden")
    problem(ours.http.get("/v1/diary/events", headers={"Authorization": f"Bearer {clerk}"}), 403, "forbidden")


def test_what_a_tenant_names_is_fetched_and_metered(ours: Any, web: str, problem: Any) -> None:
    assert ours.json("POST", "/v1/diary/fetch", 200, json={"url": web}) == {"text": "news"}
    for url in ("http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/", "http://0/"):
        problem(ours.http.post("/v1/diary/fetch", json={"url": url}), 422, "private_address")
    problem(ours.http.post("/v1/diary/fetch", json={"url": "file:///etc/passwd"}), 422, "bad_url")
    assert ours.json("GET", "/v1/usage", 200)["meters"]["fetches"] == 1


def test_a_server_with_open_streams_stops_at_once(home: Any, ours: Any) -> None:
    with httpx.stream("GET", f"{home.url}/v1/diary/events", headers={**ours.http.headers}, timeout=20) as events:
        lines = events.iter_lines()
        assert next(lines) == ": here"
        began = time.monotonic()
        home.process.terminate()
        assert list(lines)[-1] == "", "the stream ends as it should"
    assert home.process.wait(20) == 0
    assert time.monotonic() - began < 8
