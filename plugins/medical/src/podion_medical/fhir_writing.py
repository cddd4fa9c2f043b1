"""FHIR R4 out: suggestions as Condition, Observation and RiskAssessment, with Provenance; the audit as AuditEvent.

Every resource is checked by `fhir.resources` (R4B, which for those used here is R4) before it goes out. Patients are
named by their pseudonym alone.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from podion import Deed
from podion_medical.provenance import ProvenanceOut
from podion_medical.suggestions import Suggestion

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_SYSTEMS = {
    "ICD-10": "http://hl7.org/fhir/sid/icd-10", "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD-10-CN": "urn:podion:medical:icd-10-cn", "ICD-11": "http://id.who.int/icd/release/11/mms",
    "SNOMED CT": "http://snomed.info/sct",
}  # fmt: skip
OWN_SYSTEM = "urn:podion:medical"
PSEUDONYM = "urn:podion:pseudonym"
_ACTIONS = {"read": "R", "write": "C", "make": "C", "delete": "D", "analyze": "E", "accept": "U", "override": "U"}
_RELATIONSHIPS = {"note": "source", "guideline": "source", "text": "source"}
Resource = dict[str, Any]


def bundle(resources: Sequence[Resource]) -> Resource:
    """Return resources as a collection, each under the URN that others refer to it by; checked."""
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return checked({"resourceType": "Bundle", "type": "collection", "entry": entries})


def checked(resource: Resource) -> Resource:
    """Return a resource once it is sure that it keeps FHIR's rules."""
    # It takes a third of a second to load, and who reads no FHIR need not wait for it.
    from fhir.resources.R4B import get_fhir_model_class

    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


def resources_of(suggestion: Suggestion) -> list[Resource]:
    """Return what a suggestion says: Conditions for codes, an Observation for triage, else a RiskAssessment."""
    if suggestion.kind == "codes":
        return [_condition(suggestion, place) for place in range(len(suggestion.items))]
    if suggestion.kind == "triage":
        return [_acuity(suggestion)]
    if suggestion.kind in ("diagnosis", "risk"):
        return [_assessment(suggestion)]
    return [_quoted(suggestion)]


def provenance(suggestion: Suggestion, told: ProvenanceOut, targets: Sequence[Resource]) -> Resource:
    """Return where the resources of a suggestion come from: who asked, which model, out of what."""
    model = told.model
    device = f"{model.task} {model.adapter}" if model else f"{suggestion.task} (rules and sources)"
    entities = [
        {
            "role": "source",
            "what": {"identifier": {"system": OWN_SYSTEM, "value": f"{each.kind}/{each.id}/{each.version}"}},
        }
        for each in told.sources
    ]
    return {
        "resourceType": "Provenance",
        "id": _uuid(suggestion.id, "provenance"),
        "target": [{"reference": f"urn:uuid:{each['id']}"} for each in targets],
        "recorded": suggestion.at.isoformat(),
        "activity": {"text": f"{suggestion.kind} suggested, {suggestion.state}"},
        "agent": [
            {"type": {"text": "assembler"}, "who": {"display": device}},
            {"type": {"text": "requester"}, "who": {"identifier": {"system": OWN_SYSTEM, "value": told.asked_by}}},
        ],
        **({"entity": entities} if entities else {}),
    }


def audit_event(deed: Deed) -> Resource:
    """Return one deed of the audit as an AuditEvent."""
    verb = deed.action.rpartition(".")[2]
    return {
        "resourceType": "AuditEvent",
        "id": _uuid(deed.id, "audit"),
        "type": {"system": f"{_TERMINOLOGY}audit-event-type", "code": "rest", "display": "RESTful Operation"},
        "subtype": [{"system": OWN_SYSTEM, "code": deed.action}],
        "action": _ACTIONS.get(verb, "E"),
        "recorded": deed.at.isoformat(),
        "outcome": "0",
        "agent": [{"who": {"identifier": {"system": OWN_SYSTEM, "value": deed.actor}}, "requestor": True}],
        "source": {"observer": {"display": "podion medical"}},
        "entity": [{"what": {"identifier": {"system": OWN_SYSTEM, "value": deed.target}}}],
    }


def _condition(suggestion: Suggestion, place: int) -> Resource:
    item = suggestion.items[place]
    quotes = [{"detail": [{"display": each.quote[:200]}]} for each in item.evidence]
    return {
        "resourceType": "Condition",
        "id": _uuid(suggestion.id, f"condition/{place}"),
        "verificationStatus": _coded("condition-ver-status", "provisional"),
        "category": [_coded("condition-category", "encounter-diagnosis")],
        "code": {
            "coding": [
                {
                    "system": _SYSTEMS.get(suggestion.system, OWN_SYSTEM),
                    "version": suggestion.system_version,
                    "code": item.code,
                }
            ]
        },
        "subject": _subject(suggestion),
        "recordedDate": suggestion.at.isoformat(),
        **({"evidence": quotes} if quotes else {}),
        "note": [{"text": f"{suggestion.notice} p={item.confidence:.3f}"}],
    }


def _acuity(suggestion: Suggestion) -> Resource:
    flags = [
        {
            "code": {"coding": [{"system": OWN_SYSTEM, "code": "red-flag"}], "text": "Red flag"},
            "valueString": flag.wording.said_in(suggestion.language),
        }
        for flag in suggestion.red_flags
    ]
    value: Mapping[str, Any] = (
        {"valueInteger": suggestion.urgency}
        if suggestion.urgency is not None
        else {"dataAbsentReason": _coded("data-absent-reason", "not-performed")}
    )
    return {
        "resourceType": "Observation",
        "id": _uuid(suggestion.id, "acuity"),
        "status": "preliminary",
        "code": {
            "coding": [{"system": OWN_SYSTEM, "code": "triage-acuity", "display": "Triage acuity, 1 most urgent to 5"}]
        },
        "subject": _subject(suggestion),
        "effectiveDateTime": suggestion.at.isoformat(),
        **value,
        **({"component": flags} if flags else {}),
        "note": [{"text": suggestion.notice}],
    }


def _assessment(suggestion: Suggestion) -> Resource:
    if suggestion.kind == "risk" and suggestion.probability is not None:
        predictions = [{"outcome": {"text": "1"}, "probabilityDecimal": round(suggestion.probability, 6)}]
    else:
        predictions = [
            {"outcome": {"text": item.code}, "probabilityDecimal": round(item.confidence, 6)}
            for item in suggestion.items
        ]
    return {
        "resourceType": "RiskAssessment",
        "id": _uuid(suggestion.id, "assessment"),
        "status": "preliminary",
        "subject": _subject(suggestion),
        "occurrenceDateTime": suggestion.at.isoformat(),
        "method": {"text": f"{suggestion.task} {suggestion.adapter or ''}".strip()},
        **({"prediction": predictions} if predictions else {}),
        "note": [{"text": suggestion.notice}],
    }


def _quoted(suggestion: Suggestion) -> Resource:
    quotes = [
        {
            "code": {"text": f"{each.title or each.document} {each.version}".strip() or "passage"},
            "valueString": each.quote,
        }
        for each in suggestion.evidence
    ]
    return {
        "resourceType": "Observation",
        "id": _uuid(suggestion.id, "answer"),
        "status": "preliminary",
        "code": {"coding": [{"system": OWN_SYSTEM, "code": "guideline-answer", "display": "Answer out of guidelines"}]},
        "subject": _subject(suggestion),
        "effectiveDateTime": suggestion.at.isoformat(),
        **({"component": quotes} if quotes else {"dataAbsentReason": _coded("data-absent-reason", "unknown")}),
        "note": [{"text": suggestion.notice}],
    }


def _subject(suggestion: Suggestion) -> Resource:
    if suggestion.patient_ref is None:
        return {"display": "de-identified"}
    return {"identifier": {"system": PSEUDONYM, "value": suggestion.patient_ref}}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": _TERMINOLOGY + system, "code": code}]}


def _uuid(id: str, part: str) -> str:
    """Return the same UUID for the same part of the same suggestion, so that two exports agree."""
    digest = hashlib.sha256(f"{id}/{part}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
