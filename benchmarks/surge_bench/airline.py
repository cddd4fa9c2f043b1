"""A week of dated tweets about airlines, as stories by airline and sentiment; and weeks made of its days."""

import csv
import gzip
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from podion_sentiment_monitor.stories import Known, assigned, draft, likely, pairings

FILE = "sentiment_monitor/airline_tweets.csv.gz"
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Tweet:
    """One tweet: seconds since 1970 (times of the file are taken as UTC), airline, sentiment, text."""

    at: int
    airline: str
    sentiment: str
    text: str
    begins: bool = True


def tweets(data: Path) -> list[Tweet]:
    """Return the tweets in order of time; `begins` says which begin a story, reposts being filed by the product."""
    with gzip.open(data / FILE, "rt", encoding="utf-8", newline="") as file:
        rows = [
            Tweet(
                int(datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp()),
                row["topic"],
                row["label"],
                row["text"],
            )
            for row in csv.DictReader(file)
        ]
    rows.sort(key=lambda each: each.at)
    return [Tweet(each.at, each.airline, each.sentiment, each.text, begins) for each, begins in
            zip(rows, begin([each.text for each in rows], [each.at for each in rows]), strict=True)]  # fmt: skip


def begin(texts: Sequence[str], times: Sequence[int]) -> list[bool]:
    """Return which texts begin a story, by the product's own filing without embeddings."""
    drafts = [
        draft(str(place), datetime.fromtimestamp(at, UTC), text)
        for place, (text, at) in enumerate(zip(texts, times, strict=True))
    ]
    near = likely(drafts, Known.nothing())
    same = dict.fromkeys(pairings(drafts, near, {}), True)
    return [home == place for place, home in enumerate(assigned(drafts, near, same, {}))]


def weeks_of_days(rows: Sequence[Tweet], days: int, seed: int, skip: frozenset[str]) -> list[Tweet]:
    """Return a longer stream: whole days of the file in random order, each tweet moved by up to 20 minutes.

    It has the file's hours of the day and its days' ups and downs, and no day of the week.
    """
    rng = random.Random(seed)
    start = rows[0].at // DAY * DAY + DAY
    by_day: dict[int, list[Tweet]] = {}
    for each in rows:
        by_day.setdefault((each.at - start) // DAY, []).append(each)
    whole = [day for day in sorted(by_day) if 0 <= day < 7]
    made = []
    for place in range(days):
        for each in by_day[rng.choice(whole)]:
            if each.airline not in skip:
                at = start + place * DAY + each.at % DAY + rng.randint(-1200, 1200)
                made.append(Tweet(at, each.airline, each.sentiment, each.text, each.begins))
    return sorted(made, key=lambda each: (each.at, each.text))
