"""The order of decisions: each step in its turn, each answer with a source, nothing twice in a row."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion import Alternative, LabelAnswer, Wording
from podion_customer_service.config import RedLine, ServiceSettings, SlotRule
from podion_customer_service.conversation import Action, Clarification, Conversation, Reason, Turn
from podion_customer_service.decision import STEPS, Decision, decide
from podion_customer_service.knowledge import Article, CuratedAnswer, Template
from podion_customer_service.situation import Evidence, Passage, Similar, Situation

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
STATUS = Template(
    id="status", intent="order_status", locale="en", variants=["{order_number} is on its way."],
    required_slots=["order_number"], approved_by="Mei",
)  # fmt: skip
RETURNS = Template(id="returns", intent="return_item", locale="en", variants=["Within 30 days."], approved_by="Mei")
ARTICLE = Article(id="gifts", locale="en", title="Gift cards", question="Do you sell gift cards?", text="Yes, we do.")
CURATED = CuratedAnswer(id="strike", locale="en", questions=["Strike?"], answer="It ended.", approved_by="Mei")


def about(label: str, confidence: float = 0.9, other: str = "warranty", *, abstained: bool = False) -> LabelAnswer:
    rest = (Alternative(label=other, confidence=round((1 - confidence) / 2, 4)),)
    return LabelAnswer(label=label, confidence=confidence, abstained=abstained, alternatives=rest)


def decided(
    text: str,
    intent: LabelAnswer | None = None,
    *,
    conversation: Conversation | None = None,
    settings: ServiceSettings | None = None,
    **evidence: Any,
) -> Decision:
    found = Evidence(text=text, at=NOON, intent=intent, **{"templates": (STATUS, RETURNS), **evidence})
    talk = conversation or Conversation(id="cnv", opened_at=NOON)
    return decide(Situation(conversation=talk, evidence=found, settings=settings or ServiceSettings()))


def talking(*texts: str, **fields: Any) -> Conversation:
    turns = tuple(Turn(id=text, role="customer", text=text, at=NOON) for text in texts)
    return Conversation(id="cnv", opened_at=NOON, turns=turns, **fields)


PASSAGE = Passage(article=ARTICLE, start=0, end=11, score=0.8)
SAME = Similar(curated=CURATED, similarity=0.97)


def test_each_step_gives_way_to_the_one_before() -> None:
    """A message that every step would take goes to the first; without what that needs, to the second; and so on."""
    red = ServiceSettings(red_lines=(RedLine(name="danger", phrases=("fire",)),))
    everything: dict[str, Any] = {"curated": (SAME,), "passages": (PASSAGE,)}
    text = "FIRE!! useless. give me a human"
    assert decided(text, about("return_item"), settings=red, **everything).reason is Reason.RED_LINE
    assert decided(text, about("return_item"), **everything).reason is Reason.ASKED
    assert decided("FIRE!! useless", about("return_item"), upset=0.9, **everything).reason is Reason.MOOD
    assert decided("hello", about("return_item"), **everything).action is Action.COURTESY
    assert decided("send back", about("return_item"), **everything).text == "It ended."
    assert decided("send back", about("return_item"), passages=(PASSAGE,)).text == "Within 30 days."
    assert decided("send back", about("nothing_written"), passages=(PASSAGE,)).text == "Yes, we do."
    assert decided("send back", about("return_item", 0.3)).action is Action.CLARIFY
    assert decided("send back", about("nothing_written")).reason is Reason.NO_ANSWER


def test_every_step_is_accounted_for() -> None:
    told = decided("send back", about("nothing_written"))
    assert [tried.step for tried in told.tried] == [name for name, _ in STEPS][:-1]
    assert all(tried.why for tried in told.tried)


def test_a_red_line_may_have_words_of_its_own() -> None:
    rule = RedLine(name="medical", phrases=("allergic",), answer=Wording(en="Call 112.", zh="请拨打120。"))
    told = decided("I am allergic", about("return_item"), settings=ServiceSettings(red_lines=(rule,)))
    assert (told.action, told.text) == (Action.ANSWER, "Call 112.")
    assert told.source is not None
    assert told.source.kind == "rule"


def test_a_missing_slot_is_asked_for_filled_and_corrected() -> None:
    asked = decided("where is it", about("order_status"))
    assert (asked.action, asked.awaiting) == (Action.ASK_SLOT, "order_number")
    before = talking("where is it", intent="order_status", awaiting="order_number", asked=1)
    filled = decided("77412", about("warranty", 0.95), conversation=before)
    assert filled.text == "77412 is on its way."
    after = talking("where is it", "77412", intent="order_status", slots={"order_number": "77412"})
    corrected = decided("no, I meant order 77413", about("cancel_order"), conversation=after)
    assert corrected.text == "77413 is on its way."
    kept = decided("so where is it?", about("order_status"), conversation=after)
    assert kept.text == "77412 is on its way."


def test_a_customer_may_change_the_subject_while_a_slot_is_awaited() -> None:
    before = talking("where is it", intent="order_status", awaiting="order_number", asked=1)
    told = decided("how do I send it back", about("return_item"), conversation=before)
    assert (told.intent, told.text, told.awaiting) == ("return_item", "Within 30 days.", None)


def test_a_slot_that_never_comes_ends_with_a_person() -> None:
    before = talking("where is it", intent="order_status", awaiting="order_number", asked=2)
    told = decided("I do not have it", about("order_status", 0.2), conversation=before)
    assert (told.reason, told.detail) == (Reason.SLOT_MISSING, "order_number")


def test_free_text_is_a_value_unless_it_asks_for_something_else() -> None:
    ask = Wording(en="Your name?", zh="您的姓名？")
    named = ServiceSettings.model_validate({"slots": {"name": SlotRule(shape="text", ask=ask)}})
    hello = Template(
        id="h", intent="vip", locale="en", variants=["Hi {name}."], required_slots=["name"], approved_by="M"
    )
    before = talking("vip please", intent="vip", awaiting="name", asked=1)
    assert decided("Anna Li", None, conversation=before, settings=named, templates=(hello,)).text == "Hi Anna Li."
    away = decided("send back", about("return_item"), conversation=before, settings=named, templates=(hello, RETURNS))
    assert (away.intent, away.text) == ("return_item", "Within 30 days.")


def test_what_the_model_marked_comes_before_what_has_the_shape() -> None:
    told = decided("order AB1234 not CD5678", about("order_status"), marked={"order_number": "CD5678"})
    assert told.text == "CD5678 is on its way."


def test_one_clarification_and_never_a_second_in_a_row() -> None:
    first = decided("it is broken-ish", about("return_item", 0.4, "order_status"))
    assert (first.action, first.options) == (Action.CLARIFY, ("return_item", "order_status"))
    assert "1. return item" in (first.text or "")
    unclear = talking("it is broken-ish", clarification=Clarification(options=first.options))
    assert decided("1", about("warranty", 0.3), conversation=unclear).text == "Within 30 days."
    assert decided("order status", None, conversation=unclear).awaiting == "order_number"
    second = decided("hm, difficult to say", about("warranty", 0.3), conversation=unclear)
    assert (second.action, second.reason) == (Action.HAND_OVER, Reason.UNCLEAR_TWICE)


def test_an_offer_of_a_colleague_can_be_taken() -> None:
    offer = decided("should I buy shares", about("return_item", 0.05, "talk_to_human", abstained=True))
    assert (offer.action, offer.options) == (Action.CLARIFY, ())
    offered = talking("should I buy shares", clarification=Clarification())
    assert decided("yes please", None, conversation=offered).reason is Reason.ASKED


def test_what_abstained_is_never_acted_on() -> None:
    assert decided("send back", about("return_item", 0.99, abstained=True)).action is Action.CLARIFY


@pytest.mark.parametrize(
    "changes",
    [{"valid_to": NOON}, {"valid_from": NOON.replace(hour=13)}, {"locale": "zh"}],
)
def test_what_does_not_hold_is_not_said(changes: dict[str, Any]) -> None:
    staff = {"audience": "staff"} if "locale" not in changes else {}
    for more in (changes, staff):
        passage = Passage(article=ARTICLE.model_copy(update=more), start=0, end=11, score=1.0, similarity=1.0)
        if more:
            assert decided("gift cards?", about("x", 0.1), passages=(passage,)).action is Action.CLARIFY
    curated = Similar(curated=CURATED.model_copy(update=changes), similarity=1.0)
    assert decided("gift cards?", about("x", 0.1), curated=(curated,)).action is Action.CLARIFY
    unapproved = Similar(curated=CURATED.model_copy(update={"approved_by": None}), similarity=1.0)
    assert decided("gift cards?", about("x", 0.1), curated=(unapproved,)).action is Action.CLARIFY
    template = RETURNS.model_copy(update=changes)
    assert decided("send back", about("return_item"), templates=(template,)).reason is Reason.NO_ANSWER


def test_a_faq_that_asks_the_same_comes_before_the_intent() -> None:
    same = Passage(article=ARTICLE, start=0, end=11, score=0.9, similarity=0.99)
    assert decided("do you sell gift cards", about("return_item"), passages=(same,)).text == "Yes, we do."


def test_the_mood_of_the_last_messages_counts() -> None:
    turns = [Turn(id=text, role="customer", text=text, at=NOON, upset=0.6) for text in ("not here", "I asked before")]
    grumbling = Conversation(id="cnv", opened_at=NOON, turns=tuple(turns))
    assert decided("well?", about("return_item"), conversation=grumbling, upset=0.6).reason is Reason.MOOD
    assert decided("well?", about("return_item"), upset=0.6).reason is not Reason.MOOD
    told = decided("great job, truly", about("return_item"), upset=0.86)
    assert (told.reason, told.detail) == (Reason.MOOD, "upset at 0.86")
    for settings in (ServiceSettings(mood=False), ServiceSettings(mood_sure=0.9), ServiceSettings(patience=3)):
        calm = decided("great job, truly", about("return_item"), upset=0.86, settings=settings)
        assert calm.reason is not Reason.MOOD


def test_it_answers_in_the_customers_language() -> None:
    assert decided("hello").language == "en"
    assert decided("在吗").text == "您好！请问有什么可以帮您？"
    silent = talking("怎么退货", language="zh")
    assert decided("12345", about("x", 0.1), conversation=silent).language == "zh"


@given(
    text=st.text(min_size=1, max_size=60),
    confidence=st.floats(0, 1),
    abstained=st.booleans(),
    label=st.sampled_from(["order_status", "return_item", "talk_to_human", "unwritten"]),
    awaiting=st.sampled_from([None, "order_number"]),
    clarified=st.booleans(),
    score=st.floats(0, 1),
)
def test_no_answer_without_a_source(
    text: str, confidence: float, abstained: bool, label: str, awaiting: str | None, clarified: bool, score: float
) -> None:
    before = talking(
        "x", intent="order_status", awaiting=awaiting, clarification=Clarification() if clarified else None
    )
    passage = Passage(article=ARTICLE, start=0, end=11, score=score, similarity=score)
    told = decided(text, about(label, confidence, abstained=abstained), conversation=before, passages=(passage,))
    assert (told.action is Action.ANSWER) == (told.source is not None)
    assert told.source is None or told.source.quote == told.text
    assert (told.action is Action.HAND_OVER) == (told.reason is not None)
    assert told.text
    assert not (clarified and told.action is Action.CLARIFY)
