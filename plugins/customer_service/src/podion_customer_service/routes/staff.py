"""A person's side of a conversation: found, accepted, written to, returned."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Conflict, Cursor, DocumentId, Limit, Page, answer_like, requires
from podion_customer_service.conversation import Conversation, State, Turn, accept, give_back, say
from podion_customer_service.handover import HandoverPayload, payload
from podion_customer_service.routes.examples import CONVERSATION, HANDOVER
from podion_customer_service.schema import CustomerText

router = APIRouter(dependencies=[requires("data")])


class Acceptance(BaseModel):
    """Who takes the conversation."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field(min_length=1, max_length=200, pattern=r"\S")


class StaffMessage(BaseModel):
    """What a person writes to the customer."""

    model_config = ConfigDict(extra="forbid")

    text: CustomerText


@router.get("/conversations", responses=answer_like({"data": [CONVERSATION], "next": None}))
async def list_conversations(
    caller: Caller,
    state: Annotated[State | None, Query(description="only those in this state")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Conversation]:
    """Return the tenant's conversations, newest first; `state=waiting_human` are those that wait for a person."""
    return await caller.store.list(Conversation, {"state": state} if state else None, cursor, limit)


@router.get("/conversations/{conversation_id}/handoff", responses=answer_like(HANDOVER))
async def get_handoff(conversation_id: DocumentId, caller: Caller) -> HandoverPayload:
    """Return the last hand-over of a conversation: transcript, intent, slots, what was tried, and why."""
    return payload(await caller.store.get(Conversation, conversation_id))


@router.post("/conversations/{conversation_id}/handoff:accept", responses=answer_like(HANDOVER))
async def accept_handoff(
    conversation_id: DocumentId, request: Annotated[Acceptance, Body(examples=[{"agent": "Mei"}])], caller: Caller
) -> HandoverPayload:
    """Take a conversation that waits for a person. 409 when it does not, so that two people never take the same."""
    now = datetime.now(UTC)
    return payload(
        await caller.store.update(Conversation, conversation_id, lambda kept: accept(kept, request.agent, now))
    )


@router.post("/conversations/{conversation_id}/replies", responses=answer_like(CONVERSATION))
async def post_reply(
    conversation_id: DocumentId,
    request: Annotated[StaffMessage, Body(examples=[{"text": "Hello, this is Mei. Let me look."}])],
    caller: Caller,
) -> Conversation:
    """Add what a person writes to the customer. 409 unless a person has the conversation."""
    turn = Turn(id=caller.new_id("msg"), role="human", text=request.text, at=datetime.now(UTC))

    def add(kept: Conversation) -> Conversation:
        if kept.turn(turn.id) is not None:
            return kept
        if kept.state is not State.HUMAN:
            raise Conflict(f"the conversation is in state {kept.state}: accept it first", code="wrong_state")
        return say(kept, turn)

    return await caller.store.update(Conversation, conversation_id, add)


@router.post("/conversations/{conversation_id}/handoff:return", responses=answer_like(CONVERSATION))
async def return_handoff(conversation_id: DocumentId, caller: Caller) -> Conversation:
    """Give a conversation back to the bot, which starts afresh: what was said before is history to it."""
    now = datetime.now(UTC)
    return await caller.store.update(Conversation, conversation_id, lambda kept: give_back(kept, now))
