"""Figures over conversations and questions that were counted by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from podion_customer_service.analytics import Analytics, figures
from podion_customer_service.conversation import (
    Action,
    Conversation,
    Handover,
    Reason,
    Turn,
    accept,
    hand_over,
    rate,
    resolve,
    say,
)
from podion_customer_service.knowledge import Template
from podion_customer_service.questions import Question

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def talk(*, wait: float) -> Conversation:
    asked = Turn(id="1", role="customer", text="?", at=NOON)
    answered = Turn(id="2", role="bot", text="!", at=after(wait), action=Action.CLARIFY, replies_to="1")
    return say(Conversation(id="c", opened_at=NOON), asked, answered)


def asked(label: str | None, **fields: Any) -> Question:
    plain = {
        "conversation_id": None, "prediction_id": "p", "text": "?", "language": "en", "confidence": 0.9, "margin": 0.5,
        "abstained": False, "answered": True, "reason": None, "at": NOON,
    }  # fmt: skip
    return Question.model_validate({**plain, "label": label, **fields})


def counted(conversations: list[Conversation], questions: list[Question]) -> Analytics:
    template = Template(id="t", intent="return_item", locale="en", variants=["x"], approved_by="Mei")
    draft = Template(id="d", intent="warranty", locale="en", variants=["x"])
    return figures(conversations, questions, [template, draft], since=NOON, until=after(60), complete=True)


def test_nothing_is_no_share_of_nothing() -> None:
    none = counted([], [])
    assert (none.conversations, none.containment, none.handover_rate, none.template_coverage) == (0, None, None, None)
    assert (none.csat, none.seconds_to_first_answer, none.seconds_to_human) == ({}, None, None)


def test_containment_counts_ended_conversations_that_needed_nobody() -> None:
    handed = hand_over(talk(wait=3), Handover(reason=Reason.MOOD, at=after(10)))
    taken = accept(handed, "Mei", after(30))
    ended = [resolve(talk(wait=1), NOON), resolve(talk(wait=2), NOON), resolve(taken, NOON)]
    found = counted([*ended, talk(wait=9)], [])
    assert found.containment == 2 / 3
    assert found.handover_rate == 1 / 4
    assert found.handovers == {"mood": 1}
    assert found.states == {"resolved": 3, "bot": 1}
    assert found.clarifications == 4
    assert found.seconds_to_first_answer == 2.5
    assert found.seconds_to_human == 20


def test_ratings_are_apart_by_ending() -> None:
    by_bot = [rate(resolve(talk(wait=1), NOON), score, "", NOON) for score in (5, 2)]
    taken = accept(hand_over(talk(wait=1), Handover(reason=Reason.ASKED, at=NOON)), "Mei", NOON)
    found = counted([*by_bot, rate(resolve(taken, NOON), 4, "", NOON), resolve(talk(wait=1), NOON)], [])
    told = {ending: (each.count, each.mean) for ending, each in found.csat.items()}
    assert told == {"bot": (2, 3.5), "human": (1, 4.0)}


def test_coverage_counts_clear_intents_and_approved_templates() -> None:
    unclear = asked("bulk_order", abstained=True, answered=False)
    found = counted([], [asked("return_item"), asked("return_item"), asked("warranty"), unclear])
    assert found.template_coverage == 0.5
    assert found.intents_without_template == {"warranty": 1}
    assert (found.questions, found.unanswered) == (4, 1)
