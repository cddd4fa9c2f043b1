"""CDS Hooks 2.0: what a service is told, and the cards it answers with. Models and pure functions."""

import uuid
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Language, Wording
from podion_medical.fhir_writing import resources_of
from podion_medical.suggestions import Evidence, Suggestion

Hook = Literal["patient-view", "encounter-start", "problem-list-item-create"]
LONGEST_SUMMARY = 139
_REASONS = "urn:podion:medical:override-reasons"
_SOURCE = Wording(en="Podion medical, support for clinicians", zh="Podion 临床辅助")
_URGENT = Wording(en="Urgency {urgency} of 5 (1 most urgent){flags}", zh="紧急程度 {urgency}/5（1 最紧急）{flags}")
_UNSURE = Wording(en="Urgency not sure: a clinician decides{flags}", zh="紧急程度不确定，请由医务人员判断{flags}")
_RECORD = Wording(en="Record urgency {urgency} as preliminary", zh="将紧急程度 {urgency} 记录为初步结果")
_QUOTED = Wording(en="{title} {version}: {quote}", zh="{title} {version}：{quote}")
OVERRIDE_REASONS = {
    "clinical-judgement": Wording(en="My clinical judgement differs", zh="与临床判断不符"),
    "not-applicable": Wording(en="Does not apply to this patient", zh="不适用于该患者"),
    "already-done": Wording(en="Already done or known", zh="已处理或已知晓"),
    "wrong-data": Wording(en="The data it rests on are wrong", zh="依据的数据有误"),
}


class Coding(BaseModel):
    """A code of a system, as FHIR has it."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(max_length=200)
    system: str | None = Field(default=None, max_length=500)
    display: str | None = Field(default=None, max_length=500)


class Source(BaseModel):
    """What a card's words come from."""

    label: str
    url: str | None = None
    topic: Coding | None = None


class Link(BaseModel):
    """Where to read on."""

    label: str
    url: str
    type: Literal["absolute", "smart"] = "absolute"


class Action(BaseModel):
    """What the client does if the clinician picks the suggestion."""

    type: Literal["create"] = "create"
    description: str
    resource: dict[str, Any]


class CardSuggestion(BaseModel):
    """What a clinician may pick; nothing happens unless she does."""

    label: str
    uuid: str
    actions: list[Action]


class Card(BaseModel):
    """One thing that a clinician is shown."""

    uuid: str
    summary: str = Field(min_length=1, max_length=LONGEST_SUMMARY)
    detail: str | None = Field(default=None, description="Markdown")
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: list[CardSuggestion] | None = None
    selectionBehavior: Literal["at-most-one", "any"] | None = None
    overrideReasons: list[Coding]
    links: list[Link] | None = None


class Cards(BaseModel):
    """A service's answer; never any system action."""

    cards: list[Card]


class Service(BaseModel):
    """A service as the discovery tells it."""

    id: str
    hook: Hook
    title: str
    description: str
    usageRequirements: str
    prefetch: dict[str, str]


class Services(BaseModel):
    """All services."""

    services: list[Service]


class HookCall(BaseModel):
    """A client's call of a service. A FHIR server and an access token may be named; neither is used nor kept."""

    hook: str = Field(max_length=100)
    hookInstance: uuid.UUID
    context: dict[str, Any]
    prefetch: dict[str, Any] | None = None


class AcceptedSuggestion(BaseModel):
    """A suggestion that was picked, by its UUID."""

    id: str = Field(max_length=100)


class OverrideReason(BaseModel):
    """Why a card was overridden."""

    reason: Coding | None = None
    userComment: str | None = Field(default=None, max_length=2_000)


class CardFeedback(BaseModel):
    """What became of a card."""

    card: str = Field(min_length=1, max_length=100)
    outcome: Literal["accepted", "overridden"]
    acceptedSuggestions: list[AcceptedSuggestion] | None = Field(default=None, max_length=100)
    overrideReason: OverrideReason | None = None
    outcomeTimestamp: AwareDatetime


class FeedbackIn(BaseModel):
    """What became of cards."""

    feedback: list[CardFeedback] = Field(min_length=1, max_length=100)


class ShownCard(BaseModel):
    """Which suggestion a card showed; its id is the card's UUID."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    suggestion: str


class FeedbackTaken(BaseModel):
    """How many words on cards were taken."""

    taken: int


def card_id(suggestion: str) -> str:
    """Return the UUID of a suggestion's card."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_REASONS}/card/{suggestion}"))


def choice_id(suggestion: str) -> str:
    """Return the UUID of what may be picked on a suggestion's card."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_REASONS}/choice/{suggestion}"))


def urgency_card(suggestion: Suggestion) -> Card:
    """Return the card of a triage: critical for 1 and 2 or any red flag as urgent, warning for 3."""
    language = suggestion.language
    flags = "; ".join(flag.wording.said_in(language) for flag in suggestion.red_flags)
    told = _URGENT if suggestion.urgency is not None else _UNSURE
    summary = told.said_in(language).format(urgency=suggestion.urgency, flags=f": {flags}" if flags else "")
    urgency = suggestion.urgency or 3
    choices = None
    if suggestion.urgency is not None:
        label = _RECORD.said_in(language).format(urgency=suggestion.urgency)
        [resource] = resources_of(suggestion)
        action = Action(description=label, resource=resource)
        choices = [CardSuggestion(label=label, uuid=choice_id(suggestion.id), actions=[action])]
    return Card(
        uuid=suggestion.card,
        summary=_shortened(summary),
        detail=_detail(suggestion),
        indicator="critical" if urgency <= 2 else "warning" if urgency == 3 or suggestion.abstained else "info",
        source=Source(label=_SOURCE.said_in(language), topic=Coding(code="triage", system="urn:podion:medical")),
        suggestions=choices,
        selectionBehavior="at-most-one" if choices else None,
        overrideReasons=override_reasons(language),
    )


def quote_card(suggestion: Suggestion) -> Card:
    """Return the card of what guidelines say, its source the guideline that is quoted first."""
    language, first = suggestion.language, suggestion.evidence[0]
    summary = _QUOTED.said_in(language).format(title=first.title, version=first.version, quote=first.quote)
    urls = {each.url: each.title for each in suggestion.evidence if _absolute(each)}
    return Card(
        uuid=suggestion.card,
        summary=_shortened(summary),
        detail=_detail(suggestion),
        indicator="info",
        source=Source(label=first.title, url=first.url if _absolute(first) else None),
        overrideReasons=override_reasons(language),
        links=[Link(label=title, url=url) for url, title in urls.items() if url] or None,
    )


def override_reasons(language: Language) -> list[Coding]:
    """Return the reasons that a clinician may pick from."""
    return [
        Coding(code=code, system=_REASONS, display=words.said_in(language)) for code, words in OVERRIDE_REASONS.items()
    ]


def _detail(suggestion: Suggestion) -> str:
    """Return what a card rests on, in Markdown: the evidence is never left out."""
    lines = [f"- {flag.wording.said_in(suggestion.language)} → {flag.urgency}" for flag in suggestion.red_flags]
    for each in suggestion.evidence:
        where = f" ({each.title} {each.version}, {each.start}–{each.end})" if each.title else ""
        lines.append(f"- “{_escaped(each.quote)}”{where}")
    return "\n".join([*lines, "", suggestion.notice])


def _absolute(evidence: Evidence) -> bool:
    return (evidence.url or "").startswith(("https://", "http://"))


def _escaped(text: str) -> str:
    """Return words that stay words in Markdown."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#|~!" else each for each in text.replace("\n", " "))


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_SUMMARY else plain[: LONGEST_SUMMARY - 1] + "…"
