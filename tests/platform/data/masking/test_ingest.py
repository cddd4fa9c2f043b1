"""Rows on their way into a dataset: masked and counted, or refused without being quoted."""

import io
from typing import Annotated

from pydantic import BaseModel, Field

from podion.data.datasets import build
from podion.data.masking.ingest import Ingest
from podion.data.masking.policies import Masking
from podion.data.records import Accepted, validate
from podion.data.rows import Refusal, Row
from podion.head_kinds import LabelHead
from podion.vertical import Personal, Task

PHONE = "13812345678"


class Said(BaseModel):
    text: Annotated[str, Field(max_length=40), Personal()]
    label: str | None = None
    age: int | None = None


TASK = Task(name="intent", record=Said, head=LabelHead())


def ingest(policy: str) -> Ingest:
    return Ingest(Masking(bytes(32)).records("ten_a", TASK, {"intent.text": policy}))


def test_rows_are_masked_and_counted_and_then_told_apart() -> None:
    rows = [Row(1, {"text": f"call {PHONE}"}), Row(2, {"text": "call 13912345678"}), Row(3, {"text": "e@x.example hi"})]
    taken, out = ingest("mask"), io.BytesIO()
    summary = build(TASK, taken.items(validate(TASK, rows)), out)
    assert out.getvalue() == b'{"text":"call [PHONE]"}\n{"text":"[EMAIL] hi"}\n'
    assert taken.counts() == {"text": {"email": 1, "phone": 2}}
    assert summary.duplicate_count == 1, "masked, they say the same"


def test_a_rejected_row_is_refused_by_field_and_kind() -> None:
    rows: list[Row | Refusal] = [
        Row(7, {"text": f"call {PHONE}"}),
        Refusal(8, None, "broken"),
        Row(9, {"text": "fine"}),
    ]
    first, second, third = ingest("reject").items(validate(TASK, rows))
    assert isinstance(first, Refusal)
    assert (first.line, first.field) == (7, "text")
    assert "phone number" in first.reason
    assert PHONE not in first.reason
    assert second == rows[1]
    assert isinstance(third, Accepted)


def test_a_row_that_grows_too_long_is_refused() -> None:
    rows = [Row(1, {"text": "a@x.cn b@x.cn c@x.cn d@x.cn e@x.cn f@x.cn"[:40]})]
    (refused,) = ingest("tokenise").items(validate(TASK, rows))
    assert isinstance(refused, Refusal)
    assert (refused.line, refused.field) == (1, "text")
    assert "x.cn" not in refused.reason


def test_corrections_are_masked_as_policies_say_today() -> None:
    given = [({"text": f"call {PHONE}"}, "talk")]
    assert ingest("mask").corrections(given) == [({"text": "call [PHONE]"}, "talk")]
    assert ingest("reject").corrections(given) == [({"text": "call [PHONE]"}, "talk")]
    assert ingest("allow").corrections(given) == given


def test_a_refusal_quotes_nothing_personal() -> None:
    rows = [Row(1, {"text": "x" * 39 + PHONE, "age": PHONE[:4] + "x"}), Row(2, {"text": "a", "age": f"tel {PHONE}"})]
    rows += [
        Row(3, {"text": "a", PHONE: 1}),
        Row(4, {"text": ["e@x.example"]}),
        Row(5, {"text": "a", "age": "x " * 17 + PHONE}),
    ]
    reasons = [f"{r.field} {r.reason}" for r in validate(TASK, rows) if isinstance(r, Refusal)]
    assert len(reasons) == 6
    assert not any(PHONE in reason or "13812" in reason or "e@x.example" in reason for reason in reasons), reasons
