"""Filing: every article is counted once, whatever crashes, is sent again, corrected or deleted."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podion_sentiment_monitor.alerts import Alert, Status
from podion_sentiment_monitor.articles import Article, ArticleDraft, Labels
from podion_sentiment_monitor.counters import DayCounts, HourCounts, Tally, hours_of, series_of, steps_of
from podion_sentiment_monitor.filing import Arrival, Filed
from podion_sentiment_monitor.ingest import Outcome, correct, remove, take_in
from podion_sentiment_monitor.rules import Quiet, Rule
from podion_sentiment_monitor.stories import Story

NOW = datetime.now(UTC)


def words(number: int) -> str:
    return " ".join(f"q{number}z{place}" for place in range(12))


def sent(number: int, text: str | None = None, minutes: float = 0, **more: Any) -> ArticleDraft:
    values = {
        "doc_id": f"d{number}",
        "source": "herald",
        "published_at": NOW - timedelta(minutes=minutes),
        "title": text if text is not None else words(number),
        "labels": {"sentiment": "negative", "topics": ["fees"]},
    }
    return ArticleDraft.model_validate(values | more)


def totals(caller: Any) -> dict[str, tuple[float, ...]]:
    """Return articles, stories and reach by series, from hours; they must equal those from days."""
    found: list[dict[str, Tally]] = [{}, {}]
    for place, counted in enumerate((steps_of(caller.store.all(HourCounts)), hours_of(caller.store.all(DayCounts)))):
        for key, _, tally in counted:
            found[place][key] = found[place].get(key, Tally()).plus(tally)
    assert found[0] == found[1]
    return {key: tuple(tally) for key, tally in found[0].items()}


def test_reposts_add_reach_to_one_story(caller: Any) -> None:
    async def run() -> None:
        await take_in(caller, [sent(1, reach=10), sent(2, f"RT @u: {words(1)}", reach=5), sent(3)])
        await caller.settle()

    asyncio.run(run())
    stories = {each.title: (each.articles, each.reach) for each in caller.store.all(Story)}
    assert stories == {words(1): (2, 15.0), words(3): (1, 1.0)}
    assert totals(caller)["topic|negative|fees"] == (3, 2, 16)
    assert caller.store.all(Arrival) == []


def test_a_doc_id_that_comes_again_changes_nothing_or_its_labels(caller: Any) -> None:
    async def run() -> None:
        first = await take_in(caller, [sent(1)])
        again = await take_in(caller, [sent(1), sent(1, "another text")])
        other = await take_in(caller, [sent(1, labels={"sentiment": "neutral"})])
        await caller.settle()
        assert [each.outcome for each in first + again + other] == [
            Outcome.CREATED, Outcome.KNOWN, Outcome.KNOWN, Outcome.RELABELLED,
        ]  # fmt: skip
        assert [each.differs for each in again] == [False, True]

    asyncio.run(run())
    assert caller.store.kept[Article]["d1"].title == words(1)
    assert totals(caller)["all|neutral|"] == (1, 1, 1)
    assert "all|negative|" not in totals(caller)


def test_a_deleted_beginning_is_carried_on_by_the_next_article(caller: Any) -> None:
    async def run() -> None:
        await take_in(caller, [sent(1, minutes=9), sent(2, f"RT @u: {words(1)}", minutes=5)])
        await caller.settle()
        await remove(caller, "d1")
        await caller.settle()

    asyncio.run(run())
    [story] = caller.store.all(Story)
    assert (story.articles, [link.doc_id for link in story.links]) == (1, ["d2"])
    assert story.text == f"RT @u: {words(1)}"
    assert totals(caller)["topic|negative|fees"] == (1, 1, 1)
    assert [each.id for each in caller.store.all(Filed)] == ["d2"]


def test_the_last_deleted_article_leaves_nothing(caller: Any) -> None:
    async def run() -> None:
        await take_in(caller, [sent(1)])
        await caller.settle()
        await remove(caller, "d1")
        await caller.settle()

    asyncio.run(run())
    assert totals(caller) == {}
    assert (caller.store.all(Story), caller.store.all(Filed), caller.store.all(Article)) == ([], [], [])


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["send", "repost", "relabel", "delete", "settle", "crash"]), st.integers(0, 4)),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=25)
def test_counts_are_those_of_the_articles_that_are_there(new_caller: Any, steps: list[tuple[str, int]]) -> None:
    """Whatever is sent, corrected, deleted or crashes on the way: counts and stories end as if nothing had."""
    caller = new_caller()

    async def run() -> None:
        for step, number in steps:
            there = f"d{number}" in caller.store.kept.get(Article, {})
            if step == "send":
                await take_in(caller, [sent(number)])
            elif step == "repost":
                await take_in(caller, [sent(number + 10, f"RT @u: {words(number)}")])
            elif step == "relabel" and there:
                await correct(caller, f"d{number}", Labels(sentiment="positive"))
            elif step == "delete" and there:
                await remove(caller, f"d{number}")
            elif step == "settle":
                await caller.settle()
            elif step == "crash":
                caller.store.fails_at = caller.store.writes + 1
                with suppress(OSError):
                    await caller.settle()
                caller.store.fails_at = None
        await caller.settle()

    asyncio.run(run())
    articles = caller.store.all(Article)
    counted = totals(caller)
    everything = [tally for key, tally in counted.items() if series_of(key).family == "all"]
    assert sum(tally[0] for tally in everything) == len(articles)
    assert sum(tally[1] for tally in everything) == len(caller.store.all(Story))
    assert sum(each.articles for each in caller.store.all(Story)) == len(articles)
    assert sorted(each.id for each in caller.store.all(Filed)) == sorted(each.id for each in articles)
    for tone in ("negative", "positive"):
        expected = sum(each.reading.sentiment == tone for each in articles)
        assert counted.get(f"all|{tone}|", (0,))[0] == expected


def burst(first: int, count: int = 10) -> list[ArticleDraft]:
    return [sent(first + n, minutes=n + 1) for n in range(count)]


def week() -> list[ArticleDraft]:
    return [sent(1000 + n, minutes=60 * (4 + 3 * n)) for n in range(45)]


async def alarmed(caller: Any, **rule: Any) -> Alert:
    await caller.store.put(Rule.model_validate({"id": "rul", "name": "r", "over": "topic", **rule}))
    await take_in(caller, week())
    await caller.settle()
    await take_in(caller, burst(0))
    await caller.settle()
    [alert] = caller.store.all(Alert)
    return alert


def test_an_alert_carries_distinct_stories_and_is_told_once(caller: Any) -> None:
    async def run() -> None:
        alert = await alarmed(caller)
        assert (alert.status, alert.subject, alert.observed) == (Status.FIRING, "fees", 10)
        assert len({story.id for story in alert.stories}) == 5
        assert alert.p_value < 1e-3
        assert alert.observed / alert.expected >= 3
        await take_in(caller, burst(20, 3))
        await caller.settle()
        await caller.settle()
        [later] = caller.store.all(Alert)
        assert (later.id, later.sent, later.latest) == (alert.id, 1, 13)
        assert [name for name, _ in caller.emitted] == ["alert.fired"]

    asyncio.run(run())


def test_alerts_of_one_rule_at_one_time_go_out_in_one_message(caller: Any) -> None:
    async def run() -> None:
        await caller.store.put(Rule(id="rul", name="r", over="topic"))
        await take_in(caller, week())
        both = {"sentiment": "negative", "topics": ["fees", "service"]}
        await take_in(caller, [sent(n, minutes=n + 1, labels=both) for n in range(10)])
        await caller.settle()
        [(name, notice)] = caller.emitted
        assert name == "alert.fired"
        assert {alert.subject for alert in notice.alerts} == {"fees", "service"}

    asyncio.run(run())


def test_quiet_hours_hold_back_what_is_not_critical(caller: Any, other: Any) -> None:
    always = Quiet(begin="00:00", end="23:59:59")  # type: ignore[arg-type]

    async def run() -> None:
        alert = await alarmed(caller, quiet=always)
        assert (alert.owed, caller.emitted) == (True, [])
        await alarmed(other, quiet=always, severity="critical")
        assert len(other.emitted) == 1

    asyncio.run(run())


def test_an_alert_that_was_stored_and_not_sent_is_sent_by_the_next_round(caller: Any) -> None:
    async def run() -> None:
        emit, caller.emit = caller.emit, None  # the server goes down between the two
        with suppress(TypeError):
            await alarmed(caller)
        caller.emit = emit
        await caller.settle()
        assert [name for name, _ in caller.emitted] == ["alert.fired"]
        [alert] = caller.store.all(Alert)
        assert (alert.sent, alert.owed) == (1, False)

    asyncio.run(run())


def test_without_history_there_is_silence(caller: Any) -> None:
    async def run() -> None:
        await caller.store.put(Rule(id="rul", name="r", over="topic"))
        await take_in(caller, burst(0, 50))
        await caller.settle()
        assert caller.store.all(Alert) == []

    asyncio.run(run())


def test_a_correction_is_feedback_on_the_answers_that_were_wrong(caller: Any) -> None:
    async def run() -> None:
        caller.tones, caller.topics = {words(1): "negative"}, {words(1): ["fees"]}
        await take_in(caller, [sent(1, labels=None)])
        await caller.settle()
        await correct(caller, "d1", Labels(sentiment="neutral", entities={"Harbour Bank": "positive"}))
        await caller.settle()
        assert caller.reviews == [(f"prd_{words(1)[:20]}", "neutral")]
        assert totals(caller)["all|neutral|"] == (1, 1, 1)

    asyncio.run(run())


def test_corrected_topics_are_feedback_however_they_come(caller: Any) -> None:
    """By a correction, or with the article sent again; labels of an article that is new correct nobody."""

    async def run() -> None:
        caller.tones, caller.topics = {}, {words(n): ["fees"] for n in (1, 2)}
        await take_in(caller, [sent(1, labels=None), sent(2, labels={"topics": ["loans"]})])
        assert caller.reviews == []
        await correct(caller, "d1", Labels(topics=[]))
        again = await take_in(caller, [sent(1, labels={"topics": ["loans", "cards"]}), sent(2, labels=None)])
        assert [each.outcome for each in again] == [Outcome.RELABELLED, Outcome.KNOWN]
        assert caller.reviews == [(f"top_{words(1)[:20]}", []), (f"top_{words(1)[:20]}", ["loans", "cards"])]

    asyncio.run(run())


def test_equal_texts_are_read_once(caller: Any) -> None:
    async def run() -> None:
        caller.tones = {}
        await take_in(caller, [sent(n, words(1), labels=None) for n in range(20)])
        assert ("sentiment", 1) in caller.asked

    asyncio.run(run())


def test_the_largest_documents_of_counts_still_fit_into_the_store(caller: Any) -> None:
    """Hostile names in every bucket: a document beyond 1 MiB would stop the tenant's filing for good."""
    longest = "汉" * 70

    async def run() -> None:
        for step in range(12):
            at = datetime(2026, 7, 1, 5, 5 * step, tzinfo=UTC)
            await take_in(
                caller,
                [
                    sent(
                        step * 1000 + n,
                        published_at=at,
                        reach=1e9 / 7,
                        labels={
                            "sentiment": "negative",
                            "topics": [f"{longest}{topic}" for topic in range(n * 45, n * 45 + 45)],
                        },
                    )
                    for n in range(20)
                ],
            )
        await caller.settle()

    asyncio.run(run())
    for kind in (HourCounts, DayCounts):
        [document] = caller.store.all(kind)
        assert len(document.cells) == 800
        assert len(document.model_dump_json().encode()) < 1 << 20
    assert caller.store.all(HourCounts)[0].left_out > 0
