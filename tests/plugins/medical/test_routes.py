"""Every route of medicine over HTTP, with models in memory: what is kept, what is refused, who sees it."""

import json
from typing import Any

import pytest

from podion_medical.notes import Note, NoteVersion
from podion_medical.suggestions import Suggestion

NOTE = "Patient John Smith, MRN 4711-22, seen 3 March 2026 with chest pain. Denies fever. Mother had diabetes."
CASE = {"complaint": "wants a repeat prescription", "age": 61, "sex": "male", "patient_ref": "MRN-4711"}
GUIDELINE = {
    "id": "sepsis", "title": "Sepsis", "version": "1", "url": "https://guidelines.example/sepsis",
    "text": "About sepsis.\fGive antibiotics within one hour of septic shock. Measure lactate.",
}  # fmt: skip


def test_a_note_is_kept_without_what_identifies_a_person(ward: Any) -> None:
    kept = ward.note(NOTE, patient_ref="MRN-4711")
    stored = ward.caller.store.kept[Note][kept["id"]]
    for named in ("John", "Smith", "4711", "March"):
        assert named not in stored
    assert "chest pain" in kept["text"]
    assert kept["patient_ref"].startswith("[REFERENCE:")
    assert ward.call("GET", f"/notes/{kept['id']}") == kept


def test_a_patient_is_found_by_the_reference_of_the_tenant_and_has_one_pseudonym(two_wards: Any) -> None:
    one, other = two_wards
    first, second = (one.note(text, patient_ref="MRN-1") for text in ("cough", "fever"))
    assert first["patient_ref"] == second["patient_ref"]
    found = one.call("GET", "/notes", params={"patient": "MRN-1"})["data"]
    assert [each["id"] for each in found] == [second["id"], first["id"]]
    assert other.note("cough", patient_ref="MRN-1")["patient_ref"] != first["patient_ref"]


def test_a_note_has_versions_and_the_old_one_stays_readable(ward: Any) -> None:
    first = ward.note("chest pain", id="n-1", patient_ref="MRN-1", kind="admission")
    second = ward.note("chest pain and fever", id="n-1")
    assert (first["version"], second["version"]) == (1, 2)
    assert (second["patient_ref"], second["kind"]) == (first["patient_ref"], "admission")
    assert ward.call("GET", "/notes/n-1?version=1")["text"] == "chest pain"
    assert ward.call("GET", "/notes/n-1")["text"] == "chest pain and fever"
    ward.call("GET", "/notes/n-1?version=3", 404)
    ward.call("DELETE", "/notes/n-1")
    ward.call("GET", "/notes/n-1?version=1", 404)
    assert not ward.caller.store.kept[Note]
    assert not ward.caller.store.kept[NoteVersion]


def test_a_note_that_is_sent_again_is_no_new_version(ward: Any) -> None:
    first = ward.note(NOTE, id="n-1", patient_ref="MRN-1")
    assert ward.note(NOTE, id="n-1", patient_ref="MRN-1") == first
    assert ward.note(NOTE, id="n-1", kind="discharge")["version"] == 2


def test_an_analysis_says_what_is_there_and_what_is_not(ward: Any) -> None:
    told = ward.call("POST", "/notes:analyze", json={"text": "Chest pain? No: chest pain today. Denies fever."})
    said = {each["quote"]: each["assertion"] for each in told["mentions"]}
    assert said["fever"] == "absent"
    assert all(told["text"][each["start"] : each["end"]] == each["quote"] for each in told["mentions"])
    assert told["not_a_diagnosis"] is True
    ward.caller.deployed = set()
    untrained = ward.call("POST", "/notes:analyze", json={"text": "chest pain"})
    assert (untrained["mentions"], untrained["adapters"]["entities"]) == ([], None)
    assert untrained["sections"]


def test_codes_come_with_evidence_category_chapter_and_version(ward: Any) -> None:
    told = ward.code(NOTE, system_version="2016")
    [item] = told["items"]
    assert (item["code"], item["category"]) == ("R07.4", "R07")
    assert item["chapter"].startswith("XVIII")
    [evidence] = item["evidence"]
    kept = ward.call("GET", f"/notes/{told['note']}")
    assert kept["text"][evidence["start"] : evidence["end"]] == evidence["quote"] == "chest pain"
    assert (evidence["document"], evidence["version"]) == (told["note"], "1")
    assert (told["system"], told["system_version"]) == ("ICD-10", "2016")
    assert {each["code"]: each["why"] for each in told["held_back"]} == {"R50.9": "absent", "E11.9": "family"}


def test_a_long_note_is_read_to_its_end(ward: Any) -> None:
    told = ward.code("The garden was quiet that day and nothing else happened. " * 60 + "Known diabetes.")
    [item] = told["items"]
    assert item["code"] == "E11.9"
    assert item["evidence"][0]["start"] > 3_000
    pieces = [record.text for task, record in ward.caller.asked if task == "coding"]
    assert len(pieces) > 3
    assert pieces[0].endswith("Known diabetes.")


def test_nothing_is_coded_before_anything_was_learned(ward: Any) -> None:
    ward.caller.deployed = set()
    told = ward.call("POST", "/notes:code", 409, json={"text": "fever"})
    assert told["code"] == "untrained"
    assert "start a run" in told["detail"]
    for path, body in (("/diagnoses", {"text": "fever"}), ("/risks", {"glucose": 1})):
        assert ward.call("POST", path, 409, json=body)["code"] == "untrained"


def test_triage_works_by_rules_before_anything_was_learned(ward: Any) -> None:
    ward.caller.deployed = set()
    told = ward.call("POST", "/triage", json={**CASE, "vitals": {"spo2": 80}})
    assert told["urgency"] is not None and told["urgency"] <= 2
    assert told["red_flags"] and told["abstained"] and told["adapter"] is None
    calm = ward.call("POST", "/triage", json=CASE)
    assert (calm["urgency"], calm["abstained"]) == (None, True)


@pytest.mark.parametrize(("model", "possible", "urgency", "abstained"), [
    ("5", ("5",), 5, False), ("4", ("4", "3"), 4, False), ("4", ("4", "3", "2"), 2, True), ("3", (), 3, False),
])  # fmt: skip
def test_a_wide_set_goes_to_a_person_at_its_most_urgent(
    ward: Any, model: str, possible: tuple[str, ...], urgency: int, abstained: bool
) -> None:
    ward.caller.urgency, ward.caller.possible = model, possible
    told = ward.call("POST", "/triage", json=CASE)
    assert (told["urgency"], told["model_urgency"], told["abstained"]) == (urgency, int(model), abstained)
    assert bool(told["why_abstained"]) == abstained


@pytest.mark.parametrize("model", ["1", "3", "5"])
def test_red_flags_raise_and_never_lower(ward: Any, model: str) -> None:
    ward.caller.urgency = model
    told = ward.call("POST", "/triage", json={**CASE, "complaint": "crushing chest pain", "vitals": {"spo2": 80}})
    assert told["red_flags"]
    assert told["urgency"] <= min([int(model), *(flag["urgency"] for flag in told["red_flags"])])


def test_conditions_are_ranked_with_evidence(ward: Any) -> None:
    text = "Dry, scaly patches on the elbows. Worse in winter. Sleeps well."
    told = ward.call("POST", "/diagnoses", json={"text": text, "sex": "female", "age": 30})
    assert told["items"][0]["code"] == "Psoriasis"
    first = told["items"][0]["evidence"][0]
    assert "scaly" in first["quote"]
    assert text[first["start"] : first["end"]] == first["quote"]
    assert first["weight"] > 0.3
    ranked = [*told["items"], *told["held_back"]]
    assert sum(item["confidence"] for item in ranked) == pytest.approx(1)
    assert {each["why"] for each in told["held_back"]} <= {"no_evidence"}


def test_a_condition_that_the_text_only_denies_is_held_back(ward: Any) -> None:
    told = ward.call("POST", "/diagnoses", json={"text": "No wheezing. Slept well. Ate well."})
    assert (told["items"], told["abstained"]) == ([], True)
    assert {each["code"]: each["why"] for each in told["held_back"]}["Asthma"] == "absent"


def test_clauses_that_say_the_same_are_both_evidence(ward: Any) -> None:
    """Without either of them the answer stays: each alone is enough."""
    told = ward.call("POST", "/diagnoses", json={"text": "scaly elbows. The weather is fine. scaly knees."})
    assert {each["quote"] for each in told["items"][0]["evidence"]} == {"scaly elbows", "scaly knees"}


def test_a_condition_without_evidence_is_not_suggested(ward: Any) -> None:
    told = ward.call("POST", "/diagnoses", json={"text": "The sky is blue. The grass is green."})
    assert (told["items"], told["abstained"]) == ([], True)
    assert {each["why"] for each in told["held_back"]} == {"no_evidence"}


def test_what_is_unsure_abstains(ward: Any) -> None:
    ward.caller.unsure = True
    assert ward.call("POST", "/diagnoses", json={"text": "scaly"})["abstained"]
    assert ward.call("POST", "/triage", json=CASE)["abstained"]
    assert ward.code("chest pain")["abstained"]


def test_a_risk_adds_up(ward: Any) -> None:
    told = ward.call("POST", "/risks", json={"glucose": 148, "age": 52, "sex": "female", "patient_ref": "MRN-1"})
    total = told["base_logit"] + sum(each["logit"] for each in told["contributions"])
    assert abs(total - told["logit"]) <= 1e-4
    assert (told["age"], told["sex"]) == (52, "female")
    assert told["patient_ref"].startswith("[REFERENCE:")


def test_pairs_are_matched_and_labels_reach_no_model(ward: Any) -> None:
    pair = {"query1": "a cough", "query2": "coughing", "label": "1"}
    told = ward.call("POST", "/match", json={"pairs": [pair, pair]})
    assert len(told["prediction"]["answers"]) == 2
    ward.call("POST", "/triage", json={**CASE, "label": "1"})
    ward.call("POST", "/risks", json={"glucose": 1, "label": "1"})
    assert all(record.label is None for _, record in ward.caller.asked)


def test_an_answer_is_a_quote_with_version_page_and_offsets(ward: Any) -> None:
    ward.call("POST", "/guidelines", 201, json=GUIDELINE)
    told = ward.call("POST", "/questions", json={"question": "Give antibiotics within one hour ?"})
    [quote] = told["evidence"]
    assert quote["quote"] == GUIDELINE["text"][quote["start"] : quote["end"]]
    assert quote["quote"] == "Give antibiotics within one hour of septic shock."
    assert (quote["document"], quote["version"], quote["page"]) == ("sepsis", "1", 2)
    none = ward.call("POST", "/questions", json={"question": "which bus goes there"})
    assert (none["evidence"], none["abstained"]) == ([], True)
    assert "no source" in none["why_abstained"]


def test_a_guideline_has_versions_and_an_old_quote_can_be_looked_up(ward: Any) -> None:
    ward.call("POST", "/guidelines", 201, json=GUIDELINE)
    ward.call("POST", "/guidelines", 201, json={**GUIDELINE, "version": "2 / 中", "text": "Give fluids."})
    assert ward.call("GET", "/guidelines/sepsis")["version"] == "2 / 中"
    assert ward.call("GET", "/guidelines/sepsis?version=1")["text"] == GUIDELINE["text"]
    assert ward.call("GET", "/guidelines", params={"limit": 5})["data"][0]["id"] == "sepsis"
    ward.call("DELETE", "/guidelines/sepsis")
    assert ward.call("GET", "/guidelines/sepsis?version=1")["text"] == GUIDELINE["text"]
    ward.call("GET", "/guidelines/sepsis", 404)


def test_a_passage_answers_yes_no_or_maybe_with_the_sentence_that_says_so(ward: Any) -> None:
    context = "We followed 90 people. The drug reduces pain. Funding came from nobody."
    told = ward.call("POST", "/questions", json={"question": "Does it help?", "context": context})
    assert told["items"][0]["code"] == "yes"
    assert "reduces" in told["items"][0]["evidence"][0]["quote"]
    assert (told["text"], told["question"]) == (context, "Does it help?")
    silent = ward.call("POST", "/questions", json={"question": "Does it help?", "context": "One. Two. Three."})
    assert silent["abstained"]


def test_deidentify_finds_and_keeps_nothing(ward: Any) -> None:
    told = ward.call("POST", "/deidentify", json={"text": NOTE})
    assert "Smith" not in told["text"] and "chest pain" in told["text"]
    assert all(NOTE[span["start"] : span["end"]] not in told["text"] for span in told["spans"])
    assert sum(told["counts"].values()) == len(told["spans"]) >= 3
    assert not ward.caller.store.kept


def test_acceptance_and_override_feed_the_loop(ward: Any) -> None:
    coded = ward.code("chest pain and diabetes")
    taken = ward.call("POST", f"/suggestions/{coded['id']}:accept", json={"codes": ["R07.4"]})
    assert taken["state"] == "accepted"
    assert ward.caller.reviews[-1] == (coded["prediction_id"], ["R07.4"], None)
    ward.call("POST", f"/suggestions/{coded['id']}:accept", 409, json={})
    sorted_out = ward.call("POST", "/triage", json=CASE)
    body = {"reason": "Dr. Anna Weiss saw the rash", "correct": ["2"]}
    told = ward.call("POST", f"/suggestions/{sorted_out['id']}:override", json=body)
    assert "Weiss" not in told["verdict"]["reason"]
    assert ward.caller.reviews[-1][:2] == (sorted_out["prediction_id"], "2")
    assert ward.call("GET", "/suggestions", params={"state": "overridden"})["data"] == [told]


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("accept", {"codes": ["X99"]}, 422),
        ("override", {"reason": " "}, 422),
        ("override", {}, 422),
        ("override", {"reason": "no", "correct": ["x"] * 201}, 422),
        ("accept", {"surprise": 1}, 422),
    ],
)
def test_a_verdict_that_cannot_be_is_refused(ward: Any, verb: str, body: Any, status: int) -> None:
    coded = ward.code("chest pain")
    ward.call("POST", f"/suggestions/{coded['id']}:{verb}", status, json=body)
    assert ward.call("GET", f"/suggestions/{coded['id']}")["state"] == "open"


def test_what_feedback_refuses_leaves_a_suggestion_open(ward: Any) -> None:
    told = ward.call("POST", "/diagnoses", json={"text": "scaly"})
    body = {"reason": "no", "correct": ["unheard of"]}
    assert ward.call("POST", f"/suggestions/{told['id']}:override", 422, json=body)["code"] == "unknown_label"
    assert ward.call("GET", f"/suggestions/{told['id']}")["state"] == "open"
    urgency = ward.call("POST", "/triage", json=CASE)
    wrong = {"reason": "no", "correct": ["9"]}
    assert ward.call("POST", f"/suggestions/{urgency['id']}:override", 422, json=wrong)["faults"] == ["/correct"]


def test_nothing_suggested_is_nothing_to_accept(ward: Any) -> None:
    told = ward.call("POST", "/questions", json={"question": "which bus"})
    assert ward.call("POST", f"/suggestions/{told['id']}:accept", 409, json={})["code"] == "nothing_suggested"


def test_provenance_names_model_note_version_and_who_asked(ward: Any) -> None:
    coded = ward.code("chest pain, no fever")
    told = ward.call("GET", f"/provenance/{coded['id']}")
    assert (told["model"]["adapter"], told["model"]["method"], told["model"]["base"]) == ("sha-1", "head", "minilm-l6")
    assert told["sources"] == [{"kind": "note", "id": coded["note"], "version": "1"}]
    assert {each["quote"] for each in told["evidence"]} == {"chest pain", "fever"}
    assert told["asked_by"] == ward.caller.actor
    assert told["code_system_version"] == "2019"


def test_every_read_of_a_note_or_suggestion_is_in_the_audit(ward: Any) -> None:
    note = ward.note("chest pain")
    coded = ward.call("POST", "/notes:code", json={"note": note["id"]})
    for path in (f"/notes/{note['id']}", "/notes", f"/suggestions/{coded['id']}", "/suggestions",
                 f"/provenance/{coded['id']}", f"/fhir/suggestions/{coded['id']}"):  # fmt: skip
        before = len(ward.caller.deeds)
        ward.call("GET", path)
        assert len(ward.caller.deeds) == before + 1, path
        assert ward.caller.deeds[-1].action.endswith(".read"), path
    told = ward.call("GET", "/audit", params={"target": note["id"], "action": "note.read"})["data"]
    assert len(told) == 3
    assert {each["actor"] for each in told} == {ward.caller.actor}


@pytest.mark.parametrize(
    ("path", "body", "query"),
    [
        ("/notes:analyze", {"text": "fever", "audience": "patient"}, {}),
        ("/notes:code", {"text": "fever", "audience": "patient"}, {}),
        ("/triage", CASE, {"audience": "patient"}),
        ("/diagnoses", {"text": "fever", "audience": "patient"}, {}),
        ("/risks", {"glucose": 1}, {"audience": "patient"}),
        ("/match", {"pairs": [{"query1": "a", "query2": "b"}], "audience": "patient"}, {}),
        ("/questions", {"question": "fever", "audience": "patient"}, {}),
    ],
)
def test_a_patient_is_refused_unless_the_tenant_allows_it(ward: Any, path: str, body: Any, query: Any) -> None:
    told = ward.call("POST", path, 422, json=body, params=query)
    assert (told["code"], told["faults"]) == ("patient_facing", ["/audience"])
    assert not ward.caller.store.kept
    ward.caller.settings = ward.caller.settings.model_copy(update={"patient_facing": True})
    ward.call("POST", path, json=body, params=query)


def test_answers_speak_the_language_of_the_question(ward: Any) -> None:
    told = ward.call("POST", "/triage", json={**CASE, "complaint": "咳嗽两周"})
    assert told["language"] == "zh" and "医务人员" in told["notice"]
    asked = ward.call("POST", "/triage", json=CASE, params={"language": "zh"})
    assert asked["language"] == "zh"
    coded = ward.code("患者无发热，母亲有糖尿病。")
    assert {each["code"]: each["why"] for each in coded["held_back"]} == {"R50.9": "absent", "E11.9": "family"}


def test_tenants_see_nothing_of_each_other(two_wards: Any) -> None:
    one, other = two_wards
    note = one.note("chest pain", id="shared-id")
    coded = one.call("POST", "/notes:code", json={"note": note["id"]})
    one.call("POST", "/guidelines", 201, json=GUIDELINE)
    for path in ("/notes/shared-id", f"/suggestions/{coded['id']}", f"/provenance/{coded['id']}",
                 f"/fhir/suggestions/{coded['id']}", "/guidelines/sepsis"):  # fmt: skip
        other.call("GET", path, 404)
    other.call("POST", "/notes:code", 404, json={"note": "shared-id"})
    other.call("POST", f"/suggestions/{coded['id']}:accept", 404, json={})
    other.call("DELETE", "/notes/shared-id", 404)
    assert other.call("GET", "/notes")["data"] == other.call("GET", "/suggestions")["data"] == []
    assert other.call("GET", "/audit")["data"] == []
    assert other.call("POST", "/questions", json={"question": "antibiotics within one hour"})["abstained"]
    assert json.loads(one.caller.store.kept[Suggestion][coded["id"]])["state"] == "open"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/notes", {"text": ""}),
        ("/notes", {"text": " \n "}),
        ("/notes", {"text": "a\x00b"}),
        ("/notes", {"text": "x" * 50_001}),
        ("/notes", {"text": "a", "id": "../etc"}),
        ("/notes", {"text": "a", "tenant": "x"}),
        ("/notes", {"text": "a", "authored_at": "yesterday"}),
        ("/notes:code", {"text": "a", "note": "b"}),
        ("/notes:code", {}),
        ("/notes:code", {"text": "a", "system": "ICD-99"}),
        ("/triage", {"complaint": "a", "age": 200}),
        ("/triage", {"complaint": "a", "sex": "unsaid"}),
        ("/triage", {"complaint": "a", "vitals": {"spo2": 140}}),
        ("/triage", {"complaint": "a", "vitals": {"pulse": 80}}),
        ("/triage", {"complaint": "a", "history": ["x" * 1_001]}),
        ("/diagnoses", {"text": "x" * 8_001}),
        ("/diagnoses", {"text": 5}),
        ("/risks", {"glucose": [1]}),
        ("/risks", {"glucose": 10**400}),
        ("/match", {"pairs": []}),
        ("/guidelines", {"title": "a", "version": "1", "text": "x" * 300_001}),
        ("/guidelines", {"title": "a", "version": " ", "text": "x"}),
        ("/questions", {"question": "a\x00"}),
        ("/deidentify", {"text": ""}),
        ("/reports/triage", {"cases": []}),
        ("/reports/triage", {"cases": [{"complaint": "a"}]}),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_pointer_and_nothing_is_kept(ward: Any, path: str, body: Any) -> None:
    told = ward.call("POST", path, 422, json=body)
    assert told.get("faults") or told["detail"]
    assert not ward.caller.store.kept


@pytest.mark.parametrize(
    "text",
    ["\u202eevil", "'; DROP TABLE notes; --", "🙂" * 300, "<script>alert(1)</script>", "，。；"],
)
def test_hostile_words_are_data(ward: Any, text: str) -> None:
    ward.note(text)
    told = ward.call("POST", "/diagnoses", json={"text": text})
    assert told["not_a_diagnosis"] is True
    ward.call("POST", "/triage", json={"complaint": text, "history": [text[:900]]})
    ward.code(text)
    ward.call("POST", "/questions", json={"question": text})
