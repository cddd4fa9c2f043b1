"""What an expert of medicine would laugh at: each point of the list is a test, over HTTP on a live server.

Two tenants: `clinic` has codes deployed, and conditions by zero-shot; `stranger` has nothing.
"""

import inspect
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from podion import Span
from podion_medical.assertion import assertion_of
from podion_medical.made_up import GUIDELINES, notes, symptoms
from podion_medical.red_flags import raised, red_flags
from podion_medical.schema import TriageCase
from podion_medical.tasks import TASKS

API = "/v1/medical"
NOTE = (
    "Patient Margaret Ashgrove, MRN 884-221-07, seen 3 March 2026. Chief complaint: chest pain. Denies fever."
    " Mother had type 2 diabetes. Plan: review."
)
NAMED = ("Margaret", "Ashgrove", "884-221-07", "MRN-4711")
TAUGHT = notes(100)


class Clinic:
    """A tenant with a deployed adapter for codes, and what its run reported."""

    def __init__(self, server: Any) -> None:
        self.server, self.tenant = server, server.tenant("medical")
        self.upload("diagnosis", symptoms(60))
        self.dataset = self.upload("coding", TAUGHT)
        asked = {"task": "coding", "dataset": self.dataset["id"], "method": "head"}
        self.run = self.wait(self.call("POST", "/runs", 201, json=asked)["id"])
        self.call("POST", "/deployments", 201, json={"task": "coding", "adapter": self.run["adapter"]})
        self.note = self.call("POST", "/notes", 201, json={"text": NOTE, "patient_ref": "MRN-4711"})
        self.coded = self.call("POST", "/notes:code", json={"note": self.note["id"]})

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        whole = path if path.startswith("/cds-services") else API + path
        return self.tenant.json(method, whole, status, **arguments)

    def upload(self, task: str, rows: list[dict[str, Any]]) -> Any:
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        return self.call("POST", f"/datasets?task={task}", 201, content=body)

    def wait(self, run: str) -> Any:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            found = self.call("GET", f"/runs/{run}")
            if found["state"] in ("succeeded", "failed", "cancelled"):
                assert found["state"] == "succeeded", found
                return found
            time.sleep(0.2)
        raise AssertionError(f"run {run} did not end: {found}")


@pytest.fixture(scope="module")
def clinic(server: Any) -> Iterator[Clinic]:
    yield Clinic(server)


def test_no_fever_is_not_coded_as_fever(clinic: Clinic) -> None:
    """Whatever the model says of a code, what the note denies or tells of the mother is never suggested."""
    told = clinic.coded
    suggested = {item["code"] for item in told["items"]}
    assert suggested <= {"R07.4", "I10", "J45.9", "N39.0"}
    text = told and clinic.note["text"]
    for held in told["held_back"]:
        assert held["why"] in ("absent", "family", "no_evidence")
    for item in told["items"]:
        for each in item["evidence"]:
            assert each["assertion"] not in ("absent", "family")
            assert text[each["start"] : each["end"]] == each["quote"]
    for words, said in (("fever", "absent"), ("type 2 diabetes", "family"), ("chest pain", "present")):
        start = NOTE.index(words)
        assert assertion_of(NOTE, Span(start=start, end=start + len(words), label="x"), "en") == said


@pytest.mark.parametrize("task", [task for task in TASKS if task.split.group == "patient_ref"], ids=lambda t: t.name)
@pytest.mark.parametrize("timed", [True, False])
def test_a_patient_never_stands_on_both_sides(task: Any, timed: bool) -> None:
    """By the rule that the task declares, as a run splits; with times, what is tested is later than what taught."""
    from podion.data.splits import split_rows
    from podion.vertical import Split

    whose = [f"p-{place // 3}" for place in range(240)]
    times = [float(place) for place in range(240)] if timed and task.split.time else None
    rule = task.split if times else Split(group=task.split.group)
    learned, tested = split_rows(["0", "1"] * 120, whose, times, share=0.2, seed=3, rule=rule)
    assert {whose[place] for place in learned}.isdisjoint(whose[place] for place in tested)
    assert 20 <= len(tested) <= 80
    if times:
        assert max(learned) < min(tested)


def test_a_suggestion_has_evidence_or_is_none(clinic: Clinic) -> None:
    told = [clinic.coded]
    for text in ("dry, scaly patches on the scalp, itching skin, since May", "wheezing at night. Better in summer."):
        told.append(clinic.call("POST", "/diagnoses", json={"text": text}))
    assert clinic.coded["items"]
    for each in told:
        assert each["abstained"] or each["items"][0]["evidence"], each
        text = each["text"] or clinic.note["text"]
        for part in (part for item in each["items"] for part in item["evidence"]):
            assert text[part["start"] : part["end"]] == part["quote"]
    for item in clinic.coded["items"]:
        assert item["evidence"]


def test_it_abstains(clinic: Clinic) -> None:
    """What no rule and no source knows goes to a person, in both languages, and says why."""
    for complaint in ("the boiler is cold and the bus was late", "锅炉坏了，公交车晚点了"):
        told = clinic.call("POST", "/triage", json={"complaint": complaint})
        assert (told["abstained"], told["urgency"]) == (True, None)
        assert told["why_abstained"]
    told = clinic.call("POST", "/questions", json={"question": "How soon are antibiotics given in septic shock?"})
    assert told["abstained"] and not told["evidence"]
    codes = clinic.call("POST", "/notes:code", json={"text": "Plan: review. The boiler was mended."})
    assert codes["abstained"] == (not codes["items"])


def test_red_flags_are_not_left_to_the_model(clinic: Clinic) -> None:
    """Whatever the model says, no flag is lost, and none ever lowers an urgency."""
    case = {"complaint": "a stitch has to come out, and crushing chest pain", "age": 70, "vitals": {"spo2": 80}}
    told = clinic.call("POST", "/triage", json=case)
    flags = red_flags(TriageCase.model_validate(case))
    assert flags
    assert told["urgency"] <= min(flag.urgency for flag in flags)
    for urgency in range(1, 6):
        assert raised(urgency, flags) <= urgency


def test_patient_names_are_in_no_log_and_in_no_table(clinic: Clinic) -> None:
    """Through notes, suggestions, feedback, questions, hooks and what is refused."""
    clinic.call("POST", "/questions", json={"question": f"What does {NAMED[0]} {NAMED[1]} need?"})
    clinic.call("POST", "/notes", 422, json={"text": NOTE, "surprise": NAMED[0]})
    reason = {"reason": f"{NAMED[0]} {NAMED[1]}, MRN {NAMED[2]}, was seen by cardiology", "correct": ["R07.4"]}
    again = clinic.call("POST", "/notes:code", json={"note": clinic.note["id"]})
    clinic.call("POST", f"/suggestions/{again['id']}:override", json=reason)
    found = clinic.call("GET", "/notes", params={"patient": NAMED[3]})["data"]
    assert clinic.note["id"] in {each["id"] for each in found}
    assert clinic.server.log
    written = [path for path in clinic.server.home.iterdir() if path.name.startswith(("podion.sqlite", "server.log"))]
    assert len(written) >= 2
    for path in written:
        held = path.read_bytes()
        for name in NAMED:
            assert name.encode() not in held, (path.name, name)


def test_codes_name_the_version_of_their_system(clinic: Clinic) -> None:
    assert (clinic.coded["system"], clinic.coded["system_version"]) == ("ICD-10", "2019")
    told = clinic.call("GET", f"/provenance/{clinic.coded['id']}")
    assert (told["code_system"], told["code_system_version"]) == ("ICD-10", "2019")


def test_who_saw_what_is_in_the_audit(clinic: Clinic) -> None:
    """Another key of the same tenant reads: the audit says which key saw it; who may not administrate cannot look."""
    made = clinic.tenant.json("POST", "/v1/keys", 201, json={"scopes": ["data"], "label": "ward"})
    headers = {"authorization": f"Bearer {made['key']}"}
    clinic.call("GET", f"/suggestions/{clinic.coded['id']}", headers=headers)
    clinic.call("GET", "/audit", 403, headers=headers)
    deeds = clinic.call("GET", "/audit", params={"target": clinic.coded["id"]})["data"]
    assert (deeds[0]["action"], deeds[0]["actor"]) == ("medical.suggestion.read", made["id"])
    assert deeds[-1]["action"] == "medical.suggestion.make"
    paged = clinic.call("GET", "/audit", params={"limit": 1})
    following = clinic.call("GET", "/audit", params={"limit": 1, "cursor": paged["next"]})
    assert following["data"][0]["id"] < paged["data"][0]["id"]


def test_why_is_answered_with_model_note_version_and_spans(clinic: Clinic) -> None:
    told = clinic.call("GET", f"/provenance/{clinic.coded['id']}")
    run = clinic.run
    assert (told["model"]["adapter"], told["model"]["method"]) == (run["adapter"], "head")
    assert {"kind": "note", "id": clinic.note["id"], "version": "1"} in told["sources"]


def test_no_claim_is_made_of_made_up_notes() -> None:
    from podion_medical import made_up, story

    assert "says nothing of real patients" in (made_up.__doc__ or "")
    assert "says nothing of real ones" in inspect.getsource(story)


def test_a_verdict_teaches_the_next_run(clinic: Clinic) -> None:
    """An override with what is right is a row of the next dataset; one of triage is in the report, with its bound."""
    told = clinic.call("POST", "/notes:code", json={"text": "Presents with chest pain and a high blood pressure."})
    right = {"reason": "both are coded", "correct": ["I10", "R07.4"]}
    clinic.call("POST", f"/suggestions/{told['id']}:override", json=right)
    grown = clinic.call("POST", f"/datasets/{clinic.dataset['id']}:grow", 201, json={"feedback": True})
    assert grown["rows"] > clinic.dataset["rows"]
    urgency = clinic.call("POST", "/triage", json={"complaint": "crushing chest pain", "age": 44, "sex": "female"})
    clinic.call("POST", f"/suggestions/{urgency['id']}:override", json={"reason": "worse", "correct": ["1"]})
    report = clinic.call("GET", "/reports/triage")
    assert (report["cases"], report["under_triage"]["count"]) == (1, int(urgency["urgency"] > 1))
    assert report["under_triage"]["upper_95"] >= 0.95
    assert report["under_triage_by_sex"]["female"]["of"] == 1


def test_an_answer_quotes_the_guideline_to_the_character(clinic: Clinic) -> None:
    for guideline in GUIDELINES:
        clinic.call("POST", "/guidelines", 201, json=guideline)
    told = clinic.call("POST", "/questions", json={"question": "How soon are antibiotics given in septic shock?"})
    quote = told["evidence"][0]
    text = GUIDELINES[0]["text"]
    assert quote["quote"] == text[quote["start"] : quote["end"]]
    assert (quote["document"], quote["version"], quote["page"]) == ("sepsis-adults", "2026-03", 2)
    clinic.call("DELETE", "/guidelines/sepsis-adults")
    again = clinic.call("POST", "/questions", json={"question": "How soon are antibiotics given in septic shock?"})
    assert "sepsis-adults" not in {each["document"] for each in again["evidence"]}
    assert clinic.call("GET", f"/provenance/{told['id']}")["sources"][0]["version"] == "2026-03"


def test_the_standard_stands_at_the_root_behind_the_same_gates(clinic: Clinic) -> None:
    """No key, a tenant without the vertical, a key without the scope; an answer is sent again under its key."""
    assert clinic.tenant.http.get("/cds-services", headers={"authorization": ""}).status_code == 401
    clinic.server.tenant("customer_service").json("GET", "/cds-services", 404)
    made = clinic.tenant.json("POST", "/v1/keys", 201, json={"scopes": ["data"]})
    clinic.call("GET", "/cds-services", 403, headers={"authorization": f"Bearer {made['key']}"})
    call = {
        "hook": "encounter-start", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"patientId": NAMED[3], "userId": "Practitioner/1", "encounterId": "9"},
        "prefetch": {
            "patient": {"resourceType": "Patient", "name": [{"family": NAMED[1]}], "birthDate": "1961-01-01"},
            "encounter": {"resourceType": "Encounter", "status": "arrived", "class": {"code": "EMER"},
                          "reasonCode": [{"text": "crushing chest pain"}]},
            "vitals": None,
        },
    }  # fmt: skip
    headers = {"Idempotency-Key": "card-1"}
    first = clinic.call("POST", "/cds-services/medical-triage", json=call, headers=headers)
    assert clinic.call("POST", "/cds-services/medical-triage", json=call, headers=headers) == first
    [card] = first["cards"]
    told = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-11T00:00:00Z"}
    assert clinic.call("POST", "/cds-services/medical-triage/feedback", json={"feedback": [told]}) == {"taken": 1}
    paths = clinic.tenant.http.get("/openapi.json").json()["paths"]
    assert "/cds-services/{service}/feedback" in paths
    assert paths["/cds-services"]["get"]["tags"] == ["medical"]


def test_another_hospital_sees_nothing(clinic: Clinic) -> None:
    stranger = clinic.server.tenant("medical")
    for path in (f"/notes/{clinic.note['id']}", f"/suggestions/{clinic.coded['id']}",
                 f"/provenance/{clinic.coded['id']}", f"/fhir/suggestions/{clinic.coded['id']}"):  # fmt: skip
        stranger.json("GET", API + path, 404)
    assert stranger.json("GET", f"{API}/audit", 200)["data"] == []
    assert stranger.json("POST", f"{API}/notes:code", 409, json={"text": "fever"})["code"] == "untrained"
    mine = stranger.json("POST", f"{API}/notes", 201, json={"text": "cough", "patient_ref": "MRN-4711"})
    assert mine["patient_ref"] != clinic.note["patient_ref"]


def test_half_a_character_is_refused_or_read_and_never_a_failure(clinic: Clinic) -> None:
    for path in ("/notes", "/diagnoses", "/deidentify", "/questions", "/fhir"):
        sent = b'{"text": "cough \\ud83d and fever", "question": "\\ud83d"}'
        response = clinic.tenant.http.post(API + path, content=sent, headers={"content-type": "application/json"})
        assert response.status_code in (200, 201, 422), (path, response.text)
