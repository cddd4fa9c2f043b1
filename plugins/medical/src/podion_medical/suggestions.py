"""A suggestion as it is kept: what was suggested, out of what, by whom, and what a clinician made of it. Pure."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Conflict, Contribution, Language, Personal, Wording
from podion_medical.assertion import Assertion
from podion_medical.schema import PatientRef, Sex

SuggestionKind = Literal["codes", "diagnosis", "triage", "risk", "answer"]
State = Literal["open", "accepted", "overridden"]
Why = Literal["absent", "family", "no_evidence"]
KeptWords = Annotated[str, Field(max_length=50_000), Personal(kinds="clinical")]
Remark = Annotated[str, Field(max_length=2_000), Personal(kinds="clinical")]


class Part(BaseModel):
    """A frozen part of what is kept."""

    model_config = ConfigDict(frozen=True)


class Evidence(Part):
    """A stretch that a suggestion rests on: characters of the note or text as it is kept, or of a guideline."""

    source: Literal["note", "text", "guideline"] = "text"
    document: str = Field(default="", description="the note's or guideline's id; empty: the suggestion's own `text`")
    version: str = Field(default="", description="the document's version that says so")
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    quote: str = Field(description="the stretch, to the character")
    assertion: Assertion | None = None
    weight: float | None = Field(
        default=None, description="what the probability loses without it or gains by it alone, or attention"
    )
    title: str = ""
    url: str | None = None
    page: int | None = Field(default=None, description="of a guideline whose text has form feeds between its pages")
    score: float | None = Field(default=None, description="how well a passage fits the question, 0 to 1")


class Item(Part):
    """One thing suggested: a code, a condition, an answer."""

    code: str
    confidence: float = Field(ge=0, le=1, description="calibrated")
    evidence: tuple[Evidence, ...] = ()
    category: str = Field(default="", description="what the code rolls up to: `I21` of `I21.4`")
    chapter: str = Field(default="", description="of ICD-10")


class HeldBack(Part):
    """What a model would have suggested, and why it is not: the note says it is absent, or of the family."""

    code: str
    confidence: float = Field(ge=0, le=1)
    why: Why
    evidence: tuple[Evidence, ...] = ()


class Flag(Part):
    """A red flag: a sign that can only make a case more urgent."""

    code: str
    wording: Wording
    urgency: int = Field(ge=1, le=5)
    evidence: Evidence | None = None


class Verdict(Part):
    """What a clinician made of a suggestion."""

    outcome: Literal["accepted", "overridden"]
    reason: Remark = ""
    reason_code: str = Field(default="", max_length=200)
    correct: tuple[str, ...] | None = Field(default=None, description="what was right")
    actor: str = Field(description="the id of the key")
    at: AwareDatetime


class Suggestion(Part):
    """What was suggested, with all that it rests on; never carried out by itself."""

    id: str = ""
    kind: SuggestionKind
    at: AwareDatetime
    asked_by: str = Field(description="the id of the key that asked")
    task: str = Field(description="the task whose model answered")
    adapter: str | None = Field(description="the version that answered; null: rules alone")
    prediction_id: str = ""
    text: KeptWords = Field(default="", description="what was asked about, as it is kept; of a note, see `note`")
    question: KeptWords = Field(default="", description="with a passage as `text`: what was asked of it")
    note: str | None = None
    note_version: int | None = None
    patient_ref: PatientRef | None = None
    age: float | None = None
    sex: Sex | None = None
    language: Language = "en"
    items: tuple[Item, ...] = Field(default=(), description="most probable first")
    held_back: tuple[HeldBack, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    confidence: float | None = Field(default=None, ge=0, le=1, description="calibrated; null: rules alone")
    abstained: bool = Field(description="true: not sure enough, a person decides")
    why_abstained: str = ""
    possible: tuple[str, ...] = Field(default=(), description="the smallest set that holds the truth often enough")
    urgency: int | None = Field(default=None, ge=1, le=5, description="1 most urgent; red flags included")
    model_urgency: int | None = Field(default=None, ge=1, le=5, description="what the model alone says")
    red_flags: tuple[Flag, ...] = ()
    probability: float | None = Field(default=None, ge=0, le=1, description="of a risk: that it comes")
    base_logit: float | None = None
    logit: float | None = None
    contributions: tuple[Contribution, ...] = Field(default=(), description="with base_logit they add up to logit")
    system: str = Field(default="", description="the code system")
    system_version: str = Field(default="", description="its version")
    card: str = Field(default="", description="UUID of the CDS Hooks card that showed it")
    state: State = "open"
    verdict: Verdict | None = None
    not_a_diagnosis: Literal[True] = True
    notice: str

    @property
    def suggested(self) -> tuple[str, ...]:
        """What acceptance takes as right."""
        if self.kind == "triage":
            return (str(self.urgency),) if self.urgency is not None else ()
        return tuple(item.code for item in self.items)


def judged(suggestion: Suggestion, verdict: Verdict, *, again: bool = False) -> Suggestion:
    """Return a suggestion with a clinician's verdict; a later one replaces it only `again`. Raises `Conflict`."""
    if suggestion.verdict is not None and not (again and verdict.at >= suggestion.verdict.at):
        raise Conflict(f"a clinician has {suggestion.state} it already; `verdict` says who, and why", code="judged")
    if verdict.outcome == "accepted" and not suggestion.suggested:
        raise Conflict(
            "nothing was suggested that could be accepted: override it with what is right", code="nothing_suggested"
        )
    return suggestion.model_copy(update={"state": verdict.outcome, "verdict": verdict})
