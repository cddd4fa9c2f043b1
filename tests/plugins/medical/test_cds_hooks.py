"""CDS Hooks 2.0 over HTTP, with models in memory: discovery, cards, what is missing, what becomes of a card."""

from typing import Any

import pytest

from podion_medical.cards import LONGEST_SUMMARY, OVERRIDE_REASONS
from podion_medical.suggestions import Suggestion

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
PATIENT = {
    "resourceType": "Patient", "gender": "male", "birthDate": "1964-05-02",
    "name": [{"family": "Wormwood", "given": ["Absalom"]}],
}  # fmt: skip
ENCOUNTER = {
    "resourceType": "Encounter", "status": "arrived", "class": {"code": "EMER"},
    "reasonCode": [{"text": "crushing chest pain"}],
}  # fmt: skip
GUIDELINE = {
    "id": "hypertension", "title": "Hypertension", "version": "2026", "url": "https://guidelines.example/bp",
    "text": "Treat hypertension when the pressure stays above 140.",
}  # fmt: skip


def observation(code: str, value: float, unit: str = "1", **more: Any) -> dict[str, Any]:
    """Return a vital sign."""
    coded = {"coding": [{"system": "http://loinc.org", "code": code}]}
    quantity = {"value": value, "code": unit}
    return {"resourceType": "Observation", "status": "final", "code": coded, "valueQuantity": quantity, **more}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return what a search found."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]}


def condition(words: str, **more: Any) -> dict[str, Any]:
    """Return a problem."""
    return {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "code": {"text": words}, **more}


def called(hook: str, prefetch: Any = None, **context: Any) -> dict[str, Any]:
    """Return a client's call."""
    told = {"userId": "Practitioner/1", "patientId": "4711", **context}
    return {"hook": hook, "hookInstance": INSTANCE, "context": told, "prefetch": prefetch}


def arrival(vitals: Any = None, **prefetch: Any) -> dict[str, Any]:
    """Return the call of an encounter that starts."""
    found = {"patient": PATIENT, "encounter": ENCOUNTER, "vitals": vitals, **prefetch}
    return called("encounter-start", found, encounterId="9")


def arrives(ward: Any, status: int = 200, **prefetch: Any) -> Any:
    return ward.call("POST", "/cds-services/medical-triage", status, json=arrival(**prefetch))


def test_discovery_tells_hooks_and_prefetch(ward: Any) -> None:
    services = {each["id"]: each for each in ward.call("GET", "/cds-services")["services"]}
    assert {each["hook"] for each in services.values()} == {
        "encounter-start", "problem-list-item-create", "patient-view",
    }  # fmt: skip
    assert services["medical-triage"]["prefetch"]["patient"] == "Patient/{{context.patientId}}"
    assert all("never for patients" in each["usageRequirements"] for each in services.values())


def test_an_arrival_gets_a_card_that_keeps_the_standard(ward: Any) -> None:
    vitals = bundle(observation("59408-5", 84, "%"), observation("8310-5", 101.3, "[degF]"))
    [card] = arrives(ward, vitals=vitals)["cards"]
    assert len(card["summary"]) < 140
    assert card["indicator"] == "critical"
    assert card["source"]["label"]
    assert {each["code"] for each in card["overrideReasons"]} == set(OVERRIDE_REASONS)
    assert all(each["display"] for each in card["overrideReasons"])
    assert card["selectionBehavior"] == "at-most-one"
    [choice] = card["suggestions"]
    assert choice["actions"][0]["type"] == "create"
    assert choice["actions"][0]["resource"]["resourceType"] == "Observation"
    assert "null" not in str(card)
    assert "Not a diagnosis" in card["detail"]


def test_the_newest_vital_sign_counts_in_its_own_unit_and_nonsense_is_left_out(ward: Any) -> None:
    vitals = bundle(
        observation("8310-5", 104, "[degF]", effectiveDateTime="2026-01-02T00:00:00Z"),
        observation("8310-5", 98, "[degF]", effectiveDateTime="2026-01-01T00:00:00Z"),
        observation("2345-7", 90, "mg/dL"),
        observation("8867-4", 9_000),
        observation("00000-0", 5),
    )
    arrives(ward, vitals=vitals)
    read = next(record for task, record in ward.caller.asked if task == "triage").vitals
    assert read.temperature == 40
    assert read.glucose == pytest.approx(5.0, abs=0.01)
    assert read.heart_rate is None


def test_nothing_of_a_patients_name_is_kept(ward: Any) -> None:
    arrives(ward)
    kept = str(ward.caller.store.kept)
    assert "Wormwood" not in kept and "Absalom" not in kept and "1964" not in kept
    assert "4711" not in kept


@pytest.mark.parametrize("missing", ["patient", "encounter", "vitals"])
def test_missing_prefetch_is_412(ward: Any, missing: str) -> None:
    call = arrival()
    del call["prefetch"][missing]
    told = ward.call("POST", "/cds-services/medical-triage", 412, json=call)
    assert (told["code"], told["faults"]) == ("incomplete", [f"/prefetch/{missing}"])
    assert not ward.caller.store.kept


def test_what_the_client_could_not_fetch_is_412(ward: Any) -> None:
    failed = {"resourceType": "OperationOutcome", "issue": []}
    arrives(ward, 412, patient=failed)
    arrives(ward, 412, patient=None)
    arrives(ward, 412, vitals=failed)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"hook": "order-sign"}, 422),
        ({"hookInstance": "not-a-uuid"}, 422),
        ({"context": []}, 422),
        (arrival(patient={"resourceType": "Patient", "gender": 5}), 422),
        (arrival(patient=ENCOUNTER), 422),
        (arrival(encounter={**ENCOUNTER, "reasonCode": []}), 422),
        (arrival(vitals={"resourceType": "Bundle", "entry": 3}), 422),
    ],
)  # fmt: skip
def test_a_call_that_cannot_be_read_is_refused(ward: Any, change: Any, status: int) -> None:
    ward.call("POST", "/cds-services/medical-triage", status, json={**arrival(), **change})
    assert not ward.caller.store.kept


def test_an_unknown_service_is_404(ward: Any) -> None:
    ward.call("POST", "/cds-services/else", 404, json=arrival())
    ward.call("POST", "/cds-services/else/feedback", 404, json={"feedback": [word("x")]})


def test_a_new_problem_gets_what_the_guidelines_say(ward: Any) -> None:
    ward.call("POST", "/guidelines", 201, json=GUIDELINE)
    # The hook's own page shows a category that is no list; clients copy it.
    sent = {"resourceType": "Bundle", "entry": [{"resource": condition("hypertension", category="problem-list-item")}]}
    call = called("problem-list-item-create", conditions=sent)
    [card] = ward.call("POST", "/cds-services/medical-problem-guidance", json=call)["cards"]
    assert card["source"] == {"label": "Hypertension", "url": GUIDELINE["url"]}
    assert "stays above 140" in card["summary"]
    assert card["links"] == [{"label": "Hypertension", "url": GUIDELINE["url"], "type": "absolute"}]
    assert "suggestions" not in card and "selectionBehavior" not in card
    nothing = called("problem-list-item-create", conditions=bundle(condition("a rare thing")))
    assert ward.call("POST", "/cds-services/medical-problem-guidance", json=nothing) == {"cards": []}


def test_a_chart_that_is_opened_shows_red_flags_of_its_vital_signs(ward: Any) -> None:
    active = {"clinicalStatus": {"coding": [{"code": "active"}]}}
    prefetch = {
        "patient": PATIENT,
        "conditions": bundle(condition("asthma", **active)),
        "vitals": bundle(observation("59408-5", 80, "%")),
    }
    [card] = ward.call("POST", "/cds-services/medical-chart-review", json=called("patient-view", prefetch))["cards"]
    assert card["indicator"] == "critical"
    calm = {**prefetch, "vitals": None}
    assert ward.call("POST", "/cds-services/medical-chart-review", json=called("patient-view", calm))["cards"] == []


def test_summaries_are_short_whatever_is_said(ward: Any) -> None:
    long = {**GUIDELINE, "text": "hypertension " + "very " * 300 + "high."}
    ward.call("POST", "/guidelines", 201, json=long)
    call = called("problem-list-item-create", conditions=bundle(condition("hypertension")))
    [card] = ward.call("POST", "/cds-services/medical-problem-guidance", json=call)["cards"]
    assert len(card["summary"]) == LONGEST_SUMMARY < 140


def word(card: str, outcome: str = "overridden", **more: Any) -> dict[str, Any]:
    """Return what became of a card."""
    return {"card": card, "outcome": outcome, "outcomeTimestamp": "2026-11-11T00:00:00Z", **more}


def tell(ward: Any, *words: dict[str, Any], status: int = 200) -> Any:
    return ward.call("POST", "/cds-services/medical-triage/feedback", status, json={"feedback": list(words)})


def test_an_overridden_card_is_kept_with_its_reason_and_feeds_the_loop(ward: Any) -> None:
    [card] = arrives(ward)["cards"]
    reason = {"reason": {"code": "not-applicable", "system": "urn:x"}, "userComment": "known to Dr. Anna Weiss"}
    assert tell(ward, word(card["uuid"], overrideReason=reason)) == {"taken": 1}
    [found] = ward.call("GET", "/suggestions", params={"kind": "triage"})["data"]
    assert (found["state"], found["verdict"]["reason_code"]) == ("overridden", "not-applicable")
    assert "Weiss" not in found["verdict"]["reason"]
    [(prediction, label, comment)] = ward.caller.reviews
    assert (prediction, label) == (found["prediction_id"], None)
    assert comment is not None


def test_an_accepted_card_names_what_was_picked_and_feeds_the_loop(ward: Any) -> None:
    [card] = arrives(ward)["cards"]
    tell(ward, word(card["uuid"], "accepted"), status=422)
    tell(ward, word(card["uuid"], "accepted", acceptedSuggestions=[{"id": "another"}]), status=422)
    picked = [{"id": card["suggestions"][0]["uuid"]}]
    tell(ward, word(card["uuid"], "accepted", acceptedSuggestions=picked))
    [found] = ward.call("GET", "/suggestions", params={"kind": "triage"})["data"]
    assert found["state"] == "accepted"
    assert ward.caller.reviews == [(found["prediction_id"], str(found["urgency"]), None)]


def test_a_card_may_be_told_of_again_and_the_latest_word_holds(ward: Any) -> None:
    [card] = arrives(ward)["cards"]
    picked = [{"id": card["suggestions"][0]["uuid"]}]
    tell(ward, word(card["uuid"]))
    later = {**word(card["uuid"], "accepted", acceptedSuggestions=picked), "outcomeTimestamp": "2026-11-12T00:00:00Z"}
    tell(ward, later)
    tell(ward, word(card["uuid"]))
    [found] = ward.call("GET", "/suggestions", params={"kind": "triage"})["data"]
    assert found["state"] == "accepted"


def test_a_card_of_another_tenant_is_not_there_and_nothing_is_taken(two_wards: Any) -> None:
    one, other = two_wards
    [mine], [theirs] = arrives(one)["cards"], arrives(other)["cards"]
    tell(one, word(mine["uuid"]), word(theirs["uuid"]), status=404)
    for ward in two_wards:
        [found] = ward.call("GET", "/suggestions", params={"kind": "triage"})["data"]
        assert found["state"] == "open"


@pytest.mark.parametrize(
    "body", [{}, {"feedback": []}, {"feedback": [{"card": "x"}]}, {"feedback": [word("x", "ignored")]},
             {"feedback": [{**word("x"), "outcomeTimestamp": "now"}]}],
)  # fmt: skip
def test_feedback_that_cannot_be_read_is_refused(ward: Any, body: Any) -> None:
    ward.call("POST", "/cds-services/medical-triage/feedback", 422, json=body)


def test_a_card_speaks_chinese_where_the_complaint_does(ward: Any) -> None:
    encounter = {**ENCOUNTER, "reasonCode": [{"text": "压榨性胸痛"}]}
    [card] = arrives(ward, encounter=encounter)["cards"]
    assert "紧急程度" in card["summary"]
    assert Suggestion in ward.caller.store.kept
