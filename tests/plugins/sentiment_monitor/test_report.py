"""The day's page holds hostile titles, fetches nothing, and says the same as its figures."""

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest

from podion_sentiment_monitor.alerts import Alert, Status, StoryCard
from podion_sentiment_monitor.report import DayReport, net
from podion_sentiment_monitor.report_page import page
from podion_sentiment_monitor.trends import Point, Share

NIGHT = datetime(2026, 7, 1, tzinfo=UTC)
EVIL = '</title><script>alert(1)</script><img src=x onerror=alert(2)>" onload="x\' & 海港银行'


def told(**changes: object) -> DayReport:
    hours = [
        Point(at=NIGHT + timedelta(hours=h), articles=h % 5, stories=1, reach=2, sentiments={"negative": h % 5})
        for h in range(24)
    ]
    card = StoryCard(
        id="s", title=EVIL, source=EVIL, url="https://x.example/?a='\"<b>", first_at=NIGHT, articles=3, reach=9
    )
    alert = Alert(
        id="a", fingerprint="f", rule="r", rule_name=EVIL, severity="warning", over="topic", subject=EVIL,
        sentiment="negative", window="1h", status=Status.RESOLVED, open=False, observed=9, expected=0.5, p_value=1e-8,
        peak=9, latest=9, started_at=NIGHT, last_at=NIGHT, stories=[card], false_alarm=True,
    )  # fmt: skip
    share = Share(name=EVIL, articles=3, stories=2, reach=1, sentiments={EVIL: 3})
    values = {
        "day": date(2026, 7, 1), "made_at": NIGHT, "articles": 46, "stories": 24, "reach": 48.0,
        "sentiments": {"negative": 46}, "hours": hours, "topics": [share], "entities": [], "sources": [share],
        "top_stories": [card, card.model_copy(update={"url": "javascript:alert(3)"})], "complete": True,
        "alerts": [alert],
    }  # fmt: skip
    return DayReport.model_validate(values | changes)


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_hostile_title_is_text_and_nothing_else(language: str) -> None:
    html = page(told(), language)  # type: ignore[arg-type]
    seen = Seen()
    seen.feed(html)
    assert not {"script", "img", "iframe", "link", "object"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]
    addresses = [value for name, value in seen.attributes if name == "href"]
    assert addresses
    assert all((value or "").startswith("https://x.example/") for value in addresses)
    assert "alert(3)" not in html
    assert "海港银行" in html
    assert not re.search(r"url\(|@import", html)


def test_a_day_without_anything_is_a_page_too() -> None:
    html = page(told(hours=[], alerts=[], top_stories=[], topics=[], sources=[]), "en")
    assert "Nothing surged" in html
    assert html.count("<svg") == 2


def test_net_sentiment_is_none_where_nothing_was_published() -> None:
    assert net(told().hours)[:3] == [None, -1.0, -1.0]
