"""Triage: a model's urgency, red flags that can only raise it, and a person where it is not sure enough."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from podion import LabelAnswer, Language, TenantCaller
from podion_medical.asking import answered, begun, keep, stretch, told
from podion_medical.audience import notice_in
from podion_medical.config import settings_of
from podion_medical.occlusion import evidence_by_label
from podion_medical.red_flags import RedFlag, raised, red_flags
from podion_medical.schema import TriageCase
from podion_medical.suggestions import Evidence, Flag, Suggestion
from podion_medical.tasks import triage

_RULES_ALONE = "no adapter for triage is deployed: red flags alone were looked for"
_UNSURE = "the model is not sure enough between several urgencies"


@dataclass(frozen=True)
class Sorted:
    """How urgent a case is, what the model alone says, and why a person has to decide, where one has to."""

    urgency: int | None
    model: int | None
    abstained: bool
    why: str = ""


def sorted_out(answer: LabelAnswer | None, flags: Sequence[RedFlag], widest: int) -> Sorted:
    """Return the urgency: the model's, raised by flags. Where it is unsure, the most urgent that is possible. Pure."""
    if answer is None:
        lowest = raised(5, flags) if flags else None
        return Sorted(lowest, None, abstained=True, why=_RULES_ALONE)
    model = int(answer.label)
    possible = [int(each) for each in getattr(answer, "possible", ())]
    unsure = answer.abstained or len(possible) > widest
    start = min([model, *possible]) if unsure else model
    return Sorted(raised(start, flags), model, abstained=unsure, why=_UNSURE if unsure else "")


async def suggest_urgency(caller: TenantCaller, sent: TriageCase, language: Language, *, card: str = "") -> Suggestion:
    """Return how urgent a case is, kept, with its red flags; works by rules alone before anything is trained."""
    case = await caller.as_kept(sent.model_copy(update={"label": None}))
    flags = await asyncio.to_thread(red_flags, case)
    prediction, answer = await answered(caller, triage, case)
    found = sorted_out(answer, flags, settings_of(caller).widest_set)
    evidence: tuple[Evidence, ...] = ()
    if answer is not None and not found.abstained:
        evidence = await _evidence(caller, case, answer)
    return await keep(
        caller,
        Suggestion(
            **begun(caller, kind="triage", task="medical/triage", adapter=prediction.adapter if prediction else None),
            **told(answer),
            text=case.complaint,
            patient_ref=case.patient_ref,
            age=case.age,
            sex=case.sex,
            language=language,
            evidence=evidence,
            urgency=found.urgency,
            model_urgency=found.model,
            abstained=found.abstained,
            why_abstained=found.why,
            red_flags=tuple(flagged(flag, case.complaint) for flag in flags),
            card=card,
            notice=notice_in(language),
        ),
    )


def flagged(flag: RedFlag, text: str) -> Flag:
    """Return a red flag as it is shown; its evidence is quoted where it lies in the text."""
    span = flag.evidence
    shown = stretch(text, span.start, span.end) if span is not None and span.end <= len(text) else None
    return Flag(code=flag.code, wording=flag.wording, urgency=flag.urgency, evidence=shown)


async def _evidence(caller: TenantCaller, case: TriageCase, answer: LabelAnswer) -> tuple[Evidence, ...]:
    weighed = await evidence_by_label(
        caller,
        triage,
        case.complaint,
        lambda text: case.model_copy(update={"complaint": text}),
        {answer.label: answer.confidence},
    )
    return tuple(stretch(case.complaint, start, end, weight=weight) for start, end, weight in weighed[answer.label])
