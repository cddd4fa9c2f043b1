"""A hospital's story, told over HTTP by `podion demo --vertical medical`: from the first question to an audit."""

from typing import Any

from podion import Teller
from podion_medical.made_up import GUIDELINES, cases, measurements, notes, symptoms

Row = dict[str, Any]

_SYMPTOMS, _CASES, _NOTES, _MEASURED = 120, 200, 140, 200
_ASKED = 60
_NOTE = (
    "Patient John Smith, MRN 4711-22, seen 3 March 2026. Chief complaint: chest pain. Denies fever. Mother had type 2"
    " diabetes. Plan: review."
)
_CHEST = {"complaint": "crushing chest pain into the left arm", "age": 61, "sex": "male", "vitals": {"spo2": 88}}
_CALL: Row = {
    "hook": "encounter-start",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/1", "patientId": "4711", "encounterId": "9"},
    "prefetch": {
        "patient": {"resourceType": "Patient", "gender": "male", "birthDate": "1964-05-02"},
        "encounter": {
            "resourceType": "Encounter",
            "status": "arrived",
            "class": {"code": "EMER"},
            "reasonCode": [{"text": _CHEST["complaint"]}],
        },
        "vitals": None,
    },
}


def tell(teller: Teller) -> None:
    """Tell the story: quotes and red flags at once, then models with evidence, verdicts, a card, where it came from."""
    _sources(teller)
    _rules(teller)
    _conditions(teller)
    coded = _codes(teller)
    _urgency(teller)
    _risks(teller)
    _card(teller)
    _audit(teller, coded)


def _sources(teller: Teller) -> None:
    for guideline in GUIDELINES:
        teller.post("/guidelines", guideline)
    for question in ("How soon are antibiotics given in septic shock?", "合并糖尿病的高血压患者目标血压是多少？"):
        told = teller.post("/questions", {"question": question})
        quote = next(iter(told["evidence"]), None)
        if quote is not None:
            where = f"{quote['title']} {quote['version']}, page {quote['page']}, {quote['start']}–{quote['end']}"
            teller.say("question", f"{question} “{quote['quote']}” ({where})")
        else:
            teller.say("question", f"{question} {told['why_abstained']}")
    nothing = teller.post("/questions", {"question": "Which bus goes to the station?"})
    teller.say("question", f"Which bus goes to the station? {nothing['why_abstained']}", no_source=nothing["abstained"])


def _rules(teller: Teller) -> None:
    told = teller.post("/triage", _CHEST)
    flags = ", ".join(flag["wording"]["en"] for flag in told["red_flags"])
    teller.say("red flags", f"before any training: urgency {told['urgency']} by {flags}; and a person decides")


def _conditions(teller: Teller) -> None:
    rows = symptoms(_SYMPTOMS)
    run = _trained(teller, "diagnosis", rows)
    teller.say("symptoms", f"{len(rows)} descriptions in two languages; held-out accuracy {_metric(run, 'accuracy')}")
    told = teller.post("/diagnoses", {"text": "dry, scaly patches on the scalp, itching skin, no fever"})
    if told["abstained"]:
        teller.say("conditions", told["why_abstained"])
    for item in told["items"][:2]:
        evidence = "; ".join(f"“{each['quote']}”" for each in item["evidence"]) or "nothing"
        teller.say("conditions", f"{item['code']}, p = {item['confidence']:.2f}, by {evidence}")


def _codes(teller: Teller) -> Row:
    rows = notes(_NOTES)
    run = _trained(teller, "coding", rows)
    teller.say(
        "notes",
        f"{len(rows)} coded notes, split by patient and time; held-out micro-F1 {_metric(run, 'micro_f1')}"
        " (on made-up notes, which says nothing of real ones)",
    )
    note = teller.post("/notes", {"id": "note-1", "text": _NOTE, "patient_ref": "MRN-4711"})
    teller.say("kept", f"“{note['text']}”, patient {note['patient_ref']}", kept=note["text"])
    told = teller.post("/notes:code", {"note": "note-1"})
    for item in told["items"]:
        evidence = "; ".join(f"“{each['quote']}”" for each in item["evidence"])
        teller.say("codes", f"{item['code']} ({told['system']} {told['system_version']}) by {evidence}")
    for held in told["held_back"]:
        evidence = "; ".join(f"“{each['quote']}”" for each in held["evidence"])
        teller.say("held back", f"{held['code']}: {held['why']}, {evidence}")
    teller.post(
        f"/suggestions/{told['id']}:override", {"reason": "the chest pain alone is coded", "correct": ["R07.4"]}
    )
    teller.say("verdict", "the coder overrides with R07.4 and says why: feedback for the next run")
    return told


def _urgency(teller: Teller) -> None:
    rows = cases(_CASES + _ASKED)
    run = _trained(teller, "triage", rows[:_CASES])
    report = teller.post("/reports/triage", {"cases": rows[_CASES:]})
    under = report["under_triage"]
    teller.say(
        "triage",
        f"{len(rows)} made-up cases, held-out kappa {_metric(run, 'quadratic_kappa')}; of {report['cases']} later ones"
        f" {under['count']} too low, at most {under['upper_95']:.1%} with 95 % certainty;"
        f" {report['abstained']['count']} left to a person, {report['raised_by_flags']} raised by red flags",
        under_triage_upper_95=under["upper_95"],
    )
    bars = [(f"surest {point['coverage']:.0%}", 100 * point["risk"]) for point in report["coverage_risk"][1::2]]
    teller.chart("Wrong urgency of the model alone, by how many it answers", bars, unit=" %")


def _risks(teller: Teller) -> None:
    rows = measurements(_MEASURED)
    run = _trained(teller, "risk", rows)
    told = teller.post("/risks", {"age": 58, "glucose": 171, "body_mass_index": 34.2, "pressure": 80})
    parts = ", ".join(f"{each['feature']} {each['logit']:+.2f}" for each in told["contributions"][:3])
    total = told["base_logit"] + sum(each["logit"] for each in told["contributions"])
    teller.say(
        "risk",
        f"AUC {_metric(run, 'roc_auc')}; p = {told['probability']:.2f}: {parts};"
        f" the sum misses the log-odds by {abs(total - told['logit']):.0e}",
        risk_residual=abs(total - told["logit"]),
    )


def _card(teller: Teller) -> None:
    told = teller.post("/cds-services/medical-triage", _CALL)
    [card] = told["cards"]
    teller.say("CDS Hooks", f"{card['indicator']}: {card['summary']}", card=card["summary"])
    word = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"reason": {"code": "already-done"}, "userComment": "seen by cardiology"},
        "outcomeTimestamp": "2026-03-17T09:31:00Z",
    }
    teller.post("/cds-services/medical-triage/feedback", {"feedback": [word]})
    teller.say("CDS Hooks", "the clinician overrides the card: already done; kept, and fed back")


def _audit(teller: Teller, coded: Row) -> None:
    told = teller.get(f"/provenance/{coded['id']}")
    model, source = told["model"], told["sources"][0]
    teller.say(
        "why",
        f"{model['task']} {model['adapter'][:8]} ({model['method']} on {model['base']}), note {source['id']} version"
        f" {source['version']}, {len(told['evidence'])} stretches, asked by {told['asked_by'][:12]}…",
    )
    deeds = teller.get("/audit", target=coded["id"])["data"]
    shown = " · ".join(deed["action"].removeprefix("medical.") for deed in reversed(deeds))
    teller.say("audit", f"of that suggestion: {shown}", deeds=len(deeds))


def _trained(teller: Teller, task: str, rows: list[Row]) -> Row:
    run = teller.run(task, teller.upload(task, rows)["id"], "head")
    teller.deploy(task, run["adapter"])
    return run


def _metric(run: Row, name: str) -> str:
    metrics = run["report"]["metrics"]
    found = (metrics.get("test") or metrics["validation"]).get(name)
    return "not measured" if found is None else f"{found:.3f}"
