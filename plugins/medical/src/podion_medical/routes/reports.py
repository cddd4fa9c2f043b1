"""`/reports`: how triage and other suggestions fare."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import Caller, answer_like, requires
from podion_medical.reporting import SuggestionReport, TriageReport, suggestion_report, triage_of_cases, triage_report
from podion_medical.routes.examples import CASE
from podion_medical.schema import TriageCase
from podion_medical.suggestions import SuggestionKind

router = APIRouter(prefix="/reports", dependencies=[requires("data")])

Since = Annotated[AwareDatetime | None, Query(description="what was suggested from then on; left out: all")]
_SHARE: dict[str, Any] = {"count": 3, "of": 400, "share": 0.0075, "upper_95": 0.0193}
_POINT = {"coverage": 0.5, "risk": 0.04, "least_confidence": 0.81}
_TRIAGE = {
    "cases": 400, "source": "what clinicians accepted or corrected …", "under_triage": _SHARE, "over_triage": _SHARE,
    "exact": _SHARE, "quadratic_kappa": 0.81, "abstained": _SHARE, "raised_by_flags": 21, "coverage_risk": [_POINT],
    "under_triage_by_sex": {"female": _SHARE}, "under_triage_by_age": {"65+": _SHARE}, "gap_sex": 0.004,
    "gap_age": None, "complete": True,
}  # fmt: skip
_SUGGESTIONS = {
    "kind": "codes", "suggestions": 900, "abstained": _SHARE, "judged": 400, "accepted": _SHARE,
    "reasons": {"not-in-note": 12}, "coverage_risk": [_POINT], "complete": True,
}  # fmt: skip


class Cases(BaseModel):
    """Labelled cases."""

    model_config = ConfigDict(extra="forbid")

    cases: list[TriageCase] = Field(min_length=1, max_length=200)


@router.get("/triage", responses=answer_like(_TRIAGE))
async def get_triage_report(caller: Caller, since: Since = None) -> TriageReport:
    """Return under-triage with its upper 95 % bound, over-triage, agreement, coverage and risk, and gaps by group.

    What was right is what clinicians accepted or gave as correct.
    """
    return await triage_report(caller, since)


@router.post("/triage", responses=answer_like(_TRIAGE))
async def report_on_cases(
    request: Annotated[Cases, Body(examples=[{"cases": [{**CASE, "label": "2"}]}])], caller: Caller
) -> TriageReport:
    """Return the same report for labelled cases, asked anew: for acceptance before anybody relies on it."""
    return await triage_of_cases(caller, request.cases)


@router.get("/suggestions", responses=answer_like(_SUGGESTIONS))
async def get_suggestion_report(
    caller: Caller, kind: Annotated[SuggestionKind, Query(description="which")], since: Since = None
) -> SuggestionReport:
    """Return what clinicians made of suggestions of one kind: acceptance, reasons, coverage and risk."""
    return await suggestion_report(caller, kind, since)
