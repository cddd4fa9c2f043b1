"""Golden conversations: differences are told, nothing is kept, coverage is counted, and files are read by line."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from podion import DataError, LabelAnswer
from podion_customer_service.commands import merged, read_file, told
from podion_customer_service.golden import Expected, GoldenConversation, coverage, run
from podion_customer_service.knowledge import Template

RETURNS = {"locale": "en", "approved_by": "Mei", "variants": ["Within 30 days."]}


def golden(name: str, *turns: tuple[str, dict[str, Any] | None]) -> GoldenConversation:
    said = [{"say": say, "expect": expect} for say, expect in turns]
    return GoldenConversation.model_validate({"name": name, "turns": said})


@pytest.fixture
def shop(caller: Any) -> Any:
    caller.intents = {"send back": LabelAnswer(label="return_item", confidence=0.9)}
    for id, intent, approved in (("r", "return_item", "Mei"), ("w", "warranty", "Mei"), ("d", "draft", None)):
        template = Template(**{**RETURNS, "id": id, "intent": intent, "approved_by": approved})
        asyncio.run(caller.store.put(template))
    return caller


def test_what_goes_as_written_passes_and_what_does_not_is_told(shop: Any) -> None:
    good = golden(
        "good",
        ("send back", {"action": "answer", "source_id": "r", "says": "30 days", "language": "en", "state": "bot"}),
        ("human", {"action": "hand_over", "reason": "asked_for_a_person", "state": "waiting_human"}),
        ("hello?", {"action": "silent"}),
    )
    bad = golden("bad", ("hi", None), ("send back", {"says": "14 days", "slots": {"a": "b"}, "source": "article"}))
    report = asyncio.run(run(shop, [good, bad]))
    assert (report.passed, report.failed) == (1, 1)
    [failure] = report.failures
    assert (failure.name, failure.turn, failure.say, failure.bot) == ("bad", 2, "send back", "Within 30 days.")
    found = {each.what: (each.expected, each.got) for each in failure.differences}
    assert found == {
        "source": ("article", "template"), "says": ("14 days", "Within 30 days."), "slots.a": ("b", None),
    }  # fmt: skip


def test_coverage_counts_what_may_be_said(shop: Any) -> None:
    report = asyncio.run(run(shop, [golden("one", ("send back", None))]))
    assert (report.intents.touched, report.intents.missing) == (["return_item"], ["warranty"])
    assert (report.templates.touched, report.templates.missing, report.templates.share) == (["r"], ["w"], 0.5)
    assert coverage(set(), set()).share is None


def test_nothing_of_a_run_is_kept(shop: Any) -> None:
    before = {kind: dict(kept) for kind, kept in shop.store.kept.items()}
    asyncio.run(run(shop, [golden("one", ("send back", None), ("bananas", None), ("bananas?", None))]))
    assert shop.store.kept == before


def test_an_expectation_names_something_and_nothing_unknown() -> None:
    for wrong in ({}, {"acton": "answer"}, {"action": "dance"}):
        with pytest.raises(ValidationError):
            Expected.model_validate(wrong)


def test_a_file_is_read_by_line_and_its_faults_are_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "golden.jsonl"
    file.write_text('{"name": "a", "turns": [{"say": "你好"}]}\n\n{"name": "b"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"golden\.jsonl, line 3"):
        read_file(file)
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="holds no conversation"):
        read_file(file)


def test_the_shipped_file_is_read() -> None:
    import podion_customer_service

    folder = Path(str(podion_customer_service.__file__)).parent
    found = read_file(folder / "samples" / "golden.jsonl")
    assert len(found) >= 15
    assert all(any(turn.expect for turn in each.turns) for each in found)


def test_parts_of_a_file_make_one_report(shop: Any) -> None:
    first = asyncio.run(run(shop, [golden("one", ("send back", {"action": "clarify"}))]))
    second = asyncio.run(run(shop, [golden("two", ("bananas", None))]))
    whole = merged([first, second])
    assert (whole.passed, whole.failed, whole.intents.touched) == (1, 1, ["return_item"])
    words = told(whole)
    assert "1 passed, 1 failed" in words
    assert "✗ one, turn 1: send back" in words
    assert "action: expected 'clarify', got 'answer'" in words
    assert "templates: 1 of 2, not touched: w" in words
