"""Marks as other tools write them: IOB tags, exclusive and inclusive ends, each read as its fields say."""

from typing import Any

import pytest
from pydantic import ValidationError

from podion_medical.schema import ClinicalText

TEXT = "肺内病变明显"


def marks(**record: Any) -> list[tuple[str, str]]:
    found = ClinicalText.model_validate(record)
    return [(span.label, found.text[span.start : span.end]) for span in found.label or ()]


def test_an_end_is_counted_as_its_name_says() -> None:
    inclusive = {"start_idx": 0, "end_idx": 3, "type": "sym", "entity": "肺内病变"}
    nested = {"start_idx": 0, "end_idx": 0, "type": "bod", "entity": "肺"}
    assert marks(text=TEXT, entities=[inclusive, nested]) == [("sym", "肺内病变"), ("bod", "肺")]
    assert marks(text=TEXT, entities=[{"start": 0, "end": 4, "label": "sym"}]) == [("sym", "肺内病变")]
    assert marks(text=TEXT, label=[{"start": 0, "end": 4, "label": "sym"}]) == [("sym", "肺内病变")]


@pytest.mark.parametrize(
    "mark",
    [
        {"start_idx": 0, "end_idx": 4, "type": "sym", "entity": "肺内病变"},
        {"start": 0, "end": 3, "type": "sym", "entity": "肺内病变"},
    ],
)
def test_an_end_that_is_counted_otherwise_is_refused_and_the_words_are_not_repeated(mark: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="`end_idx` its last") as refused:
        marks(text=TEXT, entities=[mark])
    assert TEXT not in refused.value.errors(include_input=False)[0]["msg"]


def test_tags_become_spans_of_the_joined_words() -> None:
    found = marks(tokens=["severe", "chest", "pain", "and", "fever"], tags=["O", "B-sym", "I-sym", "O", "I-sym"])
    assert found == [("sym", "chest pain"), ("sym", "fever")]
    assert marks(tokens=["no", "pain"], tags=["O", "O"]) == []


@pytest.mark.parametrize(
    "record",
    [
        {"tokens": ["a", "b"], "tags": ["O"]},
        {"text": TEXT, "entities": [{"begin": 0, "end": 1}]},
        {"text": TEXT, "entities": [{"start": 4, "end": 99, "label": "sym"}]},
        {"text": TEXT, "label": [], "entities": [{"start": 0, "end": 1, "label": "sym"}]},
        {"text": TEXT, "entities": [{"start_idx": 3, "end_idx": 1, "type": "sym"}]},
    ],
)
def test_what_is_no_mark_of_the_text_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClinicalText.model_validate(record)
