"""Templates, curated answers and articles: what may be said, when, to whom, and where it comes from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from podion_customer_service.knowledge import (
    Article,
    CuratedAnswer,
    Template,
    TemplateDraft,
    article_source,
    best_template,
    sayable,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def template(**fields: Any) -> Template:
    return Template(**{"id": "t", "intent": "i", "locale": "en", "variants": ["Yes."], "approved_by": "Mei", **fields})


def test_a_placeholder_must_be_a_required_slot() -> None:
    with pytest.raises(ValidationError, match="not among required_slots"):
        template(variants=["Order {order_number} is late."])
    with pytest.raises(ValidationError, match="brace"):
        template(variants=["Order {order number} is late."], required_slots=["order"])
    with pytest.raises(ValidationError, match="white space"):
        template(variants=[" "])


def test_only_approved_valid_templates_of_the_language_are_said() -> None:
    hour = timedelta(hours=1)
    kept = [
        template(id="good"),
        template(id="unapproved", approved_by=None),
        template(id="expired", valid_to=NOON),
        template(id="early", valid_from=NOON + hour),
        template(id="now", valid_from=NOON, valid_to=NOON + hour),
        template(id="zh", locale="zh"),
    ]
    assert [each.id for each in sayable(kept, "en", NOON)] == ["good", "now"]


def test_the_template_that_lacks_least_and_uses_most_is_chosen() -> None:
    plain, full = template(id="plain"), template(id="full", required_slots=["order"], variants=["{order}"])
    assert best_template([plain, full], "i", {}) is plain
    assert best_template([plain, full], "i", {"order": "7741"}) is full
    assert best_template([plain], "other", {}) is None


def test_a_conversation_keeps_to_its_variant() -> None:
    many = template(variants=["A", "B", "C", "D"])
    said = {conversation: many.rendered({}, conversation) for conversation in map(str, range(40))}
    assert set(said.values()) == {"A", "B", "C", "D"}
    assert all(many.rendered({}, conversation) == words for conversation, words in said.items())


def test_a_value_with_braces_is_not_filled_in_again() -> None:
    twice = template(variants=["{a} and {b}"], required_slots=["a", "b"])
    assert twice.rendered({"a": "{b}", "b": "x"}, "c") == "{b} and x"


def test_a_curated_answer_is_searched_by_all_its_questions() -> None:
    curated = CuratedAnswer(locale="en", questions=["One?", "Two?"], answer="Yes.")
    assert curated.text == "One?\nTwo?"
    assert CuratedAnswer.model_validate(curated.model_dump()) == curated


def test_a_source_points_at_its_quote() -> None:
    article = Article(id="a", locale="zh", title="退货", text="先看这里。30天内可以退货。", version="7")
    source = article_source(article, 5, 15)
    assert (source.quote, source.version) == (article.text[5:15], "7")


def test_a_draft_cannot_set_its_own_version() -> None:
    with pytest.raises(ValidationError, match="version"):
        TemplateDraft.model_validate({"intent": "i", "locale": "en", "variants": ["x"], "version": 9})
