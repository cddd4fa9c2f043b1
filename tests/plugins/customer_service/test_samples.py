"""The shipped samples are what the README says: valid, bilingual, free of repeats, and apart from the held-out rows."""

import io
import json
import re
import unicodedata
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from podion import Task
from podion.data.datasets import build
from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate
from podion_customer_service.schema import MarkedUtterance, Utterance
from podion_customer_service.tasks import intent, slots

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SLOT_LABELS = {"order_number", "date", "product", "amount"}


def rows(name: str) -> list[dict[str, Any]]:
    text = (files("podion_customer_service") / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def folded(text: str) -> str:
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text).casefold())


def in_scope(name: str) -> list[dict[str, Any]]:
    return [row for row in rows(name) if not row.get("oos")]


@pytest.mark.parametrize("name", ["sample.jsonl", "sample_test.jsonl"])
def test_rows_are_records_with_no_field_that_the_record_does_not_know(name: str) -> None:
    for row in rows(name):
        assert Utterance(**row).label == row["label"]
        assert set(row) <= set(Utterance.model_fields)
        assert row.get("oos", True) is True, "oos is written only where true"
        assert (row["label"] == "oos") == row.get("oos", False)


def test_the_sample_is_large_enough_to_learn_from() -> None:
    counts = Counter((row["label"], row["lang"]) for row in in_scope("sample.jsonl"))
    labels = {label for label, _ in counts}
    assert sum(counts.values()) >= 420
    assert len(labels) >= 20
    for label in labels:
        assert counts[label, "en"] + counts[label, "zh"] >= 18, label
        assert min(counts[label, "en"], counts[label, "zh"]) >= 8, label


def test_out_of_scope_rows_come_in_both_languages() -> None:
    for name, least in (("sample.jsonl", 40), ("sample_test.jsonl", 20)):
        languages = Counter(row["lang"] for row in rows(name) if row.get("oos"))
        assert languages.total() >= least
        assert min(languages["en"], languages["zh"]) * 3 >= languages.total()


def test_the_held_out_sample_asks_for_every_intent_in_both_languages() -> None:
    known = {row["label"] for row in in_scope("sample.jsonl")}
    asked = {(row["label"], row["lang"]) for row in in_scope("sample_test.jsonl")}
    assert len(in_scope("sample_test.jsonl")) >= 80
    assert asked == {(label, language) for label in known for language in ("en", "zh")}


def test_no_text_occurs_twice_within_or_across_the_samples() -> None:
    counts = Counter(folded(row["text"]) for name in ("sample.jsonl", "sample_test.jsonl") for row in rows(name))
    assert [text for text, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", ["sample.jsonl", "sample_test.jsonl", "slots_sample.jsonl"])
def test_the_language_is_what_the_characters_say(name: str) -> None:
    for row in rows(name):
        assert row["lang"] in {"en", "zh"}
        if not CHINESE.search(row["text"]):
            assert row["lang"] == "en", row["text"]
        assert row["text"] == row["text"].strip()


def test_openings_vary_so_that_no_template_made_the_sample() -> None:
    for language, length in (("en", 12), ("zh", 3)):
        openings = Counter(row["text"][:length].casefold() for row in rows("sample.jsonl") if row["lang"] == language)
        assert openings.most_common(1)[0][1] <= 0.03 * openings.total(), openings.most_common(3)


def test_slots_mark_whole_stretches_of_their_text() -> None:
    marked = rows("slots_sample.jsonl")
    labels: Counter[str] = Counter()
    for row in marked:
        record = MarkedUtterance(**row)
        assert set(row) <= set(MarkedUtterance.model_fields)
        for span in record.spans or []:
            stretch = record.text[span.start : span.end]
            assert stretch == stretch.strip()
            assert stretch
            labels[span.label] += 1
    assert len(marked) >= 60
    assert set(labels) == SLOT_LABELS
    assert min(labels.values()) >= 20
    assert min(Counter(row["lang"] for row in marked).values()) >= 25
    assert len({folded(row["text"]) for row in marked}) == len(marked)


def test_order_numbers_hold_digits() -> None:
    for row in rows("slots_sample.jsonl"):
        for span in MarkedUtterance(**row).spans or []:
            if span.label == "order_number":
                assert re.search(r"\d{2}", row["text"][span.start : span.end]), row["text"]


@pytest.mark.parametrize(
    ("name", "task", "labels"),
    [("sample.jsonl", intent, 22), ("sample_test.jsonl", intent, 22), ("slots_sample.jsonl", slots, 4)],
)
def test_an_upload_finds_nothing_to_complain_of(name: str, task: Task, labels: int) -> None:
    source = io.BytesIO((files("podion_customer_service") / name).read_bytes())
    summary = build(task, validate(task, read_rows(source, limits=LOCAL)), io.BytesIO())
    assert (summary.refused, summary.duplicate_count, summary.conflict_count, summary.warnings) == (0, 0, 0, ())
    assert summary.kept == len(rows(name))
    assert len(summary.labels) == labels
    assert summary.out_of_scope == len(rows(name)) - len(in_scope(name))
