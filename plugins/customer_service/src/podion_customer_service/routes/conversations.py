"""A customer's side of a conversation: opened, written to, read, handed over, ended, rated."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, DocumentId, Language, answer_like, requires
from podion_customer_service.answering import handover_of, take_message
from podion_customer_service.conversation import Action, Conversation, Reason, State, Turn, hand_over, rate, resolve
from podion_customer_service.decision import Decision
from podion_customer_service.handover import HandoverPayload, payload
from podion_customer_service.knowledge import Audience
from podion_customer_service.routes.examples import CONVERSATION, HANDOVER, MESSAGE
from podion_customer_service.routes.replies import Reply, reply_of
from podion_customer_service.schema import CustomerText

router = APIRouter(dependencies=[requires("predict")])

Detail = Annotated[str, Field(max_length=500)]


class NewConversation(BaseModel):
    """A conversation to open."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = Field(default=None, description="spoken until the customer's own shows")
    audience: Audience = Field(default="customers", description="whose articles may be quoted")
    customer: dict[Annotated[str, Field(max_length=100)], Detail] = Field(
        default={}, max_length=20, description="what a person should know: tier, channel, …"
    )


class Message(BaseModel):
    """What the customer writes."""

    model_config = ConfigDict(extra="forbid")

    text: CustomerText


class Exchange(BaseModel):
    """A customer's message, and the bot's reply: `silent` while a person has the conversation, or is awaited."""

    conversation_id: str
    message_id: str
    state: State
    reply: Reply


class WantsPerson(BaseModel):
    """Why the conversation is handed over."""

    model_config = ConfigDict(extra="forbid")

    detail: str = Field(default="", max_length=500)


class Rating(BaseModel):
    """What the customer thought of it."""

    model_config = ConfigDict(extra="forbid")

    score: int = Field(ge=1, le=5, strict=True)
    comment: str = Field(default="", max_length=2_000)


@router.post("/conversations", status_code=201, responses=answer_like(CONVERSATION, 201))
async def open_conversation(
    request: Annotated[NewConversation, Body(examples=[{"customer": {"tier": "gold"}}])], caller: Caller
) -> Conversation:
    """Open a conversation; the bot has it."""
    conversation = Conversation(
        id=caller.new_id("cnv"),
        language=request.language,
        audience=request.audience,
        customer=request.customer,
        opened_at=datetime.now(UTC),
    )
    return await caller.store.put(conversation)


@router.get("/conversations/{conversation_id}", responses=answer_like(CONVERSATION))
async def get_conversation(conversation_id: DocumentId, caller: Caller) -> Conversation:
    """Return a conversation with everything that was said, its state, its slots and its hand-overs."""
    return await caller.store.get(Conversation, conversation_id)


@router.post("/conversations/{conversation_id}/messages", responses=answer_like(MESSAGE))
async def post_message(
    conversation_id: DocumentId, request: Annotated[Message, Body(examples=[{"text": "怎么退货"}])], caller: Caller
) -> Exchange:
    """Take a customer's message, and reply to it unless a person has the conversation or is awaited.

    Message and reply are kept together, or not at all. The same request again under its `Idempotency-Key` adds nothing.
    A message to a conversation that ended reopens it within the tenant's `reopen_hours`; later it is a 409
    (`conversation_ended`).
    """
    turn = Turn(id=caller.new_id("msg"), role="customer", text=request.text, at=datetime.now(UTC))
    outcome = await take_message(caller, conversation_id, turn)
    kept = outcome.conversation
    reply = reply_of(outcome.decision) if outcome.decision else _kept_reply(kept, turn.id)
    return Exchange(conversation_id=conversation_id, message_id=turn.id, state=kept.state, reply=reply)


@router.post("/conversations/{conversation_id}/handoff", responses=answer_like(HANDOVER))
async def hand_off(
    conversation_id: DocumentId, request: Annotated[WantsPerson, Body(examples=[{"detail": "button"}])], caller: Caller
) -> HandoverPayload:
    """Hand a conversation over to a person; the bot is silent from now on. 409 unless the bot has it."""
    asked = Decision(action=Action.HAND_OVER, reason=Reason.REQUESTED, detail=request.detail)
    return payload(
        await caller.store.update(Conversation, conversation_id, lambda kept: hand_over(kept, handover_of(kept, asked)))
    )


@router.post("/conversations/{conversation_id}:resolve", responses=answer_like(CONVERSATION))
async def resolve_conversation(conversation_id: DocumentId, caller: Caller) -> Conversation:
    """End a conversation, whoever has it. 409 when it has ended before."""
    now = datetime.now(UTC)
    return await caller.store.update(Conversation, conversation_id, lambda kept: resolve(kept, now))


@router.post("/conversations/{conversation_id}/csat", status_code=201, responses=answer_like(CONVERSATION, 201))
async def post_csat(
    conversation_id: DocumentId, request: Annotated[Rating, Body(examples=[{"score": 5}])], caller: Caller
) -> Conversation:
    """Take the customer's rating of a conversation that has ended, with the bot or with a person; once."""
    now = datetime.now(UTC)
    return await caller.store.update(
        Conversation, conversation_id, lambda kept: rate(kept, request.score, request.comment, now)
    )


def _kept_reply(conversation: Conversation, message: str) -> Reply:
    """Return the reply that stands in a conversation: the request was repeated, or the bot is silent."""
    said = conversation.reply_to(message)
    return Reply(
        action=said.action if said and said.action else Action.SILENT,
        text=said.text if said else None,
        language=conversation.language,
        source=said.source if said else None,
        intent=conversation.intent,
        slots=conversation.slots,
        awaiting=conversation.awaiting,
        options=list(conversation.clarification.options) if conversation.clarification else [],
        reason=conversation.handovers[-1].reason if conversation.state is State.WAITING_HUMAN else None,
        tried=[],
    )
