"""`/deidentify`: what identifies a person in a text, found and replaced; nothing is kept."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from podion import Caller, Span, answer_like, no_null, requires
from podion_medical.schema import NOTE_LIMIT

router = APIRouter(dependencies=[requires("predict")])

_SENT = {"text": "Seen by Dr. Anna Weiss on 3 March 2026, MRN 4711-22, tel. 415-555-0132"}
_TOLD = {
    "text": "Seen by Dr. [NAME] on [DATE], MRN [RECORD_NUMBER], tel. [PHONE]",
    "spans": [{"start": 12, "end": 22, "label": "name"}],
    "counts": {"name": 1, "date": 1, "record_number": 1, "phone": 1},
}


class Identified(BaseModel):
    """A text that may identify a person."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, AfterValidator(no_null)] = Field(min_length=1, max_length=NOTE_LIMIT)


class Deidentified(BaseModel):
    """The text with each finding replaced by its kind; spans count the characters of the text as sent."""

    text: str
    spans: list[Span]
    counts: dict[str, int]


@router.post("/deidentify", responses=answer_like(_TOLD))
async def deidentify(request: Annotated[Identified, Body(examples=[_SENT])], caller: Caller) -> Deidentified:
    """Replace names, dates, numbers, phones, addresses and ids, as is done before anything is stored; keep nothing."""
    spans = sorted(await caller.find_personal(request.text, kinds="clinical"), key=lambda span: span.start)
    parts, at = [], 0
    for span in spans:
        parts += [request.text[at : span.start], f"[{span.label.upper()}]"]
        at = span.end
    text = "".join([*parts, request.text[at:]])
    return Deidentified(text=text, spans=spans, counts=dict(Counter(span.label for span in spans)))
