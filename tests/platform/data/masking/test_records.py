"""Records as they are kept: marked fields masked at any depth, spans moved along, what a policy rejects refused."""

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field

from podion.answers import Span
from podion.data.masking.fields import personal_fields
from podion.data.masking.pseudonyms import tenant_pseudonym
from podion.data.masking.records import Finding, mask_record
from podion.errors import DataError
from podion.vertical import Personal

OURS, THEIRS = (tenant_pseudonym(b"installation", name) for name in ("ten_ours", "ten_theirs"))
PHONE = "13812345678"
Words = Annotated[str, Field(min_length=1), Personal("tokenise")]


class Turn(BaseModel):
    who: str
    text: Words


class Case(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: str = ""
    title: Annotated[str, Personal("reject")] = ""
    text: Annotated[str | None, Personal()] = None
    turns: list[Turn] = []
    notes: list[Words] | None = None
    extra: dict[str, Turn] = {}
    spans: list[Span] | None = None
    before: "Case | None" = None


DEFAULTS = {
    "title": "reject", "text": "mask", "turns.text": "tokenise", "notes": "tokenise", "extra.text": "tokenise",
}  # fmt: skip


def test_marked_fields_are_found_at_any_depth() -> None:
    assert dict(personal_fields(Case)) == DEFAULTS
    assert dict(personal_fields(Turn)) == {"text": "tokenise"}


def test_a_record_is_masked_at_any_depth_and_the_rest_is_itself() -> None:
    turn = Turn(who=PHONE, text=f"call {PHONE}")
    case = Case(
        id=PHONE, text=f"I am at {PHONE}", turns=[turn, Turn(who="b", text="fine")], notes=[PHONE], extra={"k": turn}
    )
    masked, findings = mask_record(case, personal_fields(Case), OURS)
    tag = f"[PHONE:{OURS.of('phone', PHONE)}]"
    assert (masked.id, masked.text) == (PHONE, "I am at [PHONE]"), "only marked fields"
    assert (masked.turns[0].text, masked.turns[0].who, masked.notes) == (f"call {tag}", PHONE, [tag])
    assert masked.turns[1] is case.turns[1]
    assert masked.extra["k"].text == f"call {tag}"
    assert findings == tuple(Finding(f, "phone") for f in ("text", "turns.text", "notes", "extra.text"))
    assert case.text == f"I am at {PHONE}", "the record as sent is as it was"


def test_a_record_without_anything_personal_is_returned_itself() -> None:
    case = Case(
        text="where is my parcel", turns=[Turn(who="a", text="hm")], notes=["x"], extra={"k": Turn(who="a", text="b")}
    )
    assert mask_record(case, personal_fields(Case), OURS) == (case, ())
    assert mask_record(case, personal_fields(Case), OURS)[0] is case


def test_a_rejected_value_is_named_by_field_and_kind_and_never_quoted() -> None:
    with pytest.raises(DataError) as refusal:
        mask_record(Case(title=f"call {PHONE}"), personal_fields(Case), OURS)
    assert refusal.value.code == "personal_data"
    assert refusal.value.faults[0].pointer == "/title"
    assert "phone number" in refusal.value.detail
    assert PHONE not in refusal.value.detail + refusal.value.faults[0].detail


def test_spans_move_with_their_text() -> None:
    text = f"send {PHONE} the bill of May"
    spans = [
        Span(start=0, end=4, label="verb"),
        Span(start=5, end=16, label="phone"),
        Span(start=29, end=32, label="month"),
    ]
    masked, _ = mask_record(Case(text=text, spans=spans), personal_fields(Case), OURS)
    assert masked.spans is not None
    assert masked.text == "send [PHONE] the bill of May"
    assert [masked.text[s.start : s.end] for s in masked.spans] == ["send", "[PHONE]", "May"]
    cut = [Span(start=5, end=8, label="a"), Span(start=8, end=16, label="b"), Span(start=29, end=32, label="month")]
    masked, _ = mask_record(Case(text=text, spans=cut), personal_fields(Case), OURS)
    assert [(s.start, s.end, s.label) for s in masked.spans or ()] == [(5, 12, "a"), (25, 28, "month")]


def test_a_dictionary_of_fields_is_masked_like_its_model() -> None:
    sent = {
        "text": f"at {PHONE}",
        "spans": [{"start": 3, "end": 14, "label": "p"}],
        "turns": [{"who": "a", "text": PHONE}],
    }
    masked, _ = mask_record(sent, {"text": "mask", "turns.text": "mask"}, OURS)
    assert masked == {
        "text": "at [PHONE]",
        "spans": [{"start": 3, "end": 10, "label": "p"}],
        "turns": [{"who": "a", "text": "[PHONE]"}],
    }


def test_two_tenants_have_different_pseudonyms() -> None:
    turn = Turn(who="a", text=PHONE)
    ours, _ = mask_record(turn, personal_fields(Turn), OURS)
    theirs, _ = mask_record(turn, personal_fields(Turn), THEIRS)
    assert ours.text != theirs.text
    assert ours.text == mask_record(turn, personal_fields(Turn), OURS)[0].text
