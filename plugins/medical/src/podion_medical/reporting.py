"""Reports over what was suggested and judged, and over labelled cases that are asked anew."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from pydantic import AwareDatetime, BaseModel, Field

from podion import DataError, Fault, LabelAnswer, TenantCaller, newest
from podion_medical.asking import predicted
from podion_medical.config import settings_of
from podion_medical.measuring import (
    CoveragePoint,
    Judged,
    Share,
    age_band,
    by_group,
    coverage_risk,
    gap,
    quadratic_kappa,
    share,
)
from podion_medical.red_flags import red_flags
from podion_medical.schema import TriageCase
from podion_medical.suggestions import Suggestion, SuggestionKind
from podion_medical.tasks import triage
from podion_medical.triaging import sorted_out

MOST_READ = 20_000
LEAST_GROUP = 20
_HOW_KNOWN = {
    "verdicts": "what clinicians accepted or corrected after they had seen the suggestion: they agree more than blind",
    "labelled": "cases with a label of their own, asked anew; nothing of them is kept but the predictions",
}


class TriageReport(BaseModel):
    """How triage fares. Under-triage: less urgent than right; safe is told by its upper bound, not by its share."""

    cases: int
    source: str = Field(description="what was right is known from")
    under_triage: Share
    over_triage: Share
    exact: Share
    quadratic_kappa: float | None
    abstained: Share
    raised_by_flags: int = Field(description="cases that red flags made more urgent than the model alone")
    coverage_risk: list[CoveragePoint] = Field(description="risk: a wrong urgency by the model alone")
    under_triage_by_sex: dict[str, Share]
    under_triage_by_age: dict[str, Share]
    gap_sex: float | None = Field(description="between groups of 20 cases or more")
    gap_age: float | None
    complete: bool = Field(description="false: only the newest 20,000 suggestions were read")


class SuggestionReport(BaseModel):
    """What clinicians made of suggestions of one kind."""

    kind: SuggestionKind
    suggestions: int
    abstained: Share
    judged: int
    accepted: Share
    reasons: dict[str, int] = Field(description="reason code of overrides → how often; empty: without one")
    coverage_risk: list[CoveragePoint] = Field(description="risk: overridden")
    complete: bool


async def triage_report(caller: TenantCaller, since: AwareDatetime | None) -> TriageReport:
    """Return how triage fares against clinicians' verdicts since a moment."""
    found, complete = await newest(
        caller, Suggestion, MOST_READ, {"kind": "triage"}, since=since, moment=lambda each: each.at
    )
    judged = [each for each in found if _right(each) is not None]
    cases = [_judged(each) for each in judged]
    models = [
        (each.confidence or 0.0, each.model_urgency == _right(each))
        for each in judged
        if each.model_urgency is not None
    ]
    raised = sum(_was_raised(each.model_urgency, each.urgency) for each in found)
    return _report(cases, models, raised, share(sum(e.abstained for e in found), len(found)), "verdicts", complete)


async def triage_of_cases(caller: TenantCaller, cases: Sequence[TriageCase]) -> TriageReport:
    """Return how triage fares on labelled cases; raises `DataError` for one without a label."""
    for place, case in enumerate(cases):
        if case.label is None:
            raise DataError("every case needs a label", faults=[Fault(f"/cases/{place}/label", "1 to 5")])
    kept = [await caller.as_kept(case) for case in cases]
    asked = [case.model_copy(update={"label": None}) for case in kept]
    prediction = await predicted(caller, triage, asked)
    answers = prediction.answers if prediction else [None] * len(kept)
    widest = settings_of(caller).widest_set
    return await asyncio.to_thread(_of_labelled, kept, answers, widest)


def _of_labelled(cases: Sequence[TriageCase], answers: Sequence[LabelAnswer | None], widest: int) -> TriageReport:
    judged, models, raised, abstained = [], [], 0, 0
    for case, answer in zip(cases, answers, strict=True):
        found = sorted_out(answer, red_flags(case), widest)
        abstained += found.abstained
        raised += _was_raised(found.model, found.urgency)
        right = int(case.label or 0)
        if answer is not None:
            models.append((answer.confidence, found.model == right))
        if found.urgency is not None:
            judged.append(Judged(found.urgency, right, models[-1][0] if answer else None, case.sex, case.age))
    return _report(judged, models, raised, share(abstained, len(cases)), "labelled", complete=True)


async def suggestion_report(
    caller: TenantCaller, kind: SuggestionKind, since: AwareDatetime | None
) -> SuggestionReport:
    """Return what clinicians made of suggestions of one kind since a moment."""
    found, complete = await newest(caller, Suggestion, MOST_READ, {"kind": kind}, since=since, moment=lambda s: s.at)
    judged = [each for each in found if each.verdict is not None]
    accepted = sum(each.state == "accepted" for each in judged)
    return SuggestionReport(
        kind=kind,
        suggestions=len(found),
        abstained=share(sum(each.abstained for each in found), len(found)),
        judged=len(judged),
        accepted=share(accepted, len(judged)),
        reasons=dict(Counter(each.verdict.reason_code for each in judged if each.verdict and each.state != "accepted")),
        coverage_risk=coverage_risk([(each.confidence or 0.0, each.state == "accepted") for each in judged]),
        complete=complete,
    )


def _report(
    cases: Sequence[Judged],
    models: Sequence[tuple[float, bool]],
    raised: int,
    abstained: Share,
    source: str,
    complete: bool,
) -> TriageReport:
    sexes, ages = (
        by_group(cases, lambda each: each.sex, _under),
        by_group(cases, lambda each: age_band(each.age), _under),
    )
    return TriageReport(
        cases=len(cases),
        source=_HOW_KNOWN[source],
        under_triage=share(sum(map(_under, cases)), len(cases)),
        over_triage=share(sum(each.suggested < each.right for each in cases), len(cases)),
        exact=share(sum(each.suggested == each.right for each in cases), len(cases)),
        quadratic_kappa=quadratic_kappa([(each.suggested, each.right) for each in cases]),
        abstained=abstained,
        raised_by_flags=raised,
        coverage_risk=coverage_risk(models),
        under_triage_by_sex=sexes,
        under_triage_by_age=ages,
        gap_sex=gap(sexes, LEAST_GROUP),
        gap_age=gap(ages, LEAST_GROUP),
        complete=complete,
    )


def _under(case: Judged) -> bool:
    return case.suggested > case.right


def _was_raised(model: int | None, urgency: int | None) -> bool:
    return model is not None and urgency is not None and urgency < model


def _right(suggestion: Suggestion) -> int | None:
    """Return the urgency that a clinician says is right."""
    verdict = suggestion.verdict
    if verdict is None or not verdict.correct or suggestion.urgency is None:
        return None
    return int(verdict.correct[0])


def _judged(suggestion: Suggestion) -> Judged:
    right = _right(suggestion)
    assert right is not None
    assert suggestion.urgency is not None
    return Judged(suggestion.urgency, right, suggestion.confidence, suggestion.sex, suggestion.age)
