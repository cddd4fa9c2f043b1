"""How the service fares: counted from conversations and questions; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import mean, median

from pydantic import BaseModel, Field

from podion_customer_service.conversation import Action, Conversation, State
from podion_customer_service.knowledge import Template
from podion_customer_service.questions import Question


class Ratings(BaseModel):
    """What customers said at the end."""

    count: int
    mean: float


class Analytics(BaseModel):
    """Figures over the conversations that were opened in a time."""

    since: datetime
    until: datetime
    conversations: int
    states: dict[str, int] = Field(description="conversations in each state")
    containment: float | None = Field(description="share of ended conversations that no person was needed for")
    handovers: dict[str, int] = Field(description="by reason; a conversation can have several")
    handover_rate: float | None = Field(description="share of conversations that were handed over")
    answers: dict[str, int] = Field(description="the bot's answers by kind of source")
    clarifications: int
    questions: int = Field(description="messages that the models judged")
    unanswered: int = Field(description="of them, those that the bot had nothing to say to")
    template_coverage: float | None = Field(description="share of the intents asked for that had a template to say")
    intents_without_template: dict[str, int] = Field(
        description="clear intents without one, by how often they were asked for"
    )
    csat: dict[str, Ratings] = Field(description="by who had the conversation at its end: bot, human, waiting")
    seconds_to_first_answer: float | None = Field(description="median, of the bot's or a person's first words")
    seconds_to_human: float | None = Field(description="median, from hand-over to a person's acceptance")
    complete: bool = Field(description="false: there is more than is counted; ask for a shorter time")


def figures(
    conversations: Sequence[Conversation],
    questions: Sequence[Question],
    templates: Iterable[Template],
    *,
    since: datetime,
    until: datetime,
    complete: bool,
) -> Analytics:
    """Return the figures of conversations and questions of one time."""
    handovers = [each for conversation in conversations for each in conversation.handovers]
    ended = [each for each in conversations if each.state is State.RESOLVED]
    turns = [turn for conversation in conversations for turn in conversation.turns]
    asked = Counter(each.label for each in questions if each.label and not each.abstained)
    said = {each.intent for each in templates if each.approved_by and each.holds_at(until)}
    without = {intent: count for intent, count in asked.most_common() if intent not in said}
    waits = [(each.accepted_at - each.at).total_seconds() for each in handovers if each.accepted_at]
    return Analytics(
        since=since,
        until=until,
        conversations=len(conversations),
        states=dict(Counter(str(each.state) for each in conversations)),
        containment=_share(sum(not each.handovers for each in ended), len(ended)),
        handovers=dict(Counter(str(each.reason) for each in handovers)),
        handover_rate=_share(sum(bool(each.handovers) for each in conversations), len(conversations)),
        answers=dict(Counter(turn.source.kind for turn in turns if turn.action is Action.ANSWER and turn.source)),
        clarifications=sum(turn.action is Action.CLARIFY for turn in turns),
        questions=len(questions),
        unanswered=sum(not each.answered for each in questions),
        template_coverage=_share(len(asked) - len(without), len(asked)),
        intents_without_template=without,
        csat=_ratings(conversations),
        seconds_to_first_answer=_median([wait for each in conversations if (wait := _first_wait(each)) is not None]),
        seconds_to_human=_median(waits),
        complete=complete,
    )


def _ratings(conversations: Iterable[Conversation]) -> dict[str, Ratings]:
    scores: dict[str, list[int]] = {}
    for conversation in conversations:
        if conversation.csat is not None:
            scores.setdefault(conversation.csat.ending, []).append(conversation.csat.score)
    return {ending: Ratings(count=len(each), mean=mean(each)) for ending, each in sorted(scores.items())}


def _first_wait(conversation: Conversation) -> float | None:
    asked = next((turn.at for turn in conversation.turns if turn.role == "customer"), None)
    answered = next((turn.at for turn in conversation.turns if turn.role != "customer"), None)
    return (answered - asked).total_seconds() if asked and answered else None


def _median(seconds: Sequence[float]) -> float | None:
    return median(seconds) if seconds else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
