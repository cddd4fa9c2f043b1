"""Risk out of measurements: a calibrated probability, and exactly what each measurement adds to its log-odds."""

from podion import Conflict, ContributionsAnswer, LabelAnswer, Language, TenantCaller
from podion_medical.asking import begun, keep, told
from podion_medical.audience import notice_in
from podion_medical.coding import UNTRAINED
from podion_medical.occlusion import probability
from podion_medical.schema import RiskCase
from podion_medical.suggestions import Item, Suggestion
from podion_medical.tasks import risk

_POSITIVE = "1"


async def suggest_risk(caller: TenantCaller, sent: RiskCase, language: Language) -> Suggestion:
    """Return how probable an outcome is, kept; raises `Conflict` (code `untrained`) while nothing is deployed."""
    record = await caller.as_kept(sent.model_copy(update={"label": None}))
    try:
        prediction = await caller.predict(risk, [record])
    except Conflict as conflict:
        raise Conflict(UNTRAINED.format(task="risk"), code=conflict.code) from conflict
    answer = prediction.answers[0]
    assert isinstance(answer, LabelAnswer)
    exact = answer if isinstance(answer, ContributionsAnswer) else None
    sex = record.features().get("sex")
    age = record.features().get("age")
    return await keep(
        caller,
        Suggestion(
            **begun(caller, kind="risk", task=prediction.task, adapter=prediction.adapter),
            **told(answer),
            patient_ref=record.patient_ref,
            age=float(age) if isinstance(age, int | float) and 0 <= age <= 130 else None,
            sex=sex if sex in ("female", "male", "other") else None,
            language=language,
            items=(Item(code=answer.label, confidence=answer.confidence),),
            abstained=answer.abstained,
            why_abstained="the model is not sure enough" if answer.abstained else "",
            probability=probability(answer, _POSITIVE),
            base_logit=exact.base_logit if exact else None,
            logit=exact.logit if exact else None,
            contributions=exact.contributions if exact else (),
            notice=notice_in(language),
        ),
    )
