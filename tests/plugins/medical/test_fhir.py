"""FHIR R4 in and out over HTTP: notes out of documents, suggestions and the audit as resources that keep the rules."""

import base64
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

CASE = {"complaint": "chest pain", "age": 61, "sex": "male", "vitals": {"spo2": 80}, "patient_ref": "MRN-1"}


def document(text: str, kind: str = "text/plain", **more: Any) -> dict[str, Any]:
    """Return a document with a text inside."""
    data = base64.b64encode(text.encode()).decode()
    content = [{"attachment": {"contentType": kind, "data": data}}]
    return {"resourceType": "DocumentReference", "status": "current", "content": content, **more}


def bundle(*resources: Any) -> dict[str, Any]:
    """Return resources in one."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}


def sound(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a Bundle's resources by type once every one keeps FHIR's rules."""
    get_fhir_model_class("Bundle").model_validate(found)
    return {each["resource"]["resourceType"]: each["resource"] for each in found.get("entry", ())}


def test_documents_become_notes_without_names(ward: Any) -> None:
    sent = bundle(
        document("Mr John Smith has chest pain", subject={"reference": "Patient/4711"}, date="2026-03-01T10:00:00Z",
                 type={"text": "admission"}, context={"encounter": [{"reference": "Encounter/9"}]}),
        {"resourceType": "Patient", "name": [{"family": "Smith"}]},
        {"resourceType": "Practitioner", "anything": 1},
    )  # fmt: skip
    told = ward.call("POST", "/fhir", 201, json=sent)
    [note] = told["notes"]
    assert "Smith" not in str(told) and "Smith" not in str(ward.caller.store.kept)
    assert "chest pain" in note["text"]
    assert note["patient_ref"].startswith("[REFERENCE:") and note["encounter_ref"] != note["patient_ref"]
    assert note["kind"] == "admission"
    assert told["left"] == {"Patient": 1, "Practitioner": 1}
    [alone] = ward.call("POST", "/fhir", 201, json=document("咳嗽两周"))["notes"]
    assert alone["text"] == "咳嗽两周"


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/resourceType"),
        ({"resourceType": "Claim"}, "/resourceType"),
        ({"resourceType": "DocumentReference", "status": 5, "content": []}, "/status"),
        (document("x", status="what", surprise=1), "/surprise"),
        (document("x", kind="application/pdf"), "/content/0/attachment/contentType"),
        ({**document("x"), "content": [{"attachment": {"url": "http://elsewhere.example"}}]},
         "/content/0/attachment/data"),
        ({**document("x"), "content": [{"attachment": {"data": "/w=="}}]}, "/content/0/attachment/data"),
        (document("   "), ""),
        (bundle(document("good"), {**document("x"), "status": 5}), "/entry/1/resource/status"),
        ({"resourceType": "Bundle", "entry": [{}] * 201}, "/entry"),
        ({"resourceType": "Bundle", "entry": "x"}, "/entry"),
    ],
)  # fmt: skip
def test_what_breaks_fhirs_rules_is_refused_whole_with_a_pointer(ward: Any, sent: Any, pointer: str) -> None:
    told = ward.call("POST", "/fhir", 422, json=sent)
    assert told["code"] == "bad_fhir"
    assert pointer in told["faults"]
    assert not ward.caller.store.kept


def test_codes_are_conditions_with_evidence_and_provenance(ward: Any) -> None:
    coded = ward.code("chest pain, no fever", patient_ref="MRN-1")
    found = sound(ward.call("GET", f"/fhir/suggestions/{coded['id']}"))
    condition, provenance = found["Condition"], found["Provenance"]
    [coding] = condition["code"]["coding"]
    assert (coding["system"], coding["code"], coding["version"]) == ("http://hl7.org/fhir/sid/icd-10", "R07.4", "2019")
    assert condition["verificationStatus"]["coding"][0]["code"] == "provisional"
    assert condition["evidence"][0]["detail"][0]["display"] == "chest pain"
    assert condition["subject"]["identifier"]["value"].startswith("[REFERENCE:")
    assert provenance["target"] == [{"reference": f"urn:uuid:{condition['id']}"}]
    assert "sha-1" in provenance["agent"][0]["who"]["display"]
    assert provenance["agent"][1]["who"]["identifier"]["value"] == ward.caller.actor
    assert provenance["entity"][0]["what"]["identifier"]["value"] == f"note/{coded['note']}/1"
    assert ward.call("GET", f"/fhir/suggestions/{coded['id']}") == ward.call("GET", f"/fhir/suggestions/{coded['id']}")


def test_triage_is_an_observation_and_risk_and_conditions_are_risk_assessments(ward: Any) -> None:
    urgency = ward.call("POST", "/triage", json=CASE)
    acuity = sound(ward.call("GET", f"/fhir/suggestions/{urgency['id']}"))["Observation"]
    assert (acuity["valueInteger"], acuity["status"]) == (urgency["urgency"], "preliminary")
    assert acuity["component"]
    ward.caller.deployed = set()
    unknown = ward.call("POST", "/triage", json={"complaint": "a prescription"})
    assert "dataAbsentReason" in sound(ward.call("GET", f"/fhir/suggestions/{unknown['id']}"))["Observation"]
    ward.caller.deployed = {"risk", "diagnosis"}
    risk = ward.call("POST", "/risks", json={"glucose": 148})
    assessed = sound(ward.call("GET", f"/fhir/suggestions/{risk['id']}"))["RiskAssessment"]
    assert assessed["prediction"][0]["probabilityDecimal"] == pytest.approx(risk["probability"], abs=1e-6)
    told = ward.call("POST", "/diagnoses", json={"text": "scaly skin"})
    ranked = sound(ward.call("GET", f"/fhir/suggestions/{told['id']}"))["RiskAssessment"]
    assert ranked["prediction"][0]["outcome"]["text"] == "Psoriasis"


def test_answers_and_the_audit_go_out_too(ward: Any) -> None:
    guideline = {"title": "Asthma", "version": "1", "text": "Give oxygen at once."}
    ward.call("POST", "/guidelines", 201, json=guideline)
    for question in ("give oxygen", "which bus"):
        told = ward.call("POST", "/questions", json={"question": question})
        sound(ward.call("GET", f"/fhir/suggestions/{told['id']}"))
    events = sound(ward.call("GET", "/fhir/AuditEvent", params={"target": told["id"]}))
    assert events["AuditEvent"]["entity"][0]["what"]["identifier"]["value"] == told["id"]
    assert events["AuditEvent"]["agent"][0]["who"]["identifier"]["value"] == ward.caller.actor


def test_nothing_suggested_is_an_empty_bundle(ward: Any) -> None:
    coded = ward.code("no fever")
    assert coded["items"] == []
    assert sound(ward.call("GET", f"/fhir/suggestions/{coded['id']}")) == {}
