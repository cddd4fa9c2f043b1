"""FHIR R4 in: notes out of DocumentReferences, a triage case out of Patient, Encounter and Observations.

Resources are checked by `fhir.resources` (R4B, which for those used here is R4). Codes of vital signs are LOINC's.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from podion import DataError, Fault
from podion_medical.notes import NoteIn
from podion_medical.schema import TEXT_LIMIT, Sex, TriageCase, Vitals

MOST_RESOURCES = 200
_MOST_FAULTS = 20
_VITALS = {
    "8867-4": "heart_rate", "9279-1": "respiratory_rate", "2708-6": "spo2", "59408-5": "spo2", "8310-5": "temperature",
    "8480-6": "systolic", "8462-4": "diastolic", "9269-2": "gcs", "2339-0": "glucose", "2345-7": "glucose",
    "15074-8": "glucose", "72514-3": "pain",
}  # fmt: skip
_MG_PER_MMOL = 18.016
"""Milligrams a decilitre of glucose for one millimole a litre."""

_READ = ("Bundle", "Condition", "DocumentReference", "Encounter", "Observation", "Patient")


def checked(resource: Any, at: str = "") -> dict[str, Any]:
    """Return a resource that keeps FHIR R4's rules, as JSON; raises `DataError` with pointers for another."""
    # It takes a third of a second to load, and who sends no FHIR need not wait for it.
    from fhir.resources.R4B import get_fhir_model_class

    kind = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if kind not in _READ:
        faults = [Fault(f"{at}/resourceType", f"one of {', '.join(_READ)}")]
        raise DataError("this is no FHIR resource that is read here", code="bad_fhir", faults=faults)
    try:
        model = get_fhir_model_class(str(kind)).model_validate(dict(resource))
    except ValidationError as error:
        faults = [Fault(_pointer(at, each["loc"]), each["msg"]) for each in error.errors()[:_MOST_FAULTS]]
        raise DataError(
            f"the {kind} does not keep FHIR R4: {faults[0].detail}", code="bad_fhir", faults=faults
        ) from error
    found: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
    return found


def resources_in(resource: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each resource of a Bundle, or the resource itself, with a JSON pointer to it; raises `DataError`."""
    if resource.get("resourceType") != "Bundle":
        yield "", checked(resource)
        return
    entries = resource.get("entry") or []
    if not isinstance(entries, list) or len(entries) > MOST_RESOURCES:
        faults = [Fault("/entry", f"a list of at most {MOST_RESOURCES} entries")]
        raise DataError("the entries of the Bundle cannot be read", code="bad_fhir", faults=faults)
    for place, entry in enumerate(entries):
        inner = entry.get("resource") if isinstance(entry, Mapping) else None
        if isinstance(inner, Mapping) and inner.get("resourceType") in _READ:
            yield f"/entry/{place}/resource", checked(inner, f"/entry/{place}/resource")
        elif isinstance(inner, Mapping) and isinstance(inner.get("resourceType"), str):
            yield f"/entry/{place}/resource", {"resourceType": str(inner["resourceType"])[:64]}


def note_of(document: Mapping[str, Any], at: str) -> NoteIn:
    """Return the note of a DocumentReference with plain text inside; raises `DataError` for one without."""
    attachments = [each.get("attachment") or {} for each in document.get("content") or ()]
    plain = next((each for each in attachments if "data" in each), None)
    if plain is None:
        faults = [Fault(f"{at}/content/0/attachment/data", "missing")]
        raise DataError("the DocumentReference holds no text", code="bad_fhir", faults=faults)
    kind = str(plain.get("contentType") or "text/plain")
    if not kind.startswith("text/plain"):
        faults = [Fault(f"{at}/content/0/attachment/contentType", "text/plain is read")]
        raise DataError(f"the DocumentReference holds {kind[:60]}, not plain text", code="bad_fhir", faults=faults)
    context = document.get("context") or {}
    try:
        return NoteIn(
            text=_decoded(str(plain["data"]), at),
            kind=_words(document.get("type"))[:100],
            patient_ref=_reference(document.get("subject")),
            encounter_ref=_reference(next(iter(context.get("encounter") or ()), None)),
            authored_at=document.get("date"),
        )
    except ValidationError as error:
        faults = [Fault(at, f"{each['loc'][0] if each['loc'] else ''}: {each['msg']}") for each in error.errors()]
        raise DataError("the DocumentReference makes no note", code="bad_fhir", faults=faults) from error


def case_of(
    patient: Mapping[str, Any],
    encounter: Mapping[str, Any] | None,
    observations: Sequence[Mapping[str, Any]],
    history: Sequence[str] = (),
    *,
    today: date,
) -> TriageCase:
    """Return a triage case; raises `DataError` where the encounter does not say why the patient came."""
    reasons = [_words(each) for each in (encounter or {}).get("reasonCode") or ()]
    complaint = "; ".join(filter(None, reasons)) or "; ".join(history)
    if not complaint.strip():
        raise DataError(
            "the encounter does not say why the patient came",
            faults=[Fault("/prefetch/encounter/reasonCode", "a text or a display is needed")],
        )
    genders: dict[str, Sex] = {"female": "female", "male": "male", "other": "other"}
    return TriageCase(
        complaint=complaint[:TEXT_LIMIT],
        age=_age(patient.get("birthDate"), today),
        sex=genders.get(str(patient.get("gender"))),
        vitals=vitals_of(observations),
        history=[words[:1_000] for words in history][:50],
    )


def vitals_of(observations: Sequence[Mapping[str, Any]]) -> Vitals | None:
    """Return the newest of each vital sign, in the units of `Vitals`; None where there is none that is plausible."""
    found: dict[str, tuple[str, float]] = {}
    for observation in observations:
        at = str(observation.get("effectiveDateTime") or observation.get("issued") or "")
        for part in (observation, *(observation.get("component") or ())):
            for name, value in _measured(part):
                if name not in found or at > found[name][0]:
                    found[name] = (at, value)
    values = {name: value for name, (_, value) in found.items()}
    while values:
        try:
            return Vitals.model_validate(values)
        except ValidationError as error:
            # One sign out of any range must not hide the others.
            for each in error.errors():
                values.pop(str(each["loc"][0]), None)
    return None


def condition_words(condition: Mapping[str, Any]) -> str:
    """Return what a Condition is called; empty for one without words."""
    return _words(condition.get("code"))


def is_active(condition: Mapping[str, Any]) -> bool:
    """Return whether a Condition is active, or does not say that it is not."""
    codings = (condition.get("clinicalStatus") or {}).get("coding") or ()
    return all(each.get("code") in ("active", "recurrence", "relapse") for each in codings)


def _measured(part: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    quantity = part.get("valueQuantity") or {}
    value = quantity.get("value", part.get("valueInteger"))
    codes = [each.get("code") for each in (part.get("code") or {}).get("coding") or ()]
    name = next((_VITALS[code] for code in codes if code in _VITALS), None)
    if name is None or value is None:
        return
    unit = str(quantity.get("code") or quantity.get("unit") or "")
    number = float(value)
    if name == "temperature" and "F" in unit:
        number = (number - 32) / 1.8
    if name == "glucose" and unit.casefold().startswith("mg"):
        number /= _MG_PER_MMOL
    yield name, round(number, 2) if name != "gcs" else int(number)


def _words(concept: Any) -> str:
    """Return what a CodeableConcept says: its text, else its first display."""
    if not isinstance(concept, Mapping):
        return ""
    shown = [str(each.get("display") or "") for each in concept.get("coding") or () if isinstance(each, Mapping)]
    return str(concept.get("text") or next(filter(None, shown), "")).strip()


def _reference(found: Any) -> str | None:
    if not isinstance(found, Mapping):
        return None
    told = found.get("reference") or (found.get("identifier") or {}).get("value")
    return str(told)[:128] if told else None


def _decoded(data: str, at: str) -> str:
    import base64
    import binascii

    try:
        return base64.b64decode(data, validate=True).decode("utf-8")
    except (ValueError, binascii.Error) as error:
        faults = [Fault(f"{at}/content/0/attachment/data", "base64 of UTF-8 is read")]
        raise DataError("the text of the DocumentReference cannot be read", code="bad_fhir", faults=faults) from error


def _age(born: Any, today: date) -> float | None:
    """Return the age in years, None where only a part of the date is known or it lies ahead."""
    try:
        day = datetime.fromisoformat(str(born)).date()
    except ValueError:
        return None
    years = (today - day).days / 365.25
    return round(years, 1) if 0 <= years <= 130 else None


def _pointer(at: str, location: tuple[str | int, ...]) -> str:
    return at + "".join(f"/{part}" for part in location)
