"""Made-up news about two made-up banks, in English and Chinese: what the samples are written by and the demo lives on.

Seeded: the same seed gives the same articles. `write_samples` is what wrote the package's `sample*.jsonl`.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from podion import Language

OURS, THEIRS = "Harbour Bank", "Northgate Savings"
ALIASES: Mapping[str, str] = {OURS: "海港银行", THEIRS: "北门储蓄"}
SEED = 2026

_Clauses = Mapping[str, Sequence[tuple[str, str]]]
TOPICS: Mapping[str, _Clauses] = {
    "deposit safety": {
        "negative": (
            ("{b} customers queue to withdraw their savings in {p}", "{p}{b}储户排队取款"),
            ("savers of {b} in {p} fear for their deposits", "{p}多名储户担心{b}存款安全"),
            ("{b} freezes withdrawals for some accounts in {p}", "{b}在{p}冻结部分账户取款"),
            ("rumours of a shortage of cash at {b} spread in {p}", "{p}流传{b}现金短缺的消息"),
        ),
        "neutral": (
            ("{b} publishes its deposit figures for {p}", "{b}公布{p}存款数据"),
            ("how deposits at {b} in {p} are insured", "{p}{b}存款如何投保"),
        ),
        "positive": (
            ("regulator calls deposits at {b} in {p} safe", "监管部门称{p}{b}存款安全可靠"),
            ("{b} raises its guarantee for savers in {p}", "{b}提高{p}储户保障额度"),
        ),
    },
    "app outage": {
        "negative": (
            ("the app of {b} is down again for users in {p}", "{b}手机银行在{p}再次瘫痪"),
            ("transfers in the app of {b} fail for hours in {p}", "{p}用户用{b}应用转账数小时失败"),
            ("users in {p} are locked out of the app of {b}", "{p}用户无法登录{b}应用"),
        ),
        "neutral": (
            ("{b} plans maintenance of its app in {p}", "{b}将在{p}维护手机应用"),
            ("{b} releases an update of its app in {p}", "{b}在{p}发布应用更新"),
        ),
        "positive": (
            ("the new app of {b} delights users in {p}", "{b}新版应用在{p}广受好评"),
            ("{b} restores its app quickly, users in {p} are relieved", "{b}迅速恢复应用，{p}用户满意"),
        ),
    },
    "fees": {
        "negative": (
            ("anger in {p} about higher account fees at {b}", "{b}上调账户费引发{p}客户不满"),
            ("{b} accused of hidden fees by customers in {p}", "{p}客户指责{b}暗中收费"),
        ),
        "neutral": (
            ("{b} compares its account fees in {p}", "{b}对比{p}账户收费"),
            ("{b} changes the date of its fees in {p}", "{b}调整{p}收费日期"),
        ),
        "positive": (
            ("{b} scraps account fees for students in {p}", "{b}免除{p}学生账户费"),
            ("customers in {p} welcome lower fees at {b}", "{b}降低收费受{p}客户欢迎"),
        ),
    },
    "service": {
        "negative": (
            ("complaints about rude staff at {b} in {p}", "{p}客户投诉{b}员工态度恶劣"),
            ("{b} leaves callers in {p} waiting for an hour", "{b}客服让{p}客户等候一小时"),
        ),
        "neutral": (
            ("{b} changes its opening hours in {p}", "{b}调整{p}营业时间"),
            ("{b} moves its branch in {p}", "{b}搬迁{p}网点"),
        ),
        "positive": (
            ("{b} wins an award for its service in {p}", "{b}在{p}获优质服务奖"),
            ("staff of {b} in {p} praised for their help", "{p}{b}员工热心助人获称赞"),
        ),
    },
}
_TAILS: Mapping[Language, Sequence[str]] = {
    "en": ("About {n} people are concerned.", "It is the case number {n} this year.", "A spokesman named {n} accounts.",
           "The hotline counted {n} calls.", "Officials speak of {n} letters.", "A survey asked {n} customers."),
    "zh": ("约涉及{n}人。", "这是今年第{n}起。", "发言人提到{n}个账户。", "热线共接到{n}个来电。",
           "官方收到{n}封来信。", "调查访问了{n}名客户。"),
}  # fmt: skip
_PLACES: Mapping[Language, Sequence[str]] = {
    "en": ("Eastport", "Milltown", "Lakeside", "Old Quay", "Highfield", "Westbridge", "Saltmarsh", "Kingsferry"),
    "zh": ("东港市", "磨坊镇", "湖滨区", "旧码头", "高原县", "西桥镇", "盐沼乡", "王渡口"),
}
_PAPERS: Mapping[Language, Sequence[str]] = {
    "en": ("herald.example", "courier.example", "observer.example", "townblog.example"),
    "zh": ("晨报.example", "日报.example", "论坛.example"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A made-up text and what it is: topic, sentiment, the bank that it is about, its language."""

    text: str
    topic: str
    tone: str
    bank: str
    lang: Language


def piece(rng: random.Random, topic: str | None = None, tone: str | None = None, bank: str | None = None) -> Piece:
    """Return one text; what is not named is drawn."""
    lang: Language = rng.choice(("en", "zh"))
    about = topic or rng.choice(sorted(TOPICS))
    mood = tone or rng.choices(("negative", "neutral", "positive"), (3, 4, 3))[0]
    whose = bank or rng.choices((OURS, THEIRS), (7, 3))[0]
    clause = rng.choice(TOPICS[about][mood])[0 if lang == "en" else 1]
    name = whose if lang == "en" else ALIASES[whose]
    head = clause.format(b=name, p=rng.choice(_PLACES[lang]))
    tails = [each.format(n=rng.randint(11, 989)) for each in rng.sample(_TAILS[lang], 2)]
    text = f"{head[0].upper()}{head[1:]}. {' '.join(tails)}" if lang == "en" else f"{head}。{''.join(tails)}"
    return Piece(text, about, mood, whose, lang)


def article(told: Piece, doc_id: str, at: datetime, rng: random.Random) -> dict[str, Any]:
    """Return a text as an article, without any label."""
    source = rng.choice(_PAPERS[told.lang])
    title, _, body = told.text.partition(". " if told.lang == "en" else "。")
    return {
        "doc_id": doc_id,
        "source": source,
        "url": f"https://{source.encode('idna').decode()}/{doc_id}",
        "published_at": at.isoformat(),
        "lang": told.lang,
        "title": title,
        "body": body,
    }


def history(end: datetime, days: int, seed: int = SEED, *, a_day: int = 30) -> list[dict[str, Any]]:
    """Return articles of the days before `end`: few by night, more by day, and a bad afternoon 4 days before the end.

    The bad afternoon are 14 distinct reports about the safety of deposits within the hour `incident(end)`.
    """
    rng = random.Random(seed)
    told = []
    for number in range(days * a_day):
        hour = rng.choices(range(24), [1] * 7 + [4] * 13 + [2] * 4)[0]
        day = end - timedelta(days=rng.randint(1, days))
        at = day.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60))
        if at < end - timedelta(hours=3):
            told.append(article(piece(rng), f"made-{number}", at, rng))
    begin = incident(end)
    for number in range(14):
        at = begin + timedelta(minutes=4 * number + rng.randrange(4))
        told.append(article(piece(rng, "deposit safety", "negative", OURS), f"bad-{number}", at, rng))
    return sorted(told, key=lambda each: str(each["published_at"]))


def incident(end: datetime) -> datetime:
    """Return when the bad afternoon of a history begins."""
    return (end - timedelta(days=4)).replace(hour=14, minute=5, second=0, microsecond=0)


def burst(now: datetime, stories: int, reposts: int, seed: int = SEED) -> list[dict[str, Any]]:
    """Return a burst that is going on: distinct negative reports of the last half hour, and reposts of the first."""
    rng = random.Random(seed + 1)
    reports = [
        article(piece(rng, "deposit safety", "negative", OURS), f"now-{n}", now - timedelta(minutes=25 - n), rng)
        for n in range(stories)
    ]
    first = reports[0]
    copies = [
        {
            **first,
            "doc_id": f"copy-{n}",
            "source": "townblog.example",
            "title": f"RT @user{n}: {first['title']}",
            "published_at": (now - timedelta(minutes=20, seconds=-10 * n)).isoformat(),
        }
        for n in range(reposts)
    ]
    return [*reports, *copies]


def sentiment_rows(count: int, seed: int = SEED) -> list[dict[str, Any]]:
    """Return records of the task `sentiment`."""
    rng = random.Random(seed + 2)
    return [{"text": told.text, "label": told.tone, "lang": told.lang} for told in _pieces(rng, count)]


def topic_rows(count: int, seed: int = SEED) -> list[dict[str, Any]]:
    """Return records of the task `topic`."""
    rng = random.Random(seed + 3)
    return [{"text": told.text, "label": [told.topic], "lang": told.lang} for told in _pieces(rng, count)]


def write_samples(folder: Path) -> None:
    """Write the package's samples."""
    for name, rows in (("sample.jsonl", sentiment_rows(240)), ("sample_topics.jsonl", topic_rows(240))):
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _pieces(rng: random.Random, count: int) -> list[Piece]:
    """Return texts that differ, every topic and sentiment as often as any other."""
    cells = [(topic, tone) for topic in sorted(TOPICS) for tone in ("negative", "neutral", "positive")]
    told: dict[str, Piece] = {}
    while len(told) < count:
        made = piece(rng, *cells[len(told) % len(cells)])
        told.setdefault(made.text, made)
    return list(told.values())
