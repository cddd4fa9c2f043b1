"""The order in which the bot decides. Pure: the same situation gives the same decision.

red lines → a person asked for → mood → courtesy → the same question answered before → template, or its missing slot →
quotation → one clarification → hand-over. Each step decides, or says why it does not: a person reads that later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from podion import Language
from podion_customer_service.conversation import Action, Reason, Tried
from podion_customer_service.knowledge import (
    Article,
    CuratedAnswer,
    Source,
    best_template,
    curated_source,
    sayable,
    template_source,
)
from podion_customer_service.mood import Said, mood_of
from podion_customer_service.phrases import asks_for_a_person, courtesy_of, holds, says_yes
from podion_customer_service.situation import Situation

MOOD_TURNS = 2
"""Earlier messages of the customer that weigh in on the mood."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do about a message; an answer always has a source."""

    action: Action
    language: Language = "en"
    text: str | None = None
    source: Source | None = None
    intent: str | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    awaiting: str | None = None
    options: tuple[str, ...] = ()
    reason: Reason | None = None
    detail: str = ""
    tried: tuple[Tried, ...] = ()


Step = Callable[[Situation], Decision | str]


def decide(situation: Situation) -> Decision:
    """Return what to do about the situation's message."""
    tried: list[Tried] = []
    for name, step in STEPS:
        outcome = step(situation)
        if isinstance(outcome, Decision):
            return replace(outcome, language=situation.language, slots=situation.slots, tried=tuple(tried))
        tried.append(Tried(step=name, why=outcome))
    raise AssertionError("the last step always decides")


def _red_line(situation: Situation) -> Decision | str:
    for rule in situation.settings.red_lines:
        if not any(holds(phrase, situation.evidence.text) for phrase in rule.phrases):
            continue
        if rule.answer is None:
            return _to_a_person(situation, Reason.RED_LINE, rule.name)
        words = rule.answer.said_in(situation.language)
        source = Source(
            kind="rule",
            id=rule.name,
            title=rule.name,
            version="1",
            field="answer",
            start=0,
            end=len(words),
            quote=words,
        )
        return Decision(action=Action.ANSWER, text=words, source=source)
    return "no red line is touched"


def _asked_for_a_person(situation: Situation) -> Decision | str:
    text, offered = situation.evidence.text, situation.conversation.clarification
    if asks_for_a_person(text):
        return _to_a_person(situation, Reason.ASKED, "in the customer's words")
    if offered is not None and not offered.options and says_yes(text):
        return _to_a_person(situation, Reason.ASKED, "the customer took the offer of a colleague")
    if situation.topic in situation.settings.human_intents:
        return _to_a_person(situation, Reason.ASKED, f"intent {situation.topic}")
    return "no person was asked for"


def _mood(situation: Situation) -> Decision | str:
    if not situation.settings.mood:
        return "switched off"
    before = [Said(text=turn.text, upset=turn.upset) for turn in situation.conversation.customer_turns(MOOD_TURNS)]
    now = Said(text=situation.evidence.text, upset=situation.evidence.upset)
    mood = mood_of([*before, now], situation.settings.mood_sure)
    if mood.turned(situation.settings.patience):
        return _to_a_person(situation, Reason.MOOD, ", ".join(mood.signs))
    return f"weight {mood.weight:g} of {situation.settings.patience:g}"


def _courtesy(situation: Situation) -> Decision | str:
    courtesy = courtesy_of(situation.evidence.text)
    if courtesy is None:
        return "more than a courtesy"
    return Decision(
        action=Action.COURTESY,
        text=situation.settings.say(courtesy, situation.language),
        intent=situation.conversation.intent,
        awaiting=situation.conversation.awaiting,
    )


def _same_question(situation: Situation) -> Decision | str:
    """Answer what a person has answered before: a curated answer, or the entry of a FAQ that asks the same."""
    evidence, least = situation.evidence, situation.settings.same
    curated = [each for each in evidence.curated if _is_sayable(situation, each.curated)]
    passages = [each for each in evidence.passages if _is_quotable(situation, each.article)]
    nearest = max([0.0, *(each.similarity for each in curated), *(each.similarity for each in passages)])
    if nearest < least:
        return f"nearest question at {nearest:.2f}" if nearest else "no question is near"
    if same := next((each.curated for each in curated if each.similarity == nearest), None):
        return Decision(action=Action.ANSWER, text=same.answer, source=curated_source(same))
    source = next(each.source for each in passages if each.similarity == nearest)
    return Decision(action=Action.ANSWER, text=source.quote, source=source)


def _is_sayable(situation: Situation, curated: CuratedAnswer) -> bool:
    mine = curated.locale == situation.language and curated.approved_by is not None
    return mine and curated.holds_at(situation.evidence.at)


def _is_quotable(situation: Situation, article: Article) -> bool:
    mine = article.locale == situation.language and article.audience == situation.conversation.audience
    return mine and article.holds_at(situation.evidence.at)


def _template(situation: Situation) -> Decision | str:
    topic = situation.topic
    if topic is None:
        return _unclear(situation)
    conversation, evidence = situation.conversation, situation.evidence
    allowed = sayable(evidence.templates, situation.language, evidence.at)
    template = best_template(allowed, topic, situation.slots)
    if template is None:
        return f"{topic}: no approved template in {situation.language} is valid now"
    missing = template.missing(situation.slots)
    if not missing:
        words = template.rendered(situation.slots, conversation.id)
        return Decision(action=Action.ANSWER, text=words, source=template_source(template, words), intent=topic)
    if missing[0] == conversation.awaiting and conversation.asked >= situation.settings.asks:
        return _to_a_person(situation, Reason.SLOT_MISSING, missing[0])
    question = situation.settings.ask(missing[0], situation.language)
    return Decision(action=Action.ASK_SLOT, text=question, intent=topic, awaiting=missing[0])


def _quotation(situation: Situation) -> Decision | str:
    quotable = [each for each in situation.evidence.passages if _is_quotable(situation, each.article)]
    best = max(quotable, key=lambda each: each.score, default=None)
    if best is None:
        return "no passage found"
    if best.score < situation.settings.quoted:
        return f"best passage at {best.score:.2f}"
    return Decision(action=Action.ANSWER, text=best.source.quote, source=best.source, intent=situation.topic)


def _clarification(situation: Situation) -> Decision | str:
    if situation.topic is not None:
        return f"{situation.topic} is clear, and there is nothing to say to it"
    if situation.conversation.clarification is not None:
        return "asked before"
    sentences, language = situation.settings.sentences, situation.language
    options = _options(situation)
    if not options:
        return Decision(action=Action.CLARIFY, text=sentences.offer.said_in(language))
    titles = [f"{place}. {situation.settings.title(each, language)}" for place, each in enumerate(options, start=1)]
    text = sentences.clarify.said_in(language).replace("{options}", "\n".join(titles))
    return Decision(action=Action.CLARIFY, text=text, options=options)


def _hand_over(situation: Situation) -> Decision:
    if situation.topic is not None:
        return _to_a_person(situation, Reason.NO_ANSWER, situation.topic)
    return _to_a_person(situation, Reason.UNCLEAR_TWICE, "unclear again after a clarification")


def _to_a_person(situation: Situation, reason: Reason, detail: str) -> Decision:
    words = situation.settings.say("hand_over", situation.language)
    topic = situation.topic or situation.conversation.intent
    return Decision(action=Action.HAND_OVER, text=words, intent=topic, reason=reason, detail=detail)


def _options(situation: Situation) -> tuple[str, ...]:
    """Return the two best intents that are worth offering."""
    intent = situation.evidence.intent
    if intent is None:
        return ()
    ranked = [(intent.label, intent.confidence), *((each.label, each.confidence) for each in intent.alternatives)]
    likely = [label for label, confidence in ranked if confidence >= situation.settings.offered]
    return tuple(label for label in dict.fromkeys(likely) if label not in situation.settings.human_intents)[:2]


def _unclear(situation: Situation) -> str:
    intent = situation.evidence.intent
    if intent is None:
        return "no intents are known yet: upload labelled utterances"
    held_back = " (held back)" if intent.abstained else ""
    return f"no intent is clear: {intent.label} at {intent.confidence:.2f}{held_back}"


STEPS: tuple[tuple[str, Step], ...] = (
    ("red_line", _red_line),
    ("asked_for_a_person", _asked_for_a_person),
    ("mood", _mood),
    ("courtesy", _courtesy),
    ("same_question", _same_question),
    ("template", _template),
    ("quotation", _quotation),
    ("clarification", _clarification),
    ("hand_over", _hand_over),
)
