"""The states of a conversation: what may follow what, and what a boundary leaves behind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podion import Conflict
from podion_customer_service.conversation import (
    MOST_TURNS,
    Conversation,
    Handover,
    Reason,
    State,
    Turn,
    accept,
    give_back,
    hand_over,
    rate,
    reopen,
    resolve,
    say,
)
from podion_customer_service.handover import payload, summary

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def talk(**fields: Any) -> Conversation:
    return Conversation(id="cnv_1", opened_at=NOON, **fields)


def said(text: str, role: Any = "customer") -> Turn:
    return Turn(id=f"msg_{text}", role=role, text=text, at=NOON)


def waiting(conversation: Conversation | None = None) -> Conversation:
    return hand_over(conversation or talk(), Handover(reason=Reason.ASKED, at=NOON))


MOVES = {
    "hand_over": waiting,
    "accept": lambda it: accept(it, "Mei", NOON),
    "return": lambda it: give_back(it, NOON),
    "resolve": lambda it: resolve(it, NOON),
}
ALLOWED = {
    State.BOT: {"hand_over": State.WAITING_HUMAN, "resolve": State.RESOLVED},
    State.WAITING_HUMAN: {"accept": State.HUMAN, "resolve": State.RESOLVED},
    State.HUMAN: {"return": State.BOT, "resolve": State.RESOLVED},
    State.RESOLVED: {},
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("move", list(MOVES))
def test_each_state_allows_these_moves_and_no_other(state: State, move: str) -> None:
    conversation = waiting().model_copy(update={"state": state})
    if move in ALLOWED[state]:
        after = MOVES[move](conversation)
        assert after.state is ALLOWED[state][move]
        assert after.revision > conversation.revision
        return
    with pytest.raises(Conflict, match=f"in state {state}"):
        MOVES[move](conversation)


def test_a_return_leaves_what_was_said_behind() -> None:
    before = say(talk(intent="refund_status", slots={"order_number": "7741"}), said("I want a human"))
    back = give_back(accept(waiting(before), "Mei", NOON), LATER)
    assert back.state is State.BOT
    assert back.current() == () == tuple(back.customer_turns(5))
    assert (back.intent, back.slots, back.awaiting, back.clarification) == (None, {}, None, None)
    assert len(back.turns) == 1
    last = back.handovers[-1]
    assert (last.accepted_by, last.accepted_at, last.returned_at) == ("Mei", NOON, LATER)


@pytest.mark.parametrize(
    ("end", "by"),
    [(talk(), "bot"), (waiting(), "waiting"), (accept(waiting(), "Mei", NOON), "human")],
)
def test_every_ending_is_rated_once(end: Conversation, by: str) -> None:
    with pytest.raises(Conflict, match="in state"):
        rate(end, 5, "", NOON)
    rated = rate(resolve(end, NOON), 4, "fine", LATER)
    assert rated.csat is not None
    assert (rated.csat.score, rated.csat.ending, rated.ended_by) == (4, by, by)
    with pytest.raises(Conflict) as refused:
        rate(rated, 1, "", LATER)
    assert refused.value.code == "already_rated"


def test_an_end_is_reopened_within_the_hours_and_not_later() -> None:
    ended = resolve(say(talk(slots={"order_number": "1"}), said("x")), NOON)
    again = reopen(ended, NOON + timedelta(hours=23), 24)
    assert (again.state, again.ended_by, again.boundary, again.slots) == (State.BOT, None, 1, {})
    for hours in (0, 1):
        with pytest.raises(Conflict) as refused:
            reopen(ended, LATER, hours)
        assert refused.value.code == "conversation_ended"


def test_a_conversation_has_an_end() -> None:
    full = talk(turns=tuple(said(str(place)) for place in range(MOST_TURNS)))
    with pytest.raises(Conflict, match="open a new one"):
        say(full, said("one more"))


def test_the_payload_has_all_that_a_person_needs() -> None:
    asked = say(talk(customer={"tier": "gold"}), said("old matter"))
    asked = say(asked.model_copy(update={"boundary": 1}), said("short"), said("a much longer sentence"), said("last"))
    told = payload(hand_over(asked, Handover(reason=Reason.MOOD, detail="useless", at=NOON, slots={"a": "b"})))
    assert (told.reason, told.detail, told.slots, told.customer) == ("mood", "useless", {"a": "b"}, {"tier": "gold"})
    assert [turn.text for turn in told.transcript] == ["old matter", "short", "a much longer sentence", "last"]
    assert told.current_from == 1
    assert told.summary == "short … a much longer sentence … last"


def test_a_summary_only_quotes() -> None:
    assert summary(talk()) == ""
    assert summary(say(talk(), said("hello"))) == "hello"
