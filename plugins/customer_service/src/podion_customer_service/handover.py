"""What a person reads when a conversation is handed over."""

from pydantic import AwareDatetime, BaseModel, Field

from podion import NotFound
from podion_customer_service.conversation import Conversation, Reason, State, Tried, Turn

_QUOTED = 300


class HandoverPayload(BaseModel):
    """A hand-over with all that a person needs, so that the customer need not say it twice."""

    conversation_id: str
    state: State
    reason: Reason
    detail: str = Field(description="what led to it: the rule's name, the words, the intent, the missing slot")
    at: AwareDatetime
    intent: str | None = Field(description="what it seems to be about")
    slots: dict[str, str] = Field(description="the details that the customer gave")
    tried: tuple[Tried, ...] = Field(description="the steps that did not answer, and why")
    summary: str = Field(description="sentences of the customer, word for word; nothing is made up")
    customer: dict[str, str] = Field(description="tier, channel and whatever else the conversation was opened with")
    language: str | None
    transcript: tuple[Turn, ...] = Field(description="the whole conversation")
    current_from: int = Field(description="the first turn of the transcript that belongs to this matter")


def payload(conversation: Conversation) -> HandoverPayload:
    """Return what a person reads of the last hand-over; raises `NotFound` when there was none."""
    if not conversation.handovers:
        raise NotFound("the conversation was never handed over")
    last = conversation.handovers[-1]
    return HandoverPayload(
        conversation_id=conversation.id,
        state=conversation.state,
        reason=last.reason,
        detail=last.detail,
        at=last.at,
        intent=last.intent,
        slots=last.slots,
        tried=last.tried,
        summary=summary(conversation),
        customer=conversation.customer,
        language=conversation.language,
        transcript=conversation.turns,
        current_from=conversation.boundary,
    )


def summary(conversation: Conversation) -> str:
    """Return what the customer said first, at greatest length, and last, of what is current: word for word."""
    said = [turn.text.strip() for turn in conversation.current() if turn.role == "customer"]
    if not said:
        return ""
    places = {0, max(range(len(said)), key=lambda place: len(said[place])), len(said) - 1}
    return " … ".join(said[place][:_QUOTED] for place in sorted(places))
