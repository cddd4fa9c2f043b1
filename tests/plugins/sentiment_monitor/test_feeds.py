"""Feeds from strangers: read where they are feeds, refused where they are attacks, never fetched from."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion import DataError
from podion_sentiment_monitor.articles import Article
from podion_sentiment_monitor.feeds import entries, lines
from podion_sentiment_monitor.filing import Nothing
from podion_sentiment_monitor.sources import Source, poll_due

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Herald</title>
<item><guid>a1</guid><link>https://herald.example/1</link><title>Banks &amp; savers</title>
<pubDate>Wed, 01 Jul 2026 09:30:00 +0200</pubDate>
<content:encoded><![CDATA[<p>Harbour Bank <b>answers</b>.</p><script>alert(1)</script>]]></content:encoded></item>
<item><title>No id, no time</title><link>javascript:alert(1)</link></item>
<item><description></description></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:1</id>
<title type="html">海港银行&lt;b&gt;回应&lt;/b&gt;</title>
<updated>2026-07-01T08:00:00Z</updated>
<link rel="self" href="https://x.example/self"/>
<link href="https://x.example/1"/><summary>转账延迟</summary></entry></feed>"""


def test_rss_is_read_without_its_markup() -> None:
    first, second = entries(RSS.encode(), "herald", NOW)
    assert (first.title, first.body) == ("Banks & savers", "Harbour Bank answers .")
    assert first.published_at == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert (first.url, second.url) == ("https://herald.example/1", None)
    assert second.published_at == NOW
    assert first.doc_id == entries(RSS.encode(), "herald", NOW)[0].doc_id != entries(RSS.encode(), "x", NOW)[0].doc_id


def test_atom_is_read_in_chinese_and_in_gbk() -> None:
    [entry] = entries(ATOM.encode(), "x", NOW)
    assert (entry.title, entry.url, entry.published_at.hour) == ("海港银行 回应", "https://x.example/1", 8)
    gbk = ('<?xml version="1.0" encoding="gb2312"?>' + ATOM).encode("gbk")
    assert entries(gbk, "x", NOW) == [entry]


LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    "<rss><channel><item><title>&b;</title></item></channel></rss>"
)
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><item><title>&x;</title></item></rss>'


@pytest.mark.parametrize(
    "raw",
    [
        LAUGHS.encode(),
        OUTSIDE.encode(),
        b"",
        b"<html><body>not a feed</body></html>",
        b"<rss><channel><item>",
        b'{"title": "json"}',
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><rss/>',
        b"<a>" * 5_000,
    ],
)
def test_what_is_no_feed_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(DataError) as caught:
        entries(raw, "x", NOW)
    assert caught.value.code == "no_feed"


@given(raw=st.binary(max_size=300))
@settings(max_examples=100)
def test_noise_is_refused_and_breaks_nothing(raw: bytes) -> None:
    with suppress(DataError):
        entries(raw, "x", NOW)
    assert isinstance(lines(raw, "x", NOW), list)


def test_json_lines_keep_what_is_an_article() -> None:
    good = '{"doc_id": "a", "published_at": "2026-07-01T08:00:00Z", "title": "t"}'
    late = '{"doc_id": "b", "published_at": "2036-07-01T08:00:00Z", "title": "t"}'
    found = lines(f"{good}\nnonsense\n[1]\n{late}\n".encode(), "wire", NOW)
    assert [(each.doc_id, each.source) for each in found] == [("a", "wire")]


def test_due_sources_are_polled_and_a_broken_one_is_noted(caller: Any) -> None:
    async def run() -> None:
        url = "https://herald.example/feed"
        caller.web = {url: RSS.encode(), f"{url}2": b"<html/>"}
        for id, address in (("good", url), ("bad", f"{url}2")):
            await caller.store.put(Source(id=id, name=id, kind="rss", url=address))
        await caller.store.put(Source(id="push", name="push", kind="push"))
        await poll_due(caller, Nothing())
        good, bad = [await caller.store.get(Source, id) for id in ("good", "bad")]
        assert (good.articles, good.error, bad.failures) == (2, None, 1)
        assert "RSS" in bad.error
        assert bad.next_at - bad.polled_at > good.next_at - good.polled_at
        await poll_due(caller, Nothing())
        assert len(caller.store.all(Article)) == 2

    asyncio.run(run())


def test_nothing_of_the_module_reaches_out() -> None:
    source = Path(__file__).parents[3] / "plugins/sentiment_monitor/src/podion_sentiment_monitor/feeds.py"
    assert not {"urllib.request", "httpx", "socket", "requests"} & set(source.read_text("utf-8").split())
