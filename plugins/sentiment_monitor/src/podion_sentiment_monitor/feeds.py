"""RSS, Atom and JSON lines read as articles, from strangers: no entity is expanded, nothing is fetched, all is bounded.

Feeds are parsed by expat with entity declarations refused, which leaves neither billion laughs nor external entities
(XXE); `defusedxml` does the same with a dependency, and `feedparser` mends markup where a feed should be refused.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from pydantic import ValidationError

from podion import DataError
from podion_sentiment_monitor.articles import AHEAD, ArticleDraft
from podion_sentiment_monitor.text import without_markup

MOST_ENTRIES = 500
_DEEPEST = 64
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def entries(raw: bytes, source: str, now: datetime) -> list[ArticleDraft]:
    """Return the entries of an RSS 0.9 to 2.0 or an Atom feed as articles; raises `DataError` for what is none.

    An entry without a time is published now; without a title and a text it is left out. The doc_id is made of the
    entry's own id or link, so that a feed may be read again and again.
    """
    root = _parsed(raw)
    items = [each for each in root.iter() if _local(each) in ("item", "entry")]
    if not items and _local(root) not in ("rss", "feed", "rdf"):
        raise DataError(f"this is XML with the root <{_local(root)[:40]}>, and neither RSS nor Atom", code="no_feed")
    found = (_article(each, source, now) for each in items[:MOST_ENTRIES])
    return [each for each in found if each is not None]


def lines(raw: bytes, source: str, now: datetime) -> list[ArticleDraft]:
    """Return articles of JSON lines; lines that are none are left out, and `source` fills in where a line has none."""
    found = []
    for line in raw.splitlines()[:MOST_ENTRIES]:
        try:
            values: Any = json.loads(line)
            article = ArticleDraft.model_validate({"source": source, **values})
            article.check_time(now)
        except (ValueError, TypeError, RecursionError, DataError):
            continue
        found.append(article)
    return found


def doc_id_of(source: str, key: str) -> str:
    """Return a doc_id made of what a feed calls its entry."""
    return "feed-" + hashlib.blake2b(f"{source}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _parsed(raw: bytes) -> Element:
    text = _decoded(raw)
    builder, parser = TreeBuilder(), expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise DataError(f"a feed nested more than {_DEEPEST} deep is not read", code="no_feed")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_: object) -> int:
        raise DataError("a feed that declares entities is not read", code="no_feed")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(text, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, UnicodeError) as error:
        raise DataError(f"this is no feed: {error}", code="no_feed") from error


def _decoded(raw: bytes) -> str:
    """Return the text of a feed without its declaration; expat alone does not know GBK and Big5."""
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), None)
    declared = _DECLARED.match(raw[:200])
    if encoding is None:
        encoding = declared[1].decode("ascii") if declared else "utf-8"
    encoding = {"gb2312": "gb18030", "gbk": "gb18030"}.get(encoding.lower(), encoding)
    try:
        text = raw.decode(encoding)
    except (LookupError, UnicodeError) as error:
        raise DataError(f"this is no feed: its bytes are not {encoding}", code="no_feed") from error
    return re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text, count=1)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _children(item: Element, *names: str) -> Iterator[Element]:
    for name in names:
        yield from (child for child in item if _local(child) == name)


def _first(item: Element, *names: str) -> str:
    return next((text for child in _children(item, *names) if (text := _words(child))), "")


def _words(element: Element) -> str:
    return "".join(element.itertext()).strip()


def _article(item: Element, source: str, now: datetime) -> ArticleDraft | None:
    title = without_markup(_first(item, "title"))[:1_000]
    body = without_markup(_first(item, "encoded", "content", "description", "summary"))[:100_000]
    link = _link(item)
    published = _time(_first(item, "pubdate", "published", "date", "updated", "issued")) or now
    key = _first(item, "guid", "id") or link or f"{title}\0{published.isoformat()}"
    try:
        return ArticleDraft(
            doc_id=doc_id_of(source, key),
            source=source,
            url=link or None,
            published_at=min(published, now + AHEAD),
            title=title,
            body=body,
        )
    except ValidationError:
        return None


def _link(item: Element) -> str:
    found = [
        child.get("href") or _words(child)
        for child in _children(item, "link")
        if child.get("rel", "alternate") == "alternate"
    ]
    return next((each for each in found if re.fullmatch(r"https?://\S{1,1990}", each)), "")


def _time(words: str) -> datetime | None:
    """Return a time as RFC 822 (RSS) or RFC 3339 (Atom) writes it; UTC where no zone is named."""
    try:
        told = datetime.fromisoformat(words)
    except ValueError:
        try:
            told = parsedate_to_datetime(words)
        except (ValueError, TypeError, IndexError):
            return None
    try:
        return told.replace(tzinfo=told.tzinfo or UTC).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
