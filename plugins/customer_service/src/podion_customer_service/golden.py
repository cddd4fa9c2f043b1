"""Golden conversations: what must come out, written down by the tenant, and run without leaving a trace.

A file has one conversation a line (JSON Lines):

    {"name": "return in time", "turns": [{"say": "怎么退货", "expect": {"action": "answer", "intent": "return_item"}}]}
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from podion import Language, TenantCaller, newest
from podion_customer_service.answering import Outcome, rehearse
from podion_customer_service.config import ServiceSettings, settings_of
from podion_customer_service.conversation import Action, Conversation, Reason, State, Turn
from podion_customer_service.knowledge import Audience, Template
from podion_customer_service.schema import CustomerText

MOST_CONVERSATIONS = 200
_AT_ONCE = 8
_MOST_TEMPLATES = 2_000


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(_Line):
    """What must come out of a turn; what is left out may be anything."""

    action: Action | None = None
    state: State | None = None
    intent: str | None = Field(default=None, description="what the conversation is about then")
    says: str | None = Field(default=None, description="a part of the bot's words")
    source: Literal["template", "curated", "article", "rule"] | None = None
    source_id: str | None = None
    slots: dict[str, str] | None = Field(default=None, description="the named slots have these values")
    awaiting: str | None = Field(default=None, description="the slot that the bot asks for")
    reason: Reason | None = Field(default=None, description="why it was handed over")
    language: Language | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> "Expected":
        if not self.model_fields_set:
            raise ValueError(f"expects nothing: name at least one of {', '.join(type(self).model_fields)}")
        return self


class GoldenTurn(_Line):
    """What the customer says, and what must come out."""

    say: CustomerText
    expect: Expected | None = None


class GoldenConversation(_Line):
    """A conversation that must go as it is written."""

    name: str = Field(min_length=1, max_length=200)
    turns: list[GoldenTurn] = Field(min_length=1, max_length=50)
    audience: Audience = "customers"


GoldenConversations = Annotated[list[GoldenConversation], Field(min_length=1, max_length=MOST_CONVERSATIONS)]


class Difference(BaseModel):
    """One thing that came out otherwise."""

    what: str
    expected: str | None
    got: str | None


class Failure(BaseModel):
    """The first turn of a conversation that went otherwise."""

    name: str
    turn: int = Field(description="from 1")
    say: str
    bot: str | None = Field(description="what the bot said")
    differences: list[Difference]


class Coverage(BaseModel):
    """What the conversations touched, out of what could have been."""

    touched: list[str]
    missing: list[str]
    share: float | None


class GoldenReport(BaseModel):
    """How golden conversations went."""

    passed: int
    failed: int
    failures: list[Failure]
    intents: Coverage = Field(description="of the intents that have an approved template")
    templates: Coverage = Field(description="of the approved templates, by id")


class _Course(BaseModel):
    """How one conversation went."""

    failure: Failure | None
    intents: set[str]
    templates: set[str]


async def run(caller: TenantCaller, conversations: Sequence[GoldenConversation]) -> GoldenReport:
    """Return how the conversations go with what the tenant has now; nothing of them is kept."""
    settings, room = settings_of(caller), asyncio.Semaphore(_AT_ONCE)

    async def one(golden: GoldenConversation) -> _Course:
        async with room:
            return await _course(caller, golden, settings)

    courses = await asyncio.gather(*map(one, conversations))
    templates, _ = await newest(caller, Template, _MOST_TEMPLATES)
    approved = [each for each in templates if each.approved_by]
    failures = [course.failure for course in courses if course.failure]
    return GoldenReport(
        passed=len(courses) - len(failures),
        failed=len(failures),
        failures=failures,
        intents=coverage({each.intent for each in approved}, set().union(*(course.intents for course in courses))),
        templates=coverage({each.id for each in approved}, set().union(*(course.templates for course in courses))),
    )


def coverage(all_: set[str], touched: set[str]) -> Coverage:
    """Return which of all there are were touched."""
    both = all_ & touched
    return Coverage(touched=sorted(both), missing=sorted(all_ - touched), share=len(both) / len(all_) if all_ else None)


async def _course(caller: TenantCaller, golden: GoldenConversation, settings: ServiceSettings) -> _Course:
    conversation = Conversation(id=f"golden {golden.name}", audience=golden.audience, opened_at=datetime.now(UTC))
    course = _Course(failure=None, intents=set(), templates=set())
    for place, turn in enumerate(golden.turns, start=1):
        said = Turn(id=str(place), role="customer", text=turn.say, at=datetime.now(UTC))
        outcome = await rehearse(caller, conversation, said, settings)
        conversation = outcome.conversation
        _note(course, outcome)
        found = list(differences(turn.expect, outcome)) if turn.expect else []
        if found:
            bot = outcome.decision.text if outcome.decision else None
            course.failure = Failure(name=golden.name, turn=place, say=turn.say, bot=bot, differences=found)
            break
    return course


def _note(course: _Course, outcome: Outcome) -> None:
    decision = outcome.decision
    if decision and decision.intent:
        course.intents.add(decision.intent)
    if decision and decision.source and decision.source.kind == "template":
        course.templates.add(decision.source.id)


def differences(expected: Expected, outcome: Outcome) -> Iterator[Difference]:
    """Yield what came out otherwise than expected."""
    decision, conversation = outcome.decision, outcome.conversation
    got: dict[str, Any] = {
        "action": decision.action if decision else Action.SILENT,
        "state": conversation.state,
        "intent": conversation.intent,
        "source": decision.source.kind if decision and decision.source else None,
        "source_id": decision.source.id if decision and decision.source else None,
        "awaiting": conversation.awaiting,
        "reason": decision.reason if decision else None,
        "language": decision.language if decision else None,
    }
    for what in sorted(expected.model_fields_set & got.keys()):
        if getattr(expected, what) != got[what]:
            yield Difference(what=what, expected=_plain(getattr(expected, what)), got=_plain(got[what]))
    said = decision.text or "" if decision else ""
    if expected.says is not None and expected.says not in said:
        yield Difference(what="says", expected=expected.says, got=said)
    for name, value in (expected.slots or {}).items():
        if conversation.slots.get(name) != value:
            yield Difference(what=f"slots.{name}", expected=value, got=conversation.slots.get(name))


def _plain(value: object) -> str | None:
    return None if value is None else str(value)
