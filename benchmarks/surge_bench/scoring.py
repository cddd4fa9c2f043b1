"""Alarms judged by bursts: which were found and how late, and how many told of nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from podion_sentiment_monitor.counters import Series, Tally
from podion_sentiment_monitor.replay import replay
from podion_sentiment_monitor.rules import RuleDraft, duration
from surge_bench.airline import DAY, Tweet
from surge_bench.bursts import Burst

STEP = 300


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of a detector: when, and about which airline."""

    at: int
    airline: str


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a detector found in one stream; delays are in minutes since a burst began."""

    bursts: int
    found: int
    false: int
    topic_weeks: float
    delays: tuple[float, ...]

    def plus(self, other: "Score") -> "Score":
        return Score(
            bursts=self.bursts + other.bursts,
            found=self.found + other.found,
            false=self.false + other.false,
            topic_weeks=self.topic_weeks + other.topic_weeks,
            delays=self.delays + other.delays,
        )

    @property
    def recall(self) -> float:
        return self.found / self.bursts if self.bursts else 0.0

    @property
    def false_rate(self) -> float:
        """False alarms a week and topic."""
        return self.false / self.topic_weeks

    @property
    def delay(self) -> float | None:
        return median(self.delays) if self.delays else None

    def told(self) -> dict[str, float | int | None]:
        return {
            "bursts": self.bursts,
            "recall": round(self.recall, 4),
            "false_alerts": self.false,
            "topic_weeks": round(self.topic_weeks, 2),
            "false_per_week_and_topic": round(self.false_rate, 4),
            "median_delay_minutes": self.delay,
        }


def score(
    alarms: Sequence[Alarm], bursts: Sequence[Burst], *, since: int, until: int, airlines: Sequence[str], window: int
) -> Score:
    """Return how alarms from `since` to `until` fit the bursts; one that fits none is false, a second one is not."""
    first: dict[Burst, int] = {}
    false = 0
    for alarm in sorted(alarms, key=lambda each: each.at):
        if not since <= alarm.at <= until or alarm.airline not in airlines:
            continue
        fits = [each for each in bursts if each.airline == alarm.airline and each.begin < alarm.at <= each.end + window]
        for burst in fits:
            first.setdefault(burst, alarm.at)
        false += not fits
    return Score(
        bursts=len(bursts),
        found=len(first),
        false=false,
        topic_weeks=(until - since) / (7 * DAY) * len(airlines),
        delays=tuple((at - burst.begin) / 60 for burst, at in first.items()),
    )


def product_alarms(rule: RuleDraft, stream: Sequence[Tweet], *, since: int, until: int) -> list[Alarm]:
    """Return the product's alarms, by the very code that a backtest runs and the live job shares."""
    steps, hours = [], []
    for each in stream:
        key = Series("topic", each.airline, each.sentiment).key
        tally = Tally(1, int(each.begins), 1)
        steps.append((key, each.at // STEP * STEP, tally))
        hours.append((key, each.at // 3600 * 3600, tally))
    told = replay(rule, steps, hours, first=stream[0].at, since=since, until=until)
    return [Alarm(each.began, each.subject) for each in told.episodes]


def hourly_sums(
    stream: Sequence[Tweet], airline: str, rule: RuleDraft, *, articles: bool = False
) -> tuple[int, list[int]]:
    """Return the number of the first step, and of each step the negative stories (articles) of the window up to it."""
    width = int(duration(rule.window).total_seconds()) // STEP
    first, last = stream[0].at // STEP, stream[-1].at // STEP
    counts = [0] * (last - first + 1)
    for each in stream:
        if each.airline == airline and each.sentiment == "negative" and (articles or each.begins):
            counts[each.at // STEP - first] += 1
    sums, running = [], 0
    for place, count in enumerate(counts):
        running += count - (counts[place - width] if place >= width else 0)
        sums.append(running)
    return first, sums
