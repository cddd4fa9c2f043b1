"""Whom an answer is for: clinicians. A patient-facing request is refused unless the tenant has allowed it."""

from typing import Literal

from podion import DataError, Fault, Language, TenantCaller, Wording, language_of
from podion_medical.config import settings_of

Audience = Literal["clinician", "patient"]

_NOTICE = Wording(
    en="For qualified clinicians: review the evidence before acting. Not a diagnosis; nothing is done by itself.",
    zh="仅供有资质的临床医务人员参考：请先核对依据再采取行动。不构成诊断，系统不会自主执行任何操作。",
)
_REFUSED = (
    "this vertical supports clinicians and answers no patient: send audience=clinician, or, for a supervised study, let"
    " an admin key set patient_facing (PUT /v1/verticals/medical). 本服务仅面向临床医务人员，默认拒绝面向患者的请求。"
)


def refuse_patients(caller: TenantCaller, audience: Audience) -> None:
    """Raise `DataError` (code `patient_facing`) for a patient-facing request, unless the tenant has allowed them."""
    if audience == "patient" and not settings_of(caller).patient_facing:
        raise DataError(_REFUSED, code="patient_facing", faults=[Fault("/audience", "must be clinician")])


def language_for(caller: TenantCaller, text: str, asked: Language | None = None) -> Language:
    """Return the language that was asked for, else that of the text, else the tenant's."""
    return asked or language_of(text) or settings_of(caller).language


def notice_in(language: Language) -> str:
    """Return what stands beside every answer."""
    return _NOTICE.said_in(language)
