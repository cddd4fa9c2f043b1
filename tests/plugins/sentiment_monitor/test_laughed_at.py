"""What an expert of monitoring would laugh at: each point of the list is a test, most of them over HTTP."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from podion_sentiment_monitor.alerts import Alert
from podion_sentiment_monitor.articles import ArticleDraft
from podion_sentiment_monitor.counters import Series, Tally
from podion_sentiment_monitor.entities import Entity, KeptWatchList
from podion_sentiment_monitor.ingest import take_in
from podion_sentiment_monitor.replay import replay
from podion_sentiment_monitor.rules import Rule, RuleDraft
from podion_sentiment_monitor.stories import Story

DAY = 86_400
MONDAY = 1_781_481_600
"""2026-06-15T00:00:00Z."""
KEY = Series("topic", "deposits", "negative").key


def counted(moments: list[int]) -> tuple[list[tuple[str, int, Tally]], list[tuple[str, int, Tally]]]:
    one = Tally(1, 1, 1)
    return [(KEY, at // 300 * 300, one) for at in moments], [(KEY, at // 3600 * 3600, one) for at in moments]


def alarms(moments: list[int], until: int, since: int | None = None, **rule: Any) -> list[Any]:
    steps, hours = counted(moments)
    draft = RuleDraft.model_validate({"name": "r", "over": "topic", **rule})
    begin = since if since is not None else until - 2 * DAY
    return list(replay(draft, steps, hours, first=min(moments), since=begin, until=until).episodes)


def steady(days: int, an_hour: int, begin: int = MONDAY) -> list[int]:
    return [
        begin + hour * 3600 + 3600 // an_hour * number + 7 for hour in range(days * 24) for number in range(an_hour)
    ]


def test_three_hundred_reposts_are_one_story_with_reach_300_and_no_alert(press: Any) -> None:
    press.call("POST", "/rules", 201, json={"name": "reposts", "over": "topic", "names": ["reposted"]})
    now = datetime.now(UTC)
    title = "Harbour Bank branch in Eastport closes early after a burst pipe floods the hall on Monday"
    labels = {"sentiment": "negative", "topics": ["reposted"]}
    rows = [
        {
            "doc_id": f"repost-{n}",
            "source": f"blog{n % 40}.example",
            "published_at": (now - timedelta(seconds=400 - n)).isoformat(),
            "title": title if n == 0 else f"RT @user{n}: {title}",
            "labels": labels,
        }
        for n in range(300)
    ]
    press.send(rows)
    press.wait(lambda: press.articles(topic="reposted") == 300)
    stories = [each for each in press.call("GET", "/stories")["data"] if "burst pipe" in each["title"]]
    assert [(each["articles"], each["reach"]) for each in stories] == [(300, 300.0)]
    trend = press.call("GET", "/trends", params={"topic": "reposted", "bucket": "day"})["points"]
    assert sum(point["stories"] for point in trend) == 1
    assert press.call("GET", "/alerts", params={"subject": "reposted"})["data"] == []


def test_two_against_one_is_no_alert() -> None:
    hourly = steady(10, 1)
    end = hourly[-1] + 3600
    assert alarms([*hourly, *(end - 900 + n for n in range(2))], end) == []
    assert alarms([*hourly, *(end - 900 + n for n in range(12))], end) != []


def test_monday_morning_is_no_alarm_once_mondays_are_known() -> None:
    quiet = steady(29, 1)
    mondays = [
        MONDAY + week * 7 * DAY + 9 * 3600 + n * 140 for week in range(5) for n in range(25)
    ]  # 25 stories each Monday from nine to ten
    fifth = MONDAY + 28 * DAY
    assert alarms(quiet + mondays, fifth + 12 * 3600, fifth, ratio=2) == []
    tuesday = [fifth + DAY + 9 * 3600 + n * 140 for n in range(25)]
    told = alarms(quiet + mondays + tuesday, fifth + DAY + 12 * 3600, fifth, ratio=2)
    assert len(told) == 1


def test_there_is_no_storm_of_alerts() -> None:
    """A subject that flares up again and again within the cooldown is told of once."""
    hourly = steady(10, 1)
    end = hourly[-1] + 3600
    flares = [end + number * 3 * 3600 + n * 60 for number in range(3) for n in range(20)]
    lasting = [end + n * 120 for n in range(200)]
    assert len(alarms(hourly + flares, end + 8 * 3600, end - DAY, cooldown="6h")) == 1
    assert len(alarms(hourly + lasting, end + 8 * 3600, end - DAY)) == 1
    assert len(alarms(hourly + flares, end + 8 * 3600, end - DAY, cooldown="15m")) > 1


def test_time_of_publication_counts_and_not_the_clock(press: Any) -> None:
    """A crowd of old articles that comes in now is old news: it stands in its own hours, and nobody is woken."""
    press.call("POST", "/rules", 201, json={"name": "late", "over": "topic", "names": ["archive"], "min_stories": 2})
    then = datetime.now(UTC) - timedelta(days=4)
    texts = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
    rows = [
        {
            "doc_id": f"archive-{n}",
            "source": "archive.example",
            "published_at": then.isoformat(),
            "title": f"{text} report number {n} about the {text} affair of the {text} company",
            "labels": {"sentiment": "negative", "topics": ["archive"]},
        }
        for n, text in enumerate(texts)
    ]
    press.send(rows)
    press.wait(lambda: press.articles(topic="archive") == len(rows))
    points = press.call("GET", "/trends", params={"topic": "archive", "bucket": "day"})["points"]
    assert [point["at"][:10] for point in points if point["articles"]] == [then.date().isoformat()]
    assert press.call("GET", "/alerts", params={"subject": "archive"})["data"] == []


def test_the_sentiment_of_a_text_is_not_put_on_every_company_in_it(caller: Any) -> None:
    """Without a head that tells entities apart, only a text that names one says something of it."""

    async def run() -> None:
        await caller.store.put(
            KeptWatchList(id="watch-list", entities=[Entity(name="Harbour Bank"), Entity(name="Oakline Motors")])
        )
        both, one = "Harbour Bank soars as Oakline Motors sinks", "Oakline Motors sinks"
        caller.tones = {both: "positive", one: "negative"}
        now = datetime.now(UTC)
        taken = await take_in(
            caller,
            [
                ArticleDraft(doc_id=f"d{n}", source="s", published_at=now, title=title)
                for n, title in enumerate((both, one))
            ],
        )
        told = [{each.entity: each.sentiment for each in taken[n].reading.entities} for n in (0, 1)]
        assert told == [{"Harbour Bank": None, "Oakline Motors": None}, {"Oakline Motors": "negative"}]

    asyncio.run(run())


def test_the_same_history_gives_the_same_results(caller: Any, other: Any) -> None:
    """Two tenants who send the same, one of them after a crash in between, keep the same stories and alerts."""
    now = datetime.now(UTC)

    def rows() -> list[ArticleDraft]:
        quiet = [(n, now - timedelta(hours=150 - 2 * n)) for n in range(72)]
        loud = [(100 + n, now - timedelta(minutes=n)) for n in range(12)]
        return [
            ArticleDraft.model_validate(
                {
                    "doc_id": f"d{n}",
                    "source": "s",
                    "published_at": at,
                    "title": " ".join(f"w{n}x{place}" for place in range(12)),
                    "labels": {"sentiment": "negative", "topics": ["t"]},
                }
            )
            for n, at in quiet + loud
        ]

    async def run(tenant: Any, crash: bool) -> tuple[list[str], list[tuple[str, int]]]:
        await tenant.store.put(Rule(id="rul", name="r", over="topic"))
        await take_in(tenant, rows())
        if crash:
            tenant.store.fails_at = tenant.store.writes + 1
            with suppress(OSError):
                await tenant.settle()
            tenant.store.fails_at = None
        await tenant.settle()
        stories = sorted(each.model_dump_json() for each in tenant.store.all(Story))
        return stories, [(each.subject, each.observed) for each in tenant.store.all(Alert)]

    first, second = asyncio.run(run(caller, False)), asyncio.run(run(other, True))
    assert first == second
    assert first[1] == [("t", 12)]


def test_labels_keep_their_names_whatever_order_they_come_in(caller: Any) -> None:
    """Sentiments are counted by name, a tenant's own names for them included: no order of labels can swap them."""

    async def run() -> None:
        now = datetime.now(UTC)
        sent = ["负面", "bullish", "positive", "neg", "Negative", "neutral"]
        drafts = [
            ArticleDraft.model_validate(
                {
                    "doc_id": f"d{n}",
                    "source": "s",
                    "published_at": now,
                    "title": f"text number {n}",
                    "labels": {"sentiment": label},
                }
            )
            for n, label in enumerate(sent)
        ]
        taken = await take_in(caller, drafts)
        assert [each.reading.sentiment for each in taken] == [
            "negative", "positive", "positive", "negative", "negative", "neutral",
        ]  # fmt: skip

    asyncio.run(run())


def test_a_rule_is_tried_on_history_before_it_goes_live(press: Any) -> None:
    """The press office's own history, and articles that are sent along, with known events; nothing is kept."""
    rule = {"name": "tried", "over": "topic", "min_stories": 6}
    stored = press.call("POST", "/rules:backtest", json={"rule": rule, "days": 7})
    assert stored["alerts"] == []
    assert stored["looks"] > 100
    start = datetime(2026, 6, 1, tzinfo=UTC)
    quiet = [(start + timedelta(hours=2 * n), n) for n in range(96)]
    bad = [(start + timedelta(days=7, minutes=4 * n), 500 + n) for n in range(12)]
    articles = [
        {
            "doc_id": f"h-{n}",
            "source": "s",
            "published_at": at.isoformat(),
            "title": " ".join(f"v{n}y{place}" for place in range(10)),
            "labels": {"sentiment": "negative", "topics": ["deposits"]},
        }
        for at, n in quiet + bad
    ]
    events = [{"begin": (start + timedelta(days=7)).isoformat(), "subject": "deposits"}]
    before = press.articles()
    body = {"rule": rule, "articles": articles, "events": events}
    told = press.call("POST", "/rules:backtest", json=body)
    assert (told["found"], told["missed"], told["false_alerts"]) == (1, [], 0)
    assert 0 < told["median_delay_minutes"] <= 60
    assert press.articles() == before
    assert [each["name"] for each in press.call("GET", "/rules")["data"]].count("tried") == 0
