"""The vertical's own story in `podion demo`: the press office of a bank, a bad afternoon, and the next one."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from podion import Teller, Unavailable
from podion_sentiment_monitor.made_up import ALIASES, OURS, THEIRS, burst, history, incident

DAYS = 14
_PART = 100
_REPORTS = 20
"""Distinct ones; a small model holds back on some of them, and those are not counted as negative."""

_PATIENCE = 60.0


def tell(teller: Teller) -> None:
    """Tell it: labels, history, a rule tried on it, a burst, an alert with evidence, the report."""
    teller.put("/entities", {"entities": [{"name": name, "aliases": [zh]} for name, zh in ALIASES.items()]})
    _learn(teller)
    told = teller.post("/analyze", {"text": f"{OURS} raises its guarantee for savers, {THEIRS} freezes withdrawals"})
    named = [each["entity"] for each in told["data"][0]["entities"]]
    teller.say("Analyse", f"one headline names {' and '.join(named)}: each stands for itself", entities=len(named))
    now = datetime.now(UTC)
    _load(teller, now)
    rule = {"name": "deposit safety", "names": ["deposit safety"], "min_stories": 6, "severity": "critical"}
    _backtest(teller, rule, now)
    teller.post("/rules", rule)
    alert, seconds = _burst(teller)
    teller.say(
        "Alert",
        f"{alert['observed']} distinct stories in {alert['window']}, {alert['expected']:.1f} expected (p = "
        f"{alert['p_value']:.1e}), {seconds:.1f} s after they were sent; first: {alert['stories'][0]['title']!r}",
        observed=alert["observed"],
        expected=alert["expected"],
        seconds=round(seconds, 2),
    )
    taken = teller.post(f"/alerts/{alert['id']}:ack", {"comment": "statement goes out at 15:00"})
    page = teller.text("/report")
    teller.say(
        "Report", f"the alert is {taken['status']}; the day's page has {len(page) / 1000:.0f} kB and needs nothing else"
    )
    days = teller.get("/trends", topic="deposit safety", bucket="day")["points"][-DAYS:]
    teller.chart(
        "Stories about deposit safety by day, reposts counted once",
        [(point["at"][:10], float(point["stories"])) for point in days],
    )


def _learn(teller: Teller) -> None:
    for task, name in (("sentiment", "sample.jsonl"), ("topic", "sample_topics.jsonl")):
        text = files("podion_sentiment_monitor").joinpath(name).read_text("utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        dataset = teller.upload(task, rows)
        run = teller.run(task, dataset["id"], "head")
        teller.deploy(task, run["adapter"])
        teller.say("Learn", f"{task} from {len(rows)} made-up texts in English and Chinese")


def _load(teller: Teller, now: datetime) -> None:
    articles = history(now, DAYS)
    for start in range(0, len(articles), _PART):
        teller.post("/articles", {"articles": articles[start : start + _PART]})
    counted = _until(lambda: _articles(teller, now), lambda count: count >= len(articles))
    shown = teller.get("/trends", topic="deposit safety", bucket="day")
    busiest = max(shown["points"], key=lambda point: int(point["articles"]))
    teller.say(
        "History",
        f"{counted} articles of {DAYS} days read and filed; {busiest['at'][:10]} was the worst day for deposit safety",
        articles=counted,
    )


def _articles(teller: Teller, now: datetime) -> int:
    since = (now - timedelta(days=DAYS + 2)).isoformat()
    points = teller.get("/trends", bucket="day", since=since, until=(now + timedelta(hours=1)).isoformat())["points"]
    return sum(int(point["articles"]) for point in points)


def _backtest(teller: Teller, rule: dict[str, Any], now: datetime) -> None:
    events = [{"begin": incident(now).isoformat(), "subject": "deposit safety"}]
    tried = teller.post("/rules:backtest", {"rule": rule, "days": DAYS, "events": events})
    delay = tried["median_delay_minutes"]
    teller.say(
        "Backtest",
        f"the rule would have found {tried['found']} of {len(events)} known events"
        + (f" after {delay:.0f} minutes" if delay is not None else "")
        + f", with {tried['false_per_week']:.1f} false alerts a week",
        found=tried["found"],
        false_per_week=tried["false_per_week"],
    )


def _burst(teller: Teller) -> tuple[dict[str, Any], float]:
    articles = burst(datetime.now(UTC), stories=_REPORTS, reposts=60)
    started = time.monotonic()
    teller.post("/articles", {"articles": articles})
    alerts = _until(lambda: teller.get("/alerts", status="firing")["data"], bool)
    teller.say("Burst", f"{len(articles)} articles come in: {_REPORTS} reports, and 60 reposts of one of them")
    return dict(alerts[0]), time.monotonic() - started


def _until(ask: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """Return what `ask` gives once it is enough; raises `Unavailable` after a minute."""
    deadline = time.monotonic() + _PATIENCE
    while not enough(answer := ask()):
        if time.monotonic() > deadline:
            raise Unavailable(f"the server has not digested what it was sent within {_PATIENCE:.0f} s")
        time.sleep(0.2)
    return answer
