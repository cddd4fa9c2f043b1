"""Bursts that are put into a stream, and crowds of reposts that are not to be taken for one. Seeded."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surge_bench.airline import DAY, Tweet, begin

SIZES: Mapping[str, float] = {"small": 5.0, "medium": 8.0, "large": 14.0}
"""Distinct negative stories, in multiples of the airline's mean negative stories an hour."""
LEAST = 12
LENGTH = (3_600, 7_200)
APART = 20 * 3_600
REPOSTS = 20
CROWD = 300


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst of distinct negative stories about an airline: when, how many, with how many reposts each."""

    airline: str
    size: str
    begin: int
    end: int
    stories: int
    reposts: int


def inject(
    rows: Sequence[Tweet],
    seed: int,
    *,
    since: int,
    until: int,
    airlines: Sequence[str],
    crowds: int = 0,
    reposts: bool = True,
) -> tuple[list[Tweet], list[Burst]]:
    """Return a stream with bursts, one after the other in each airline, sizes in turn, every second with reposts.

    Bursts begin at any hour from `since` to `until` and lie 20 hours or more apart. `crowds` single stories with
    300 reposts each are put in as well; they are no bursts.
    """
    rng = random.Random(seed)
    negative = [each.text for each in rows if each.sentiment == "negative" and len(each.text.split()) >= 12]
    days = (rows[-1].at - rows[0].at) / DAY
    extra, bursts, turn = [], [], rng.randrange(6)
    for airline in airlines:
        mean = sum(each.airline == airline and each.sentiment == "negative" for each in rows) / days / 24
        at = since + rng.randrange(APART)
        while at < until - LENGTH[1]:
            size = list(SIZES)[turn % 3]
            copies = REPOSTS if turn % 2 and reposts else 0
            turn += 1
            burst = Burst(airline, size, at, at + rng.randint(*LENGTH), max(LEAST, round(SIZES[size] * mean)), copies)
            bursts.append(burst)
            extra += _tweets(burst, negative, rng)
            at += APART + rng.randrange(16 * 3_600)
    for _ in range(crowds):
        at, airline = rng.randrange(since, until), rng.choice(list(airlines))
        crowd = Burst(airline, "crowd", at, at + 3_600, 1, CROWD)
        extra += _tweets(crowd, negative, rng)
    return sorted([*rows, *extra], key=lambda each: each.at), bursts


def _tweets(burst: Burst, texts: Sequence[str], rng: random.Random) -> list[Tweet]:
    told = []
    for _ in range(burst.stories):
        text = _mixed(rng.choice(texts), rng.choice(texts))
        at = burst.begin + int(rng.triangular(0, burst.end - burst.begin, (burst.end - burst.begin) * 0.6))
        told.append((at, text))
        for _ in range(burst.reposts):
            told.append((min(burst.end, at + rng.randrange(3_600)), _reposted(text, rng)))
    told.sort()
    begins = begin([text for _, text in told], [at for at, _ in told])
    return [Tweet(at, burst.airline, "negative", text, fresh) for (at, text), fresh in zip(told, begins, strict=True)]


def _mixed(one: str, other: str) -> str:
    """Return a new complaint: the beginning of one and the end of another."""
    first, second = one.split(), other.split()
    return " ".join([*first[: len(first) // 2], *second[len(second) // 2 :]])


def _reposted(text: str, rng: random.Random) -> str:
    return rng.choice(("RT @{0}: {1}", "{1} via @{0}", "RT @{0}: {1} smh", "{1}")).format(
        f"u{rng.randrange(999)}", text
    )
