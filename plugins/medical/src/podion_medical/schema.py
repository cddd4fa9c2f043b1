"""What clinics send, as records: texts, pairs, notes with marks and codes, triage cases, risk features. And answers."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from podion import Answer, LabelsAnswer, Personal, Span, as_label, in_utc, language_of, no_null, not_blank
from podion_medical.tagged import entities_as_spans, text_of_tokens
from podion_medical.vital_words import case_words

TEXT_LIMIT = 8_000
NOTE_LIMIT = 50_000
SPANS_LIMIT = 2_000
MOST_FEATURES = 1_000
_EXACT = 2**53

_SPOKEN = {"yes": "1", "no": "0", "true": "1", "false": "0", "malignant": "1", "benign": "0", "positive": "1",
           "negative": "0", "present": "1", "absent": "0", "sick": "1", "healthy": "0"}  # fmt: skip


def _as_outcome(value: Any) -> Any:
    """Return `1` for what is looked for and `0` for its absence, whichever usual way a file has of saying so."""
    label = as_label(value)
    return _SPOKEN.get(label.strip().casefold(), label) if isinstance(label, str) else label


def _in_the_text(spans: list[Span] | None, text: str | None) -> list[Span] | None:
    for span in spans or []:
        if text is not None and not span.start < span.end <= len(text):
            raise ValueError(
                f"{span.label} [{span.start}, {span.end}) must be a stretch of the text, which has {len(text)}"
                " characters (end exclusive)"
            )
    return spans


MedicalWords = Annotated[
    str,
    Field(min_length=1, max_length=TEXT_LIMIT, json_schema_extra={"pattern": r"\S"}),
    AfterValidator(not_blank),
    AfterValidator(no_null),
    Personal(kinds="clinical"),
]
"""A short medical text, kept to the character but for what identifies a person."""

NoteWords = Annotated[
    str,
    Field(min_length=1, max_length=NOTE_LIMIT, json_schema_extra={"pattern": r"\S"}),
    AfterValidator(not_blank),
    AfterValidator(no_null),
    Personal(kinds="clinical"),
]
"""A clinical note, kept to the character but for what identifies a person: spans count its characters."""

Label = Annotated[Annotated[str, Field(min_length=1, max_length=200)] | None, BeforeValidator(as_label)]
Outcome01 = Annotated[Annotated[str, Field(max_length=20)] | None, BeforeValidator(_as_outcome)]
Moment = Annotated[AwareDatetime, BeforeValidator(in_utc)]
"""A time; one without a zone is UTC."""

PatientRef = Annotated[str, Field(min_length=1, max_length=128), Personal("tokenise", kinds="whole")]
"""Your own reference of a patient, kept as a pseudonym: rows of one patient never stand on both sides of a split."""

_MASKED = re.compile(r"\[[A-Z_]+(:[0-9a-f]+)?\]")
"""What masking leaves in place of something personal."""

CodeSystem = Literal["ICD-10", "ICD-10-CM", "ICD-10-CN", "ICD-11", "SNOMED CT"]
Sex = Literal["female", "male", "other"]
Consciousness = Literal["alert", "confused", "voice", "pain", "unresponsive"]
Urgency = Literal["1", "2", "3", "4", "5"]
"""1 is most urgent (resuscitation), 5 least."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-_EXACT, le=_EXACT)]
Word = Annotated[str, Field(max_length=500)]
FeatureValue = Whole | Number | Word | bool | None
"""What a feature may be: a number, the name of a category, a truth, or missing."""


class MedicalText(BaseModel):
    """A medical text and what it is: an intent, a class of document, a condition."""

    text: MedicalWords = Field(description="the text as it came")
    label: Label = Field(default=None, description="what it is; left out if unknown")
    group: Annotated[str, Field(max_length=TEXT_LIMIT)] | None = Field(
        default=None, description="texts of one group (a patient, an article) never stand on both sides of a split"
    )
    lang: str | None = Field(default=None, max_length=35, description="language tag such as `en` or `zh`; only kept")


class QueryPair(BaseModel):
    """Two questions, and whether (or how far) they ask the same."""

    query1: MedicalWords
    query2: MedicalWords
    label: Label = Field(default=None, description="in your own words, such as 0, 1, 2; left out if unknown")


class EvidenceQuestion(BaseModel):
    """A yes/no question over a passage, and what the passage says."""

    question: MedicalWords
    context: Annotated[
        str, Field(min_length=1, max_length=NOTE_LIMIT), AfterValidator(no_null), Personal(kinds="clinical")
    ]
    label: Literal["yes", "no", "maybe"] | None = Field(default=None, description="left out if unknown")
    group: str | None = Field(default=None, max_length=200, description="questions of one group stay on one side")


class ClinicalText(BaseModel):
    """A text with its entities marked: as `text` and `label`, as `text` and `entities`, or as `tokens` and IOB `tags`.

    The last three are only read: they become `text` and `label`. An entity is `{start, end, label}`, end exclusive;
    `{start_idx, end_idx, type}`, as in CMeEE, has the last character's place as its end. Entities may nest.
    """

    text: NoteWords = Field(default="", validate_default=True, description="the text as it came")
    label: list[Span] | None = Field(
        default=None, max_length=SPANS_LIMIT, description="its entities; `[]`: there are none, null: nobody looked"
    )
    tokens: list[str] | None = Field(default=None, max_length=20_000, description="words of the text, with `tags`")
    tags: list[str] | None = Field(default=None, max_length=20_000, description="IOB tags, one a token")
    entities: list[dict[str, str | int]] | None = Field(default=None, max_length=SPANS_LIMIT)
    patient_ref: PatientRef | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_spans(cls, values: Any) -> Any:
        return entities_as_spans(text_of_tokens(values)) if isinstance(values, dict) else values

    @field_validator("tokens", "tags", "entities", mode="after")
    @classmethod
    def _was_read(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None:  # what could be read has become `text` and `label`
            raise ValueError(
                "cannot be read as spans: send `tokens` with as many IOB `tags`, or `text` with `entities` of"
                " {start, end, label} or {start_idx, end_idx, type}, and no `label` beside either"
            )
        return value

    @field_validator("label", mode="after")
    @classmethod
    def _lie_in_the_text(cls, spans: list[Span] | None, info: ValidationInfo) -> list[Span] | None:
        return _in_the_text(spans, info.data.get("text"))


class Entity(Span):
    """An entity of a note; relations name it by its `id`."""

    id: str = Field(min_length=1, max_length=64, description="unique within the note, such as `T1`")


class Relation(BaseModel):
    """What an entity has to do with another: `{head: "T1", tail: "T2", label: "dose"}`."""

    model_config = ConfigDict(frozen=True)

    head: str = Field(min_length=1, max_length=64, description="the id of the entity that it is said of")
    tail: str = Field(min_length=1, max_length=64, description="the id of the other entity")
    label: str = Field(min_length=1, max_length=100, description="the kind, such as `dose` or `reason`")


class RelatedText(BaseModel):
    """A note with its entities, and how they belong together: `[]` where none does, null where nobody looked."""

    text: NoteWords = Field(description="the note")
    entities: list[Entity] = Field(default=[], max_length=500, description="its drugs, doses, problems: end exclusive")
    label: list[Relation] | None = Field(default=None, max_length=SPANS_LIMIT, description="its relations")
    patient_ref: PatientRef | None = None

    @field_validator("entities", mode="after")
    @classmethod
    def _lie_in_the_text(cls, entities: list[Entity], info: ValidationInfo) -> list[Entity]:
        _in_the_text(list(entities), info.data.get("text"))
        seen: set[str] = set()
        for entity in entities:
            if entity.id in seen:
                raise ValueError(f"two entities have the id {entity.id!r}: give each its own")
            seen.add(entity.id)
        return entities

    @field_validator("label", mode="after")
    @classmethod
    def _between_entities(cls, relations: list[Relation] | None, info: ValidationInfo) -> list[Relation] | None:
        known = {entity.id for entity in info.data.get("entities", ())}
        if "entities" not in info.data or _MASKED.search(info.data.get("text", "")):
            return relations  # masking may have joined two entities into one tag
        for relation in relations or ():
            unknown = {relation.head, relation.tail} - known
            if unknown or relation.head == relation.tail:
                raise ValueError(
                    f"{relation.label} from {relation.head!r} to {relation.tail!r} must lie between two of the note's"
                    f" entities: {', '.join(sorted(known)[:20]) or 'it has none'}"
                )
        return relations


class CodedNote(BaseModel):
    """A clinical note with its codes: `[]` where none applies, null where nobody coded it."""

    text: NoteWords = Field(description="the note")
    label: list[Annotated[str, Field(min_length=1, max_length=32)]] | None = Field(
        default=None, max_length=200, description="codes such as `I10`; in a table one cell, divided by `|` or `;`"
    )
    system: CodeSystem = Field(default="ICD-10", description="the code system")
    system_version: str = Field(default="", max_length=40, description="the system's version, such as `2019`")
    evidence: list[Span] | None = Field(
        default=None, max_length=SPANS_LIMIT, description="what speaks for a code, `label` being the code; only judged"
    )
    patient_ref: PatientRef | None = None
    authored_at: Moment | None = Field(default=None, description="parts what is learned from what is tested")

    @field_validator("label", mode="before")
    @classmethod
    def _one_cell(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return [code.strip() for code in value.replace(";", "|").split("|") if code.strip()]


class Vitals(BaseModel):
    """Vital signs as they were measured; what was not is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    heart_rate: float | None = Field(default=None, ge=0, le=400, description="beats a minute")
    respiratory_rate: float | None = Field(default=None, ge=0, le=150, description="breaths a minute")
    spo2: float | None = Field(default=None, ge=0, le=100, description="oxygen saturation, %")
    temperature: float | None = Field(default=None, ge=20, le=46, description="°C")
    systolic: float | None = Field(default=None, ge=0, le=350, description="mmHg")
    diastolic: float | None = Field(default=None, ge=0, le=250, description="mmHg")
    glucose: float | None = Field(default=None, ge=0, le=100, description="mmol/L")
    pain: float | None = Field(default=None, ge=0, le=10, description="0 none to 10 worst")
    gcs: int | None = Field(default=None, ge=3, le=15, description="Glasgow coma scale")
    consciousness: Consciousness | None = Field(default=None, description="ACVPU")


class TriageCase(BaseModel):
    """Who comes with what complaint; training records carry how urgent it was, `1` most urgent to `5`."""

    complaint: MedicalWords = Field(description="in the patient's or the nurse's words")
    age: float | None = Field(default=None, ge=0, le=130, description="years")
    sex: Sex | None = None
    pregnant: bool | None = None
    vitals: Vitals | None = None
    history: list[Annotated[str, Field(max_length=1_000), AfterValidator(no_null), Personal(kinds="clinical")]] = Field(
        default=[], max_length=50, description="what is known already, such as `diabetes`"
    )
    patient_ref: PatientRef | None = None
    at: Moment | None = Field(default=None, description="parts what is learned from what is tested")
    label: Annotated[Urgency | None, BeforeValidator(as_label)] = Field(
        default=None, description="`1` most urgent to `5`; left out if unknown"
    )

    @property
    def text(self) -> str:
        """The complaint and the history, as they were told."""
        return "; ".join([self.complaint, *self.history])

    @property
    def words(self) -> str:
        """What the base model reads: the complaint, the history, and in words the age and what the vital signs mean."""
        measured = self.vitals.model_dump() if self.vitals else {}
        told = case_words(self.age, self.pregnant, measured, language_of(self.complaint) or "en")
        return "; ".join([self.complaint, *self.history, *told])


class RiskCase(BaseModel):
    """Measurements of a patient, each a field of its own name; a training record carries what came of it."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, FeatureValue]  # with a value, pydantic keeps the extras among the fields, too

    patient_ref: PatientRef | None = None
    at: Moment | None = Field(default=None, description="when it was measured; never a feature")
    label: Outcome01 = Field(default=None, description="`1`: it came, `0`: it did not; left out if unknown")

    @model_validator(mode="after")
    def _few_enough(self) -> Self:
        if len(self.features()) > MOST_FEATURES:
            raise ValueError(f"has {len(self.features()):,} features; at most {MOST_FEATURES:,} are read")
        return self

    def features(self) -> dict[str, FeatureValue]:
        """Return the measurements by name."""
        return dict(self.__pydantic_extra__ or {})


class CodeEvidence(BaseModel):
    """What in a note speaks for a code: characters of the text as sent, end exclusive."""

    model_config = ConfigDict(frozen=True)

    code: str
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    weight: float = Field(default=0.0, ge=0, le=1, description="share of all that speaks for the code in the text")


class CodesAnswer(LabelsAnswer):
    """The codes of a note, each with the stretches that speak for it, strongest first.

    A code that too few training notes had is answered by its category.
    """

    system: str = Field(default="", description="the code system of the notes that taught")
    system_version: str = Field(default="", description="its version")
    evidence: tuple[CodeEvidence, ...] = ()


class FoundRelation(BaseModel):
    """A relation between two entities of a note, and how sure it is."""

    model_config = ConfigDict(frozen=True)

    head: Span
    tail: Span
    label: str = Field(description="the kind")
    confidence: float = Field(ge=0, le=1)


class RelationsAnswer(Answer):
    """How the entities of a note belong together, in reading order."""

    relations: tuple[FoundRelation, ...] = ()
