"""A conversation and the states it goes through, `bot → waiting_human → human → bot | resolved`. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Conflict, Language, Personal
from podion_customer_service.knowledge import Audience, Source

MOST_TURNS = 500


class State(StrEnum):
    """Who speaks: in `waiting_human` and `human` the bot is silent."""

    BOT = "bot"
    WAITING_HUMAN = "waiting_human"
    HUMAN = "human"
    RESOLVED = "resolved"


class Action(StrEnum):
    """What the bot did with a message."""

    ANSWER = "answer"
    COURTESY = "courtesy"
    ASK_SLOT = "ask_slot"
    CLARIFY = "clarify"
    HAND_OVER = "hand_over"
    SILENT = "silent"


class Reason(StrEnum):
    """Why a conversation went to a person."""

    RED_LINE = "red_line"
    ASKED = "asked_for_a_person"
    MOOD = "mood"
    SLOT_MISSING = "slot_missing"
    UNCLEAR_TWICE = "unclear_twice"
    NO_ANSWER = "no_answer"
    REQUESTED = "requested"


Ending = Literal["bot", "human", "waiting"]
"""Who had the conversation when it ended."""


class Part(BaseModel):
    """A frozen part of a conversation."""

    model_config = ConfigDict(frozen=True)


class Turn(Part):
    """One thing that was said."""

    id: str
    role: Literal["customer", "bot", "human"]
    text: Annotated[str, Personal()]
    at: AwareDatetime
    action: Action | None = Field(default=None, description="of the bot's turns")
    source: Source | None = Field(default=None, description="of the bot's answers")
    replies_to: str | None = Field(default=None, description="the customer's turn that the bot answers")
    upset: float | None = Field(default=None, description="of the customer's turns: how sure it is that they are upset")


class Tried(Part):
    """A step of the decision that did not answer, and why."""

    step: str
    why: str


class Clarification(Part):
    """The intents that the bot offered, waiting for the customer's choice; none: it offered a colleague."""

    options: tuple[str, ...] = ()


class Handover(Part):
    """One stay with a person: why, what had been tried, and when it began and ended."""

    reason: Reason
    detail: str = ""
    at: AwareDatetime
    intent: str | None = None
    slots: dict[str, str] = {}
    tried: tuple[Tried, ...] = ()
    accepted_at: AwareDatetime | None = None
    accepted_by: str | None = None
    returned_at: AwareDatetime | None = None


class Csat(Part):
    """What the customer thought of it."""

    score: int = Field(ge=1, le=5)
    comment: Annotated[str, Personal()] = ""
    ending: Ending
    at: AwareDatetime


class Conversation(Part):
    """A conversation with everything that was said; `boundary` is the first turn that the bot reads as current."""

    id: str = ""
    state: State = State.BOT
    language: Language | None = None
    audience: Audience = "customers"
    customer: dict[str, str] = Field(default={}, description="what a person should know: tier, channel, …")
    opened_at: AwareDatetime
    turns: tuple[Turn, ...] = ()
    boundary: int = 0
    intent: str | None = Field(default=None, description="what it is about now")
    slots: dict[str, Annotated[str, Personal("allow")]] = {}
    awaiting: str | None = Field(default=None, description="the slot that the bot asked for")
    asked: int = Field(default=0, description="how often in a row it asked")
    clarification: Clarification | None = None
    handovers: tuple[Handover, ...] = ()
    ended_at: AwareDatetime | None = None
    ended_by: Ending | None = None
    csat: Csat | None = None
    revision: int = 0

    def current(self) -> tuple[Turn, ...]:
        """Return the turns since the last boundary."""
        return self.turns[self.boundary :]

    def customer_turns(self, most: int) -> list[Turn]:
        """Return what the customer said last, of what is current, oldest first."""
        return [turn for turn in self.current() if turn.role == "customer"][-most:]

    def turn(self, id: str) -> Turn | None:
        """Return a turn by its id."""
        return next((turn for turn in self.turns if turn.id == id), None)

    def reply_to(self, id: str) -> Turn | None:
        """Return the bot's answer to a customer's turn."""
        return next((turn for turn in self.turns if turn.replies_to == id), None)


def changed(conversation: Conversation, **fields: object) -> Conversation:
    """Return a conversation with some fields replaced, one revision on."""
    return conversation.model_copy(update={**fields, "revision": conversation.revision + 1})


def say(conversation: Conversation, *turns: Turn) -> Conversation:
    """Return the conversation with turns added; raises `Conflict` (code `conversation_full`) above 500."""
    if len(conversation.turns) + len(turns) > MOST_TURNS:
        raise Conflict(
            f"the conversation has {len(conversation.turns)} turns, and {MOST_TURNS} are kept: open a new one",
            code="conversation_full",
        )
    return changed(conversation, turns=(*conversation.turns, *turns))


def hand_over(conversation: Conversation, handover: Handover) -> Conversation:
    """Return the conversation waiting for a person; raises `Conflict` unless the bot has it."""
    _insist(conversation, "handed over", State.BOT)
    return changed(
        conversation,
        state=State.WAITING_HUMAN,
        handovers=(*conversation.handovers, handover),
        awaiting=None,
        asked=0,
        clarification=None,
    )


def accept(conversation: Conversation, agent: str, now: datetime) -> Conversation:
    """Return the conversation with a person; raises `Conflict` unless it waits for one."""
    _insist(conversation, "accepted", State.WAITING_HUMAN)
    *before, last = conversation.handovers
    taken = last.model_copy(update={"accepted_at": now, "accepted_by": agent})
    return changed(conversation, state=State.HUMAN, handovers=(*before, taken))


def give_back(conversation: Conversation, now: datetime) -> Conversation:
    """Return the conversation with the bot, which starts afresh: nothing before the boundary is read as current."""
    _insist(conversation, "returned", State.HUMAN)
    *before, last = conversation.handovers
    returned = last.model_copy(update={"returned_at": now})
    return afresh(changed(conversation, state=State.BOT, handovers=(*before, returned)))


def resolve(conversation: Conversation, now: datetime) -> Conversation:
    """Return the conversation ended; raises `Conflict` when it has ended before."""
    _insist(conversation, "resolved", State.BOT, State.WAITING_HUMAN, State.HUMAN)
    endings: dict[State, Ending] = {State.BOT: "bot", State.WAITING_HUMAN: "waiting", State.HUMAN: "human"}
    return changed(conversation, state=State.RESOLVED, ended_at=now, ended_by=endings[conversation.state])


def reopen(conversation: Conversation, now: datetime, hours: int) -> Conversation:
    """Return an ended conversation with the bot again; raises `Conflict` (code `conversation_ended`) after `hours`."""
    ended = conversation.ended_at or now
    if now - ended >= timedelta(hours=hours):
        raise Conflict(
            f"the conversation ended at {ended.isoformat()}, more than {hours} h before this message: open a new one",
            code="conversation_ended",
        )
    return afresh(changed(conversation, state=State.BOT, ended_at=None, ended_by=None))


def rate(conversation: Conversation, score: int, comment: str, now: datetime) -> Conversation:
    """Return the conversation with the customer's rating; raises `Conflict` before its end, and the second time."""
    if conversation.csat is not None:
        raise Conflict("the conversation was rated before, and a rating stands", code="already_rated")
    _insist(conversation, "rated", State.RESOLVED)
    rating = Csat(score=score, comment=comment, ending=conversation.ended_by or "bot", at=now)
    return changed(conversation, csat=rating)


def afresh(conversation: Conversation) -> Conversation:
    """Return the conversation with a boundary here: intent, slots and questions before it are history."""
    return changed(
        conversation,
        boundary=len(conversation.turns),
        intent=None,
        slots={},
        awaiting=None,
        asked=0,
        clarification=None,
    )


def _insist(conversation: Conversation, what: str, *states: State) -> None:
    if conversation.state not in states:
        raise Conflict(
            f"the conversation is in state {conversation.state}, and can be {what} only in {' or '.join(states)}",
            code="wrong_state",
        )
