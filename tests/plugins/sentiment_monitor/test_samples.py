"""The samples are what their generator writes, valid, in both languages, and no text stands in one twice."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from podion_sentiment_monitor.articles import ArticleDraft
from podion_sentiment_monitor.made_up import burst, history, incident, write_samples
from podion_sentiment_monitor.schema import EntityMentions, ToneRecord, TopicRecord

NOW = datetime(2026, 7, 1, 16, tzinfo=UTC)


def rows(name: str) -> list[dict[str, Any]]:
    text = files("podion_sentiment_monitor").joinpath(name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_generator_writes_the_samples_again(tmp_path: Path) -> None:
    write_samples(tmp_path)
    for name in ("sample.jsonl", "sample_topics.jsonl"):
        assert (tmp_path / name).read_text("utf-8") == files("podion_sentiment_monitor").joinpath(name).read_text(
            "utf-8"
        )


@pytest.mark.parametrize(("name", "record"), [("sample.jsonl", ToneRecord), ("sample_topics.jsonl", TopicRecord)])
def test_samples_are_records_in_both_languages(name: str, record: type[ToneRecord]) -> None:
    found = [record.model_validate(row) for row in rows(name)]
    assert len({each.text for each in found}) == len(found) >= 200
    assert {each.lang for each in found} == {"en", "zh"}


def test_made_up_articles_are_articles_of_their_time() -> None:
    for told in (history(NOW, 7), burst(NOW, 5, 9)):
        articles = [ArticleDraft.model_validate(each) for each in told]
        assert len({each.doc_id for each in articles}) == len(articles)
        assert max(each.published_at for each in articles) <= NOW
    assert history(NOW, 7) == history(NOW, 7)
    assert incident(NOW) < NOW


def test_labels_of_entities_come_out_of_the_mapping() -> None:
    told = EntityMentions.model_validate({"text": "A beats B", "entities": {"A": "positive", "B": "negative"}})
    assert [(each.entity, each.sentiment) for each in told.label or ()] == [("A", "positive"), ("B", "negative")]
    assert told.names == ("A", "B")
    assert EntityMentions(text="A beats B", entities=["A"]).label is None
    assert TopicRecord.model_validate({"text": "x", "label": "fees"}).label == ["fees"]
