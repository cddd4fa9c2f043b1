"""Golden scenarios and hostile input over HTTP, on the session's live server; two tenants wherever data is touched."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

API = "/v1/sentiment-monitor"


def article(number: int, **more: Any) -> dict[str, Any]:
    told = {
        "doc_id": f"route-{number}",
        "source": "wire.example",
        "published_at": datetime.now(UTC).isoformat(),
        "title": " ".join(f"r{number}o{place}" for place in range(12)),
        "labels": {"sentiment": "negative", "topics": ["outage"]},
    }
    return told | more


@pytest.fixture(scope="module")
def stranger(server: Any) -> Any:
    """A second tenant of the same server, with nothing."""
    return server.tenant("sentiment_monitor")


def test_a_burst_becomes_one_alert_with_evidence_that_is_taken_and_judged(press: Any, stranger: Any) -> None:
    now = datetime.now(UTC)
    rule = press.call("POST", "/rules", 201, json={"name": "outage", "names": ["outage"], "severity": "critical"})
    burst = [article(n, published_at=(now - timedelta(seconds=20 * n)).isoformat()) for n in range(12)]
    burst[0]["title"] = "Harbour Bank app is down for everybody in Eastport since early this morning"
    burst[0]["url"] = "https://wire.example/0"
    press.send(burst)
    [alert] = press.wait(lambda: press.call("GET", "/alerts", params={"subject": "outage"})["data"])
    assert (alert["status"], alert["rule"], alert["subject"]) == ("firing", rule["id"], "outage")
    assert 8 <= alert["observed"] <= 12
    assert len({story["id"] for story in alert["stories"]}) == 5
    assert press.call("GET", f"/stories/{alert['stories'][0]['id']}")["articles"] == 1
    sent = press.wait(lambda: (found := press.call("GET", f"/alerts/{alert['id']}"))["sent"] and found)
    assert (sent["owed"], sent["sent"]) == (False, 1)
    taken = press.call("POST", f"/alerts/{alert['id']}:ack", json={"comment": "on it"})
    assert (taken["status"], taken["comment"]) == ("acknowledged", "on it")
    fixed = {"corrections": {"route-3": {"sentiment": "neutral"}}}
    judged = press.call("POST", f"/alerts/{alert['id']}:mark-false", json=fixed)
    assert (judged["status"], judged["false_alarm"]) == ("resolved", True)
    assert press.call("GET", "/articles/route-3")["reading"]["sentiment"] == "neutral"
    press.wait(lambda: press.articles(topic="outage", sentiment="neutral") == 1)
    press.call("POST", f"/alerts/{alert['id']}:ack", 409, json={})
    page = press.tenant.http.get(f"{API}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "outage" in page.text
    for path in (f"/alerts/{alert['id']}", "/articles/route-3", f"/rules/{rule['id']}"):
        stranger.json("GET", f"{API}{path}", 404)
    for path in ("/alerts", "/stories", "/rules", "/sources"):
        assert stranger.json("GET", f"{API}{path}", 200)["data"] == []
    figures = stranger.json("GET", f"{API}/report", 200, params={"format": "json"})
    assert (figures["articles"], figures["alerts"]) == (0, [])


def test_a_file_of_lines_is_taken_whole_or_not_at_all(press: Any) -> None:
    good = "".join(json.dumps(article(100 + n)) + "\n" for n in range(3))
    headers = {"content-type": "application/x-ndjson"}
    taken = press.call("POST", "/articles:upload", 202, content=good.encode(), headers=headers)
    assert taken["created"] == 3
    faulty = good.replace("route-1", "other-1") + '{"doc_id": "x"}\nnonsense\n'
    refused = press.call("POST", "/articles:upload", 422, content=faulty.encode(), headers=headers)
    assert "line 4" in refused["detail"]
    press.call("GET", "/articles/other-100", 404)
    press.call("POST", "/articles:upload", 422, content=b"", headers=headers)


@pytest.mark.parametrize(
    "wrong",
    [
        {"doc_id": "../etc"},
        {"doc_id": ""},
        {"title": " ", "body": ""},
        {"published_at": "2026-07-01T00:00:00"},
        {"published_at": "2099-01-01T00:00:00Z"},
        {"published_at": "0001-01-01T00:00:00Z"},
        {"url": "javascript:alert(1)"},
        {"reach": -1},
        {"reach": 1e400},
        {"labels": {"sentiment": "x" * 300}},
        {"labels": {"intensity": 7}},
        {"tenant": "other"},
        {"title": "\ud800"},
    ],
)
def test_a_faulty_article_is_refused_and_none_of_its_batch_is_kept(press: Any, wrong: dict[str, Any]) -> None:
    rows = [article(200), {**article(201), **wrong}]
    body = json.dumps({"articles": rows}).replace("Infinity", "1e400").encode()
    refused = press.call("POST", "/articles", 422, content=body, headers={"content-type": "application/json"})
    assert refused["code"]
    press.call("GET", "/articles/route-200", 404)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/trends", {"topic": "a", "entity": "b"}),
        ("/trends", {"since": "2026-07-02T00:00:00Z", "until": "2026-07-01T00:00:00Z"}),
        ("/trends", {"since": "2020-07-02T00:00:00Z"}),
        ("/trends", {"until": "0001-01-01T00:00:00Z"}),
        ("/trends", {"until": "9999-12-31T23:59:59Z", "bucket": "day", "since": "0001-01-02T00:00:00Z"}),
        ("/report", {"day": "today"}),
        ("/report", {"day": "9999-12-31"}),
        ("/stories", {"day": "../"}),
        ("/alerts", {"status": "asleep"}),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(press: Any, path: str, query: dict[str, str]) -> None:
    press.call("GET", path, 422, params=query)


def test_sources_are_checked_and_pushed_to(press: Any, stranger: Any) -> None:
    for body in ({"name": "a", "kind": "rss"}, {"name": "a", "kind": "push", "url": "https://x.example"},
                 {"name": "a", "kind": "rss", "url": "file:///etc/passwd"}):  # fmt: skip
        press.call("POST", "/sources", 422, json=body)
    local = press.call(
        "POST", "/sources", 201, json={"name": "l", "kind": "rss", "url": "http://127.0.0.1:1/", "enabled": False}
    )
    press.call("POST", f"/sources/{local['id']}:poll", 422)
    push = press.call("POST", "/sources", 201, json={"name": "crm", "kind": "push"})
    body = {"articles": [article(300, source="crm")]}
    stranger.json("POST", f"{API}/sources/{push['id']}:push", 404, json=body)
    assert press.call("POST", f"/sources/{push['id']}:push", 202, json=body)["created"] == 1
    assert press.call("POST", f"/sources/{push['id']}:push", 202, json=body)["created"] == 0
    press.call("POST", f"/sources/{local['id']}:push", 422, json=body)
    for source in (local, push):
        press.call("DELETE", f"/sources/{source['id']}")


def test_a_name_is_watched_for_one_entity_only(stranger: Any) -> None:
    body = {"entities": [{"name": "A", "aliases": ["x"]}, {"name": "B", "aliases": ["X"]}]}
    refused = stranger.json("PUT", f"{API}/entities", 422, json=body)
    assert refused["code"] == "ambiguous_name"
    assert stranger.json("GET", f"{API}/entities", 200) == {"entities": []}


def test_no_history_is_said(stranger: Any) -> None:
    refused = stranger.json("POST", f"{API}/rules:backtest", 422, json={"rule": {"name": "r"}})
    assert refused["code"] == "no_history"
