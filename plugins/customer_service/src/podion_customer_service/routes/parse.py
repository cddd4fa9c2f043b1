"""`/parse` and `/answer`: one text, no conversation."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Answer, Caller, LabelAnswer, Language, Prediction, Span, answer_like, requires
from podion_customer_service.answering import answer_once
from podion_customer_service.conversation import Conversation
from podion_customer_service.knowledge import Audience
from podion_customer_service.parsing import intents_and_slots
from podion_customer_service.routes.replies import ANSWER_EXAMPLE, Reply, reply_of
from podion_customer_service.schema import CustomerText, ParseRequest

router = APIRouter(dependencies=[requires("predict")])

_REQUESTS: dict[str, Any] = {
    "one": {"summary": "One utterance", "value": {"text": "my parcel should have come on Monday"}},
    "several": {"summary": "Several utterances", "value": {"texts": ["退款什么时候到账", "talk to a human pls"]}},
}
_PARSED = {
    "task": "customer_service/intent",
    "adapter": "zero-shot",
    "slots_adapter": None,
    "answers": [
        {
            "prediction_id": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
            "confidence": 0.93,
            "abstained": False,
            "label": "delivery_delay",
            "alternatives": [{"label": "order_status", "confidence": 0.05}],
            "slots": [],
            "slots_prediction_id": None,
        }
    ],
}


class ParsedUtterance(LabelAnswer):
    """The intent of an utterance, and the details that it names."""

    slots: tuple[Span, ...] = Field(default=(), description="characters of the text as sent, end exclusive")
    slots_prediction_id: str | None = Field(default=None, description="name it in feedback on the slots")


class Parsed(Prediction[Answer]):
    """Intents and slots, one answer an utterance and in the order sent."""

    answers: list[ParsedUtterance]  # type: ignore[assignment]
    slots_adapter: str | None = Field(
        default=None, description="the adapter that marked the slots; null: slots are not trained, and are empty"
    )


class Ask(BaseModel):
    """A question outside any conversation."""

    model_config = ConfigDict(extra="forbid")

    text: CustomerText
    language: Language | None = Field(default=None, description="where the text does not show it")
    audience: Audience = "customers"


@router.post("/parse", responses=answer_like(_PARSED))
async def post_parse(request: Annotated[ParseRequest, Body(openapi_examples=_REQUESTS)], caller: Caller) -> Parsed:
    """Say what each utterance is about, and mark the details in it: intent and slots on one pass.

    An answer with `abstained` true fits none of the intents well enough to act on it. The adapter that is live for
    the tenant answers; before any deployment, the names of the uploaded intents do (`"adapter": "zero-shot"`).
    Slots are empty until the tenant has trained them (`"slots_adapter": null`). Name an answer's `prediction_id` in
    feedback to correct it.
    """
    texts = [utterance.text for utterance in request.utterances()]
    intents, marked = await intents_and_slots(caller, texts)
    slots = marked.answers if marked else [None] * len(texts)
    return Parsed(
        task=intents.task,
        adapter=intents.adapter,
        slots_adapter=marked.adapter if marked else None,
        answers=[
            ParsedUtterance(
                **answer.model_dump(),
                slots=spans.spans if spans and not spans.abstained else (),
                slots_prediction_id=spans.prediction_id if spans else None,
            )
            for answer, spans in zip(intents.answers, slots, strict=True)
        ],
    )


@router.post("/answer", responses=answer_like(ANSWER_EXAMPLE))
async def post_answer(
    request: Annotated[Ask, Body(examples=[{"text": "how long do I have to send something back?"}])], caller: Caller
) -> Reply:
    """Answer one question, with its source; or say that a detail, a choice or a person is needed.

    An answer has always a source. `action` says what kind of reply it is: `answer`, `ask_slot`, `clarify`, `hand_over`
    or `courtesy`.
    """
    conversation = Conversation(
        id=caller.new_id("ask"), language=request.language, audience=request.audience, opened_at=datetime.now(UTC)
    )
    return reply_of(await answer_once(caller, conversation, request.text))
