"""`/triage`, `/diagnoses`, `/risks`, `/match`: what a case, symptoms, measurements and questions suggest."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, LabelAnswer, Language, Prediction, answer_like, requires
from podion_medical.audience import Audience, language_for, notice_in, refuse_patients
from podion_medical.diagnosing import suggest_conditions
from podion_medical.risking import suggest_risk
from podion_medical.routes.examples import CASE, DIAGNOSIS, MEASURED, NOTICE, RISK, SYMPTOMS, TRIAGE
from podion_medical.schema import MedicalText, MedicalWords, PatientRef, QueryPair, RiskCase, Sex, TriageCase
from podion_medical.suggestions import Suggestion
from podion_medical.tasks import match
from podion_medical.triaging import suggest_urgency

router = APIRouter(dependencies=[requires("predict")])

AudienceAsked = Annotated[Audience, Query(description="patient is refused unless the tenant has allowed it")]
LanguageAsked = Annotated[Language | None, Query(description="of notices; left out: that of the text")]
_PAIR = {"query1": "how is type 2 diabetes treated", "query2": "treatment of diabetes type 2"}


class Symptoms(BaseModel):
    """Symptoms in words, and as far as known of whom."""

    model_config = ConfigDict(extra="forbid")

    text: MedicalWords = Field(description="what the patient or the clinician says")
    age: float | None = Field(default=None, ge=0, le=130, description="years; for red flags and reports by group")
    sex: Sex | None = None
    patient_ref: PatientRef | None = None
    language: Language | None = None
    audience: Audience = "clinician"


class Pairs(BaseModel):
    """Pairs of questions, answered in this order."""

    model_config = ConfigDict(extra="forbid")

    pairs: list[QueryPair] = Field(min_length=1, max_length=256)
    audience: Audience = "clinician"


class Matches(BaseModel):
    """What each pair is to each other."""

    prediction: Prediction[LabelAnswer]
    not_a_diagnosis: Literal[True] = True
    notice: str


@router.post("/triage", responses=answer_like(TRIAGE))
async def triage_case(
    case: Annotated[TriageCase, Body(examples=[CASE])],
    caller: Caller,
    audience: AudienceAsked = "clinician",
    language: LanguageAsked = None,
) -> Suggestion:
    """Say how urgent a case is, 1 most urgent: the model's answer, which red flags can only make more urgent.

    Works by red flags alone before anything is trained, and then abstains: a person decides. `possible` is the smallest
    set that holds the truth as often as the task promises; a wide one goes to a person, at its most urgent.
    """
    refuse_patients(caller, audience)
    return await suggest_urgency(caller, case, language_for(caller, case.complaint, language))


@router.post("/diagnoses", responses=answer_like(DIAGNOSIS))
async def diagnose(request: Annotated[Symptoms, Body(examples=[SYMPTOMS])], caller: Caller) -> Suggestion:
    """Rank conditions for symptoms, with calibrated probability and evidence, or abstain. Not a diagnosis.

    A condition for which nothing in the text speaks is not suggested. 409 `untrained` until something can answer.
    """
    refuse_patients(caller, request.audience)
    return await suggest_conditions(
        caller,
        MedicalText(text=request.text),
        language_for(caller, request.text, request.language),
        age=request.age,
        sex=request.sex,
        patient_ref=request.patient_ref,
    )


@router.post("/risks", responses=answer_like(RISK))
async def assess_risk(
    case: Annotated[RiskCase, Body(examples=[MEASURED])],
    caller: Caller,
    audience: AudienceAsked = "clinician",
    language: LanguageAsked = None,
) -> Suggestion:
    """Say how probable an outcome is, and exactly what each measurement adds: `base_logit` and contributions sum up.

    409 `untrained` until an adapter of `risk` is deployed.
    """
    refuse_patients(caller, audience)
    return await suggest_risk(caller, case, language_for(caller, "", language))


_MATCHES: dict[str, Any] = {
    "prediction": {
        "task": "medical/match",
        "adapter": "7d1e…",
        "answers": [{"prediction_id": "prd_01JZ…", "confidence": 0.93, "abstained": False, "label": "1"}],
    },
    "not_a_diagnosis": True,
    "notice": NOTICE,
}


@router.post("/match", responses=answer_like(_MATCHES))
async def match_questions(request: Annotated[Pairs, Body(examples=[{"pairs": [_PAIR]}])], caller: Caller) -> Matches:
    """Say whether, or how far, two questions ask the same. 409 `untrained` until an adapter of `match` is deployed."""
    refuse_patients(caller, request.audience)
    records = [pair.model_copy(update={"label": None}) for pair in request.pairs]
    notice = notice_in(language_for(caller, request.pairs[0].query1))
    return Matches(prediction=await caller.predict(match, records), notice=notice)
