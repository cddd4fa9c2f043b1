"""Messages in a conversation: written with their answer or not at all, in order, once, and never over a person."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from podion import Conflict, LabelAnswer, NotFound, Span
from podion_customer_service.answering import answer_once, take_message
from podion_customer_service.config import ServiceSettings
from podion_customer_service.conversation import (
    Action,
    Conversation,
    Handover,
    Reason,
    State,
    Turn,
    accept,
    give_back,
    hand_over,
    resolve,
)
from podion_customer_service.knowledge import Article, CuratedAnswer, Template
from podion_customer_service.questions import Question

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def sure(label: str, confidence: float = 0.9) -> LabelAnswer:
    return LabelAnswer(label=label, confidence=confidence)


def message(text: str, id: str = "msg_1") -> Turn:
    return Turn(id=id, role="customer", text=text, at=datetime.now(UTC))


@pytest.fixture
def shop(caller: Any) -> Any:
    """A tenant in memory with a conversation, two templates and an article."""
    caller.intents = {"where is it": sure("order_status"), "send back": sure("return_item"), "not sure": sure("x", 0.3)}
    asyncio.run(_stocked(caller))
    return caller


async def _stocked(caller: Any) -> None:
    fields = {"locale": "en", "approved_by": "Mei"}
    status = {"variants": ["{order_number} is on its way."], "required_slots": ["order_number"]}
    await caller.store.put(Template(id="s", intent="order_status", **status, **fields))
    await caller.store.put(Template(id="r", intent="return_item", variants=["Within 30 days."], **fields))
    await caller.store.put(
        Article(id="g", locale="en", title="Gift cards", question="do you sell gift cards", text="Yes, from 10 euros.")
    )
    await caller.store.put(CuratedAnswer(id="c", questions=["is there a strike"], answer="It ended.", **fields))
    await caller.store.put(Conversation(id="cnv_1", opened_at=NOON))


async def talk(caller: Any, *texts: str) -> list[Any]:
    return [await take_message(caller, "cnv_1", message(text, f"msg_{place}")) for place, text in enumerate(texts)]


def test_a_message_and_its_answer_are_kept_together(shop: Any) -> None:
    [outcome] = asyncio.run(talk(shop, "send back"))
    kept = shop.store.kept[Conversation]["cnv_1"]
    assert [(turn.role, turn.text) for turn in kept.turns] == [("customer", "send back"), ("bot", "Within 30 days.")]
    assert kept == outcome.conversation
    assert kept.turns[1].source.id == "r"
    assert kept.reply_to("msg_0") == kept.turns[1]


def test_slots_outlive_turns_and_other_matters(shop: Any) -> None:
    outcomes = asyncio.run(talk(shop, "where is it", "SN-2047", "send back", "where is it"))
    assert [each.decision.action for each in outcomes] == ["ask_slot", "answer", "answer", "answer"]
    assert outcomes[-1].decision.text == "SN-2047 is on its way."


def test_a_trained_slot_model_is_asked_together_with_the_intent(shop: Any) -> None:
    shop.spans = {"where is it": (Span(start=0, end=5, label="order_number"),)}
    [outcome] = asyncio.run(talk(shop, "where is it"))
    assert outcome.decision.text == "where is on its way."
    assert sorted(name for name, _ in shop.calls) == ["intent", "mood", "slots"]


def test_the_mood_is_asked_together_with_the_intent_and_remembered(shop: Any) -> None:
    shop.upset = {"not sure": 0.6, "send back": 0.6, "where is it": 0.6}
    outcomes = asyncio.run(talk(shop, "not sure", "send back", "where is it"))
    assert [turn.upset for turn in outcomes[-1].conversation.turns if turn.role == "customer"] == [0.6, 0.6, 0.6]
    assert [each.decision.reason for each in outcomes] == [None, None, Reason.MOOD]
    assert [texts for name, texts in shop.calls if name == "mood"] == [["not sure"], ["send back"], ["where is it"]]


def test_a_mood_that_is_switched_off_is_not_asked(shop: Any) -> None:
    shop.settings = ServiceSettings(mood=False)
    asyncio.run(talk(shop, "send back"))
    assert "mood" not in [name for name, _ in shop.calls]


def test_the_same_turn_again_adds_nothing(shop: Any) -> None:
    async def twice() -> None:
        first = await take_message(shop, "cnv_1", message("send back"))
        again = await take_message(shop, "cnv_1", message("send back"))
        assert again.conversation == first.conversation
        assert again.decision is None

    asyncio.run(twice())
    assert len(shop.calls) == 3


def test_messages_at_once_are_answered_one_after_another_and_none_is_lost(shop: Any) -> None:
    async def at_once() -> None:
        await asyncio.gather(
            *(take_message(shop, "cnv_1", message("send back", f"msg_{place}")) for place in range(12))
        )

    asyncio.run(at_once())
    turns = shop.store.kept[Conversation]["cnv_1"].turns
    assert len(turns) == 24
    for asked, answered in zip(turns[::2], turns[1::2], strict=True):
        assert (asked.role, answered.role, answered.replies_to) == ("customer", "bot", asked.id)
    assert len({turn.id for turn in turns}) == 24


def test_a_slot_and_a_question_at_once_end_in_the_same_state_as_one_after_the_other(shop: Any) -> None:
    async def at_once() -> None:
        await take_message(shop, "cnv_1", message("where is it", "msg_0"))
        await asyncio.gather(
            take_message(shop, "cnv_1", message("SN-2047", "msg_1")),
            take_message(shop, "cnv_1", message("send back", "msg_2")),
        )

    asyncio.run(at_once())
    kept = shop.store.kept[Conversation]["cnv_1"]
    assert kept.slots == {"order_number": "SN-2047"}
    assert len(kept.turns) == 6


def test_the_bot_is_silent_while_a_person_is_awaited_or_speaks(shop: Any) -> None:
    async def handed() -> None:
        await take_message(shop, "cnv_1", message("human please", "msg_0"))
        asked = len(shop.calls)
        for step, move in (("waiting", None), ("human", lambda it: accept(it, "Mei", NOON))):
            if move:
                await shop.store.update(Conversation, "cnv_1", move)
            outcome = await take_message(shop, "cnv_1", message("send back", f"msg_{step}"))
            assert outcome.decision is None
            assert outcome.conversation.turns[-1].role == "customer"
        assert len(shop.calls) == asked

    asyncio.run(handed())


def test_a_hand_over_while_the_models_think_keeps_the_bot_silent(shop: Any) -> None:
    """The conversation goes to a person between the reading of a message and the writing of its answer."""
    search, handed = shop.search, []

    async def meanwhile(*arguments: Any, **more: Any) -> Any:
        if not handed:
            handed.append(True)
            why = Handover(reason=Reason.REQUESTED, at=NOON)
            await shop.store.update(Conversation, "cnv_1", lambda kept: hand_over(kept, why))
        return await search(*arguments, **more)

    shop.search = meanwhile
    [outcome] = asyncio.run(talk(shop, "send back"))
    assert outcome.decision is None
    assert [turn.role for turn in outcome.conversation.turns] == ["customer"]


def test_after_a_return_old_anger_and_old_slots_are_history(shop: Any) -> None:
    async def returned() -> Any:
        shop.upset = {"you are useless": 0.9}
        await talk(shop, "where is it", "SN-2047", "you are useless")
        await shop.store.update(Conversation, "cnv_1", lambda kept: accept(kept, "Mei", NOON))
        await shop.store.update(Conversation, "cnv_1", lambda kept: give_back(kept, NOON))
        return await take_message(shop, "cnv_1", message("where is it", "msg_9"))

    outcome = asyncio.run(returned())
    assert outcome.decision.action is Action.ASK_SLOT


def test_an_ended_conversation_reopens_by_the_tenants_rule(shop: Any) -> None:
    async def ended(hours: int) -> Any:
        shop.settings = ServiceSettings(reopen_hours=hours)
        await shop.store.put(resolve(Conversation(id="cnv_1", opened_at=NOON), datetime.now(UTC)))
        return await take_message(shop, "cnv_1", message("send back", "msg_9"))

    assert asyncio.run(ended(24)).conversation.state is State.BOT
    with pytest.raises(Conflict) as refused:
        asyncio.run(ended(0))
    assert refused.value.code == "conversation_ended"


def test_a_conversation_that_is_not_there(shop: Any) -> None:
    with pytest.raises(NotFound):
        asyncio.run(take_message(shop, "cnv_2", message("hello")))


def test_curated_and_faq_answer_before_the_model(shop: Any) -> None:
    shop.intents.update({"Is there a strike?": sure("return_item"), "do you sell gift cards?": sure("return_item")})
    curated, faq = asyncio.run(talk(shop, "Is there a strike?", "do you sell gift cards?"))
    assert (curated.decision.text, curated.decision.source.kind) == ("It ended.", "curated")
    assert (faq.decision.text, faq.decision.source.quote) == ("Yes, from 10 euros.", "Yes, from 10 euros.")


def test_without_any_labelled_data_it_still_answers_from_what_is_written(shop: Any) -> None:
    shop.intents = None
    faq, unknown, again = asyncio.run(talk(shop, "do you sell gift cards", "bananas", "why bananas"))
    assert faq.decision.source.kind == "article"
    assert unknown.decision.action is Action.CLARIFY
    assert again.decision.reason is Reason.UNCLEAR_TWICE


def test_questions_are_kept_for_review_and_courtesies_are_not(shop: Any) -> None:
    asyncio.run(talk(shop, "hello", "send back", "where is it", "SN-1234", "not sure", "human!"))
    kept = {each.text: each for each in shop.store.kept[Question].values()}
    assert set(kept) == {"send back", "SN-1234", "not sure"}
    assert (kept["send back"].answered, kept["not sure"].answered) == (True, False)
    assert kept["not sure"].prediction_id


def test_a_single_question_is_kept_without_a_conversation(shop: Any) -> None:
    told = asyncio.run(answer_once(shop, Conversation(id="ask_1", opened_at=NOON), "bananas"))
    assert told.action is Action.CLARIFY
    [kept] = shop.store.kept[Question].values()
    assert (kept.id, kept.conversation_id, kept.answered) == ("que_ask_1", None, False)
    assert list(shop.store.kept[Conversation]) == ["cnv_1"]
