"""What customers asked and how the bot fared: the source of unanswered questions and of the review queue."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import LabelAnswer, Language, Personal
from podion_customer_service.conversation import Action, Reason
from podion_customer_service.decision import Decision
from podion_customer_service.situation import Evidence

_LEARNS_NOTHING = frozenset({Action.COURTESY, Action.ASK_SLOT})
_UNANSWERED = frozenset({Reason.NO_ANSWER, Reason.UNCLEAR_TWICE})


class Question(BaseModel):
    """A message that the models judged. `answered` false: the bot had nothing to say, or had to ask back."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    conversation_id: str | None
    prediction_id: str | None
    text: Annotated[str, Personal()]
    language: Language
    label: str | None
    confidence: float | None
    margin: float = Field(description="how far the best label is ahead of the next; small: worth a look")
    abstained: bool
    answered: bool
    reason: Reason | None
    at: AwareDatetime
    reviewed: bool = False
    reviewed_as: str | None = Field(default=None, description="the label it should have had; null: none of them")


def question_of(id: str, conversation: str | None, evidence: Evidence, decision: Decision) -> Question | None:
    """Return what is worth keeping of a message; None for courtesies, details, and whoever wants a person."""
    handed = decision.action is Action.HAND_OVER and decision.reason not in _UNANSWERED
    if decision.action in _LEARNS_NOTHING or handed:
        return None
    intent = evidence.intent
    return Question(
        id=f"que_{id}",
        conversation_id=conversation,
        prediction_id=intent.prediction_id if intent else None,
        text=evidence.text,
        language=decision.language,
        label=intent.label if intent else None,
        confidence=intent.confidence if intent else None,
        margin=margin_of(intent) if intent else 1.0,
        abstained=intent.abstained if intent else True,
        answered=decision.action is Action.ANSWER,
        reason=decision.reason,
        at=evidence.at,
    )


def margin_of(intent: LabelAnswer) -> float:
    """Return how far an answer's label is ahead of the next one."""
    return intent.confidence - max((each.confidence for each in intent.alternatives), default=0.0)
