"""A customer's message and its answer, written together or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from podion import Conflict, TenantCaller, language_of
from podion_customer_service.config import ServiceSettings, settings_of
from podion_customer_service.conversation import (
    Action,
    Clarification,
    Conversation,
    Handover,
    Reason,
    State,
    Turn,
    changed,
    hand_over,
    reopen,
    say,
)
from podion_customer_service.decision import Decision, decide
from podion_customer_service.gathering import Heard, gather, hear
from podion_customer_service.questions import Question, question_of
from podion_customer_service.situation import Evidence, Situation

_MOST_ATTEMPTS = 30


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A conversation after a message, and the decision that was taken; None when the bot had to be silent."""

    conversation: Conversation
    decision: Decision | None
    evidence: Evidence | None = None


class _Overtaken(Exception):
    """Somebody else has written to the conversation in the meantime."""


async def take_message(caller: TenantCaller, conversation_id: str, turn: Turn) -> Outcome:
    """Add a customer's message and the bot's answer to a conversation in one write, and return both.

    The answer is decided upon the conversation as it is when it is written: what another message or a person changed
    meanwhile is taken in, and a conversation that went to a person gets no answer. A turn that is there already (the
    request was repeated) is not added again. Raises `NotFound`, or `Conflict`.
    """
    settings, heard = settings_of(caller), None
    for _attempt in range(_MOST_ATTEMPTS):
        seen = await caller.store.get(Conversation, conversation_id)
        if seen.turn(turn.id) is not None:
            return Outcome(conversation=seen, decision=None)
        open_again = _opened(seen, turn.at, settings)
        decision: Decision | None = None
        evidence: Evidence | None = None
        after = say(open_again, turn)
        if open_again.state is State.BOT:
            heard = heard or await hear(caller, turn.text, settings)
            evidence = await gather(caller, open_again, heard, settings)
            decision = decide(Situation(conversation=open_again, evidence=evidence, settings=settings))
            after = applied(open_again, _with_mood(turn, heard), decision)
        try:
            kept = await caller.store.update(Conversation, conversation_id, _unless_overtaken(seen, after))
        except _Overtaken:
            continue
        await _keep_question(caller, turn.id, conversation_id, evidence, decision)
        return Outcome(conversation=kept, decision=decision, evidence=evidence)
    raise Conflict("many write to this conversation at once: send the message again", code="busy", retry_after=1)


async def answer_once(caller: TenantCaller, conversation: Conversation, text: str) -> Decision:
    """Return the decision about a single question outside any conversation."""
    settings = settings_of(caller)
    heard = await hear(caller, text, settings)
    evidence = await gather(caller, conversation, heard, settings)
    decision = decide(Situation(conversation=conversation, evidence=evidence, settings=settings))
    await _keep_question(caller, conversation.id, None, evidence, decision)
    return decision


async def rehearse(caller: TenantCaller, conversation: Conversation, turn: Turn, settings: ServiceSettings) -> Outcome:
    """Return the outcome of a message in a conversation that nobody keeps."""
    if conversation.state is not State.BOT:
        return Outcome(conversation=say(conversation, turn), decision=None)
    heard: Heard = await hear(caller, turn.text, settings)
    evidence = await gather(caller, conversation, heard, settings)
    decision = decide(Situation(conversation=conversation, evidence=evidence, settings=settings))
    return Outcome(
        conversation=applied(conversation, _with_mood(turn, heard), decision), decision=decision, evidence=evidence
    )


def applied(conversation: Conversation, turn: Turn, decision: Decision) -> Conversation:
    """Return the conversation with a customer's turn, the bot's answer to it, and what follows from the decision."""
    turns = [turn]
    if decision.text is not None:
        turns.append(
            Turn(
                id=f"{turn.id}-reply",
                role="bot",
                text=decision.text,
                at=max(turn.at, datetime.now(UTC)),
                action=decision.action,
                source=decision.source,
                replies_to=turn.id,
            )
        )
    same_question = decision.awaiting is not None and decision.awaiting == conversation.awaiting
    asked = decision.action is Action.ASK_SLOT
    after = changed(
        say(conversation, *turns),
        language=language_of(turn.text) or conversation.language,
        intent=decision.intent or conversation.intent,
        slots=dict(decision.slots),
        awaiting=decision.awaiting,
        asked=(conversation.asked if same_question else 0) + asked,
        clarification=Clarification(options=decision.options) if decision.action is Action.CLARIFY else None,
    )
    return hand_over(after, handover_of(after, decision)) if decision.action is Action.HAND_OVER else after


def handover_of(conversation: Conversation, decision: Decision) -> Handover:
    """Return the hand-over that a decision asks for."""
    return Handover(
        reason=decision.reason or Reason.REQUESTED,
        detail=decision.detail,
        at=datetime.now(UTC),
        intent=conversation.intent,
        slots=conversation.slots,
        tried=decision.tried,
    )


def _with_mood(turn: Turn, heard: Heard) -> Turn:
    """Return a customer's turn that remembers its mood, so that later messages need not have it read again."""
    return turn.model_copy(update={"upset": heard.upset})


def _opened(conversation: Conversation, at: datetime, settings: ServiceSettings) -> Conversation:
    return reopen(conversation, at, settings.reopen_hours) if conversation.state is State.RESOLVED else conversation


def _unless_overtaken(seen: Conversation, after: Conversation) -> Callable[[Conversation], Conversation]:
    def change(now: Conversation) -> Conversation:
        if now.revision != seen.revision:
            raise _Overtaken
        return after

    return change


async def _keep_question(
    caller: TenantCaller, turn: str, conversation: str | None, evidence: Evidence | None, decision: Decision | None
) -> None:
    question: Question | None = question_of(turn, conversation, evidence, decision) if evidence and decision else None
    if question is not None:
        await caller.store.put(question)
