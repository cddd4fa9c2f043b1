"""The services that CDS Hooks clients call: triage on arrival, guidance on a new problem, a look at an opened chart."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from podion import DataError, Fault, Incomplete, NotFound, TenantCaller
from podion_medical.audience import language_for
from podion_medical.cards import Card, HookCall, Service, ShownCard, card_id, quote_card, urgency_card
from podion_medical.fhir_reading import case_of, checked, condition_words, is_active, resources_in, vitals_of
from podion_medical.questioning import suggest_quotes
from podion_medical.red_flags import red_flags
from podion_medical.schema import TriageCase
from podion_medical.triaging import suggest_urgency

_USAGE = "For qualified clinicians, never for patients; every card is a suggestion to be reviewed."
_PATIENT = "Patient/{{context.patientId}}"
_VITALS = "Observation?patient={{context.patientId}}&category=vital-signs&_sort=-date&_count=50"
_CONDITIONS = "Condition?patient={{context.patientId}}&clinical-status=active&_count=50"
_MOST_CONDITIONS = 3
Resource = dict[str, Any]


@dataclass(frozen=True)
class HookService:
    """A service and what answers its calls."""

    shown: Service
    answer: Callable[[TenantCaller, HookCall], Awaitable[list[Card]]]


async def _arrival(caller: TenantCaller, call: HookCall) -> list[Card]:
    """Triage of the encounter that starts."""
    return [await _triaged(caller, call, await asyncio.to_thread(_arrived, call))]


def _arrived(call: HookCall) -> TriageCase:
    patient = _one(call, "patient", "Patient")
    encounter = _one(call, "encounter", "Encounter")
    return case_of(patient, encounter, _several(call, "vitals", "Observation"), today=datetime.now(UTC).date())


async def _new_problem(caller: TenantCaller, call: HookCall) -> list[Card]:
    """What guidelines say of each problem that is new on the list."""
    sent = call.context.get("conditions")
    if not isinstance(sent, Mapping):
        raise DataError("the hook tells new conditions", faults=[Fault("/context/conditions", "a Bundle is needed")])
    found = await asyncio.to_thread(list, resources_in(_without_oddities(sent)))
    return await _guided(caller, call, [each for _, each in found if each["resourceType"] == "Condition"])


async def _opened(caller: TenantCaller, call: HookCall) -> list[Card]:
    """Red flags among the newest vital signs, and what guidelines say of active conditions."""
    case, conditions = await asyncio.to_thread(_seen, call)
    cards = [] if case is None else [await _triaged(caller, call, case)]
    return [*cards, *await _guided(caller, call, conditions)]


def _seen(call: HookCall) -> tuple[TriageCase | None, list[Resource]]:
    """Return what a chart shows: a case where its vital signs raise a red flag, and the active conditions."""
    patient = _one(call, "patient", "Patient")
    conditions = [each for each in _several(call, "conditions", "Condition") if is_active(each)]
    vitals = vitals_of(_several(call, "vitals", "Observation"))
    if vitals is None:
        return None, conditions
    history = [words for each in conditions if (words := condition_words(each))] or ["-"]
    case = case_of(patient, None, [], history, today=datetime.now(UTC).date()).model_copy(update={"vitals": vitals})
    return (case if red_flags(case) else None), conditions


async def _triaged(caller: TenantCaller, call: HookCall, case: TriageCase) -> Card:
    named = case.model_copy(update={"patient_ref": _patient(call)})
    id = caller.new_id("card")
    language = language_for(caller, case.complaint)
    found = await suggest_urgency(caller, named, language, card=card_id(id))
    await caller.store.put(ShownCard(id=found.card, suggestion=found.id))
    return urgency_card(found)


async def _guided(caller: TenantCaller, call: HookCall, conditions: list[Resource]) -> list[Card]:
    cards = []
    for words in dict.fromkeys(filter(None, map(condition_words, conditions[:_MOST_CONDITIONS]))):
        id = caller.new_id("card")
        found = await suggest_quotes(
            caller, words, language_for(caller, words), card=card_id(id), patient_ref=_patient(call)
        )
        if found.evidence:
            await caller.store.put(ShownCard(id=found.card, suggestion=found.id))
            cards.append(quote_card(found))
    return cards


def _patient(call: HookCall) -> str | None:
    told = call.context.get("patientId")
    return told[:128] if isinstance(told, str) and told else None


def _one(call: HookCall, key: str, kind: str) -> Resource:
    """Return a prefetched resource; raises `Incomplete` where it is missing, null or could not be fetched."""
    sent = (call.prefetch or {}).get(key)
    if not isinstance(sent, Mapping) or sent.get("resourceType") == "OperationOutcome":
        raise _missing(key)
    found = checked(sent, f"/prefetch/{key}")
    if found["resourceType"] != kind:
        raise DataError(
            f"prefetch {key} is a {found['resourceType']}", faults=[Fault(f"/prefetch/{key}/resourceType", kind)]
        )
    return found


def _several(call: HookCall, key: str, kind: str) -> list[Resource]:
    """Return prefetched resources, none where there are none; raises `Incomplete` where nobody looked for them."""
    prefetch = call.prefetch or {}
    if key not in prefetch:
        raise _missing(key)
    sent = prefetch[key]
    if sent is None:
        return []
    if not isinstance(sent, Mapping) or sent.get("resourceType") == "OperationOutcome":
        raise _missing(key)
    return [each for _, each in resources_in(sent) if each["resourceType"] == kind]


def _missing(key: str) -> Incomplete:
    return Incomplete(
        f"the service needs prefetch data under {key!r}, as GET /cds-services says; it fetches nothing by itself",
        faults=[Fault(f"/prefetch/{key}", "missing")],
    )


def _without_oddities(sent: Mapping[str, Any]) -> Resource:
    """Return a Bundle whose Conditions say their category as FHIR does; the hook's own page shows a bare string."""
    entries = sent.get("entry")
    if not isinstance(entries, list):
        return dict(sent)
    mended = []
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if isinstance(resource, Mapping):
            kept = {name: value for name, value in resource.items() if name not in ("category", "assertedDate")}
            mended.append({"resource": kept})
    return {**sent, "type": sent.get("type") or "collection", "entry": mended}


def _service(id: str, hook: Any, title: str, description: str, prefetch: dict[str, str]) -> Service:
    return Service(id=id, hook=hook, title=title, description=description, usageRequirements=_USAGE, prefetch=prefetch)


SERVICES = (
    HookService(
        _service(
            "medical-triage",
            "encounter-start",
            "Triage on arrival · 到诊分诊",
            "How urgent the complaint and the vital signs are; red flags can only make it more urgent.",
            {"patient": _PATIENT, "encounter": "Encounter/{{context.encounterId}}", "vitals": _VITALS},
        ),
        _arrival,
    ),
    HookService(
        _service(
            "medical-problem-guidance",
            "problem-list-item-create",
            "Guidance on a new problem · 新问题指南提示",
            "What your own guidelines say of a problem that was added, in their words.",
            {},
        ),
        _new_problem,
    ),
    HookService(
        _service(
            "medical-chart-review",
            "patient-view",
            "A look at the chart · 病历浏览提示",
            "Red flags among the newest vital signs, and what your own guidelines say of active conditions.",
            {"patient": _PATIENT, "conditions": _CONDITIONS, "vitals": _VITALS},
        ),
        _opened,
    ),
)


def service_of(id: str) -> HookService:
    """Return the service of that id; raises `NotFound`."""
    found = next((each for each in SERVICES if each.shown.id == id), None)
    if found is None:
        raise NotFound(f"no service has this id: there are {', '.join(each.shown.id for each in SERVICES)}")
    return found
