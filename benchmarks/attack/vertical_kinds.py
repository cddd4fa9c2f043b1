"""Kinds of objects of financial risk and of public-opinion monitoring, as those of `world.py`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attack.world import Owner

Row = dict[str, Any]

RISK, MONITOR = "/v1/finance-risk", "/v1/sentiment-monitor"
_FIRST_DAY = datetime(2025, 1, 6, 9, tzinfo=UTC)
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_SECONDS = 120


def applications(word: str, count: int = 60) -> list[Row]:
    """Return applications in order of time, a third of which went bad, with `word` in each text."""
    return [
        {
            "applied_at": (_FIRST_DAY + timedelta(days=place)).isoformat(),
            "text": f"for the car, says {word}",
            "amount": 1_000 + 150 * (place * 7 % 40),
            "late_payments": place % 3 // 2 * 3 + place % 2,
            "housing": ("own", "rent")[place % 2],
            "label": str(int(place % 3 == 2)),
        }
        for place in range(count)
    ]


def articles(word: str, count: int = 1, published_at: datetime = _FIRST_DAY) -> list[Row]:
    """Return articles that share no words but `word`, all of them negative and about one topic."""
    return [
        {
            "doc_id": f"doc{place}-{word}",
            "source": word,
            "published_at": (published_at - timedelta(seconds=20 * place)).isoformat(),
            "title": " ".join(f"w{place}o{step}" for step in range(12)) + f" {word}",
            "labels": {"sentiment": "negative", "topics": [word]},
        }
        for place in range(count)
    ]


def risk_data(owner: "Owner") -> dict[str, str]:
    """Make what needs no run: a data set of applications."""
    dataset = _uploaded(owner, RISK, "scorecard", applications(owner.canary))
    return {"finance-risk:dataset": dataset, "finance-risk:extends": dataset}


def decision(owner: "Owner") -> dict[str, str]:
    """Train and deploy a scorecard, decide an application by it, and ask for a person."""
    run = _trained(owner, "scorecard", owner.ids["finance-risk:dataset"])
    bands = {"approve_below": 1e-6, "decline_from": 2e-6}  # so that it is declined, and not before a person already
    owner.call("PUT", f"{RISK}/policy", 200, json={"policy": {"bands": bands}, "by": owner.canary})
    reference = f"app-{owner.canary.translate(_LETTERS)}"  # digits could look like a number of a card
    asked = {**applications(owner.canary, 1)[0], "application_id": reference}
    del asked["label"]
    made = owner.call("POST", f"{RISK}/applications:score", 200, json=asked)
    path = f"{RISK}/decisions/{made['id']}:request-human-review"
    review = owner.call("POST", path, 201, json={"comment": owner.canary})
    told = {"ref": made["id"], "kind": "default_12m", "value": 1, "observed_at": "2026-01-01T00:00:00Z"}
    owner.call("POST", f"{RISK}/outcomes", 201, json={"outcomes": [told]})
    return {
        **{f"finance-risk:{name}": id_ for name, id_ in run.items()},
        "finance-risk:prediction": made["prediction_ids"]["scorecard"],
        "decision": made["id"],
        "decisions.application_id": reference,
        "review": review["id"],
    }


def transaction(owner: "Owner") -> dict[str, str]:
    """Train and deploy a watch over payments, and have it look at one."""
    rows = [
        {
            "account": f"acc-{place % 6}",
            "at": (_FIRST_DAY + timedelta(hours=7 * place)).isoformat(),
            "amount": 900 + place if place % 4 == 3 else 10 + place % 5,
            "terminal": f"term-{place % 5}",
            "text": owner.canary,
            "label": str(int(place % 4 == 3)),
        }
        for place in range(60)
    ]
    _trained(owner, "fraud", _uploaded(owner, RISK, "fraud", rows))
    paid = {name: value for name, value in rows[0].items() if name != "label"}
    made = owner.call("POST", f"{RISK}/transactions:score", 200, json=paid)
    return {"transactions.transaction": made["id"]}


def press(owner: "Owner") -> dict[str, str]:
    """Make what needs no alert: labels, a watch-list, a source, a rule, articles."""
    rows = [{"text": f"{owner.canary} {n}", "label": ("positive", "negative")[n % 2]} for n in range(12)]
    dataset = _uploaded(owner, MONITOR, "sentiment", rows)
    owner.call("PUT", f"{MONITOR}/entities", 200, json={"entities": [{"name": f"Bank {owner.canary}"}]})
    source = owner.call("POST", f"{MONITOR}/sources", 201, json={"name": owner.canary, "kind": "push"})
    draft = {"name": owner.canary, "min_history": "1d", "min_stories": 3, "ratio": 1.0, "fdr": 0.5}
    rule = owner.call("POST", f"{MONITOR}/rules", 201, json=draft)["id"]
    read = owner.call("POST", f"{MONITOR}/analyze", 200, json={"text": owner.canary})["data"][0]
    past = [
        {**each, "doc_id": f"old-{each['doc_id']}", "title": f"old {place} {each['title'].replace('w', 'v')}"}
        for place, each in enumerate(articles(owner.canary, 3, datetime.now(UTC) - timedelta(days=4)))
    ]
    owner.call("POST", f"{MONITOR}/articles", 202, json={"articles": past})
    return {
        "sentiment-monitor:dataset": dataset,
        "sentiment-monitor:extends": dataset,
        "sentiment-monitor:prediction": read["predictions"]["sentiment"],
        "sources.source_id": source["id"],
        "rules.rule_id": rule,
        "alerts.rule": rule,
        "articles.doc_id": past[0]["doc_id"],
    }


def alert(owner: "Owner") -> dict[str, str]:
    """Send a burst, wait for its alert, and end that: an open one goes on changing by itself."""
    sent = articles(owner.canary, 10, datetime.now(UTC))
    owner.call("POST", f"{MONITOR}/articles", 202, json={"articles": sent})
    found = _until(lambda: owner.call("GET", f"{MONITOR}/alerts", 200)["data"])[0]
    owner.call("POST", f"{MONITOR}/alerts/{found['id']}:resolve", 200, json={"comment": owner.canary})
    paths = [f"{MONITOR}/articles/{each['doc_id']}" for each in sent]
    _until(lambda: all(owner.call("GET", path, 200)["story"] for path in paths))
    return {"alerts.alert_id": found["id"], "stories.story_id": found["stories"][0]["id"]}


def _uploaded(owner: "Owner", api: str, task: str, rows: list[Row]) -> str:
    made = owner.call("POST", f"{api}/datasets", 201, params={"task": task}, content=owner.jsonl(rows))
    return str(made["id"])


def _trained(owner: "Owner", task: str, dataset: str) -> dict[str, str]:
    body = {"task": task, "dataset": dataset, "method": "head"}
    run = owner.call("POST", f"{RISK}/runs", 201, json=body)["id"]

    def ended() -> Any:
        found = owner.call("GET", f"{RISK}/runs/{run}", 200)
        return found if found["state"] not in ("queued", "running") else None

    done = _until(ended)
    assert done["state"] == "succeeded", done
    served = {"task": task, "adapter": done["adapter"]}
    owner.call("POST", f"{RISK}/deployments", 201, json=served)
    deployment = owner.call("POST", f"{RISK}/deployments", 201, json=served)["id"]
    return {"run": run, "adapter": done["adapter"], "deployment": deployment}


def _until(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"not so within {_SECONDS} s")


LIGHT = [risk_data, press]
"""Those that need neither a run nor an alert."""

KINDS = [*LIGHT, decision, transaction, alert]
"""In the order in which they need each other."""
