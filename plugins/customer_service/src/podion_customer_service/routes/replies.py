"""The bot's reply, as clients see it."""

from pydantic import BaseModel, Field

from podion import Language
from podion_customer_service.conversation import Action, Reason, Tried
from podion_customer_service.decision import Decision
from podion_customer_service.knowledge import Source

ANSWER_EXAMPLE = {
    "action": "answer",
    "text": "You can send things back within 30 days of delivery.",
    "language": "en",
    "source": {
        "kind": "article",
        "id": "returns",
        "title": "Returns",
        "version": "2026-03",
        "url": "https://shop.example/help/returns",
        "field": "text",
        "start": 0,
        "end": 52,
        "quote": "You can send things back within 30 days of delivery.",
    },
    "intent": "return_item",
    "slots": {},
    "awaiting": None,
    "options": [],
    "reason": None,
    "tried": [{"step": "template", "why": "return_item: no approved template in en is valid now"}],
}


class Reply(BaseModel):
    """What the bot does about a message; `text` is null where it is silent."""

    action: Action
    text: str | None
    language: Language | None
    source: Source | None = Field(description="where an answer comes from; every answer has one")
    intent: str | None = Field(description="what it is about")
    slots: dict[str, str] = Field(description="the details that are known by now")
    awaiting: str | None = Field(description="the detail that the bot asks for")
    options: list[str] = Field(description="the intents that the bot offers")
    reason: Reason | None = Field(description="why a person takes over")
    tried: list[Tried] = Field(description="the steps that did not answer, and why")


def reply_of(decision: Decision) -> Reply:
    """Return a decision as clients see it."""
    return Reply(
        action=decision.action,
        text=decision.text,
        language=decision.language,
        source=decision.source,
        intent=decision.intent,
        slots=dict(decision.slots),
        awaiting=decision.awaiting,
        options=list(decision.options),
        reason=decision.reason,
        tried=list(decision.tried),
    )
