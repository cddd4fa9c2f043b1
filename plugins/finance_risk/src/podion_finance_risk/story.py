"""A lender's story, told over HTTP by `podion demo --vertical finance_risk`: from old loans to an audit."""

from datetime import datetime, timedelta
from typing import Any

from podion import Teller
from podion_finance_risk.made_up import FIRST_DAY, applications, payments

LEARNED, ASKED = 1_200, 240
_HISTORY_DAYS, _STREAM_DAYS = 24, 2
_AT_ONCE = 120
_REMEMBERED = 240
"""Payments of the past whose windows the server is to know: those of the last six days or so."""

Row = dict[str, Any]

POLICY: Row = {
    "bands": {"approve_below": 0.35, "decline_from": 0.5},
    "caps": [
        {
            "name": "amount_cap",
            "feature": "amount",
            "most": 40_000,
            "reason": {"en": "The amount is above what is granted without a person", "zh": "金额超过自动审批上限"},
        }
    ],
    "creditor": "Example Credit, 1 Main Street",
    "contact": "review@example.test",
}


def tell(teller: Teller) -> None:
    """Tell the story: learn, decide, explain, give notice, simulate, watch payments, replay."""
    rows = applications(LEARNED + ASKED, days=1_080)
    _learn(teller, rows[:LEARNED])
    decisions = _decide(teller, rows[LEARNED:])
    declined = _explain(teller, decisions)
    _outcomes(teller, decisions, rows[LEARNED:])
    _simulate(teller)
    _watch(teller)
    again = teller.post(f"/decisions/{declined['id']}:replay")
    teller.say(
        "audit",
        f"why was {declined['application_id']} not approved? adapter {again['adapter'][:8]}, policy {again['policy']}:"
        f" made again it is {'the same, to the point' if again['equal'] else again['differences']}",
        replay_equal=again["equal"],
    )


def _learn(teller: Teller, rows: list[Row]) -> None:
    bad = sum(row["label"] == "1" for row in rows)
    teller.say("loans", f"{len(rows)} applications of 30 months, in two languages; {bad} went bad", rows=len(rows))
    found = {}
    for task in ("scorecard", "credit"):
        dataset = teller.upload(task, rows)
        run = teller.run(task, dataset["id"], "head")
        teller.deploy(task, run["adapter"])
        found[task] = run
    report = teller.get("/scorecard")
    told = {each["model"]: round(each["metrics"]["roc_auc"], 3) for each in report["models"]}
    teller.say(
        "models",
        "AUC on the latest loans: " + ", ".join(f"{name} {value:.3f}" for name, value in told.items()),
        auc=told,
    )


def _decide(teller: Teller, rows: list[Row]) -> list[Row]:
    teller.put("/policy", {"policy": POLICY, "by": "risk committee", "note": "first bands"})
    asked = [{name: value for name, value in row.items() if name != "label"} for row in rows]
    decisions: list[Row] = []
    for start in range(0, len(asked), _AT_ONCE):
        decisions += teller.post("/applications:score-batch", {"applications": asked[start : start + _AT_ONCE]})["data"]
    counts = {action: sum(each["action"] == action for each in decisions) for action in ("approve", "refer", "decline")}
    teller.say(
        "decisions",
        ", ".join(f"{count} {action}" for action, count in counts.items())
        + f"; scores from {min(each['score'] for each in decisions)} to {max(each['score'] for each in decisions)},"
        " higher is better",
        **counts,
    )
    return decisions


def _explain(teller: Teller, decisions: list[Row]) -> Row:
    """Return the worst decision by score, explained."""
    worst = min(
        (each for each in decisions if each["action"] == "decline"), key=lambda each: each["score"], default=None
    )
    worst = worst or min(decisions, key=lambda each: each["score"])
    explained = teller.get(f"/decisions/{worst['id']}/explanation")
    teller.say(
        "reasons",
        f"{worst['application_id']}, score {worst['score']}: "
        + "; ".join(
            f"{reason['text']['en']} ({reason['points']:+.0f})" for reason in worst["reasons"] if reason["points"]
        )
        + f". The sum misses the log-odds by {explained['residual']:.0e}",
        residual=explained["residual"],
    )
    for language in ("en", "zh"):
        notice = teller.get(f"/decisions/{worst['id']}/adverse-action-notice", language=language)
        teller.say("notice", " ".join(notice["text"].splitlines()[:3]))
    return worst


def _outcomes(teller: Teller, decisions: list[Row], rows: list[Row]) -> None:
    """Tell how the granted loans went: of the others nobody knows."""
    told = [
        {
            "ref": decision["id"],
            "kind": "default_12m",
            "value": int(row["label"]),
            "observed_at": (datetime.fromisoformat(row["applied_at"]) + timedelta(days=90)).isoformat(),
        }
        for decision, row in zip(decisions, rows, strict=True)
        if decision["action"] == "approve"
    ]
    for start in range(0, len(told), 500):
        teller.post("/outcomes", {"outcomes": told[start : start + 500]})
    bad = sum(each["value"] for each in told)
    teller.say("outcomes", f"{len(told)} granted loans, {bad} went bad; each outcome is feedback for the next run")


def _simulate(teller: Teller) -> None:
    stricter = {**POLICY, "bands": {"approve_below": 0.12, "decline_from": 0.4}}
    told = teller.post("/policy:simulate", {"policy": stricter})
    before, after = told["before"], told["after"]
    teller.say(
        "policy",
        f"a stricter band would approve {after['approved']['share']:.0%} instead of {before['approved']['share']:.0%},"
        f" of whom {after['bad_of_approved']['share'] or 0:.1%} instead of"
        f" {before['bad_of_approved']['share'] or 0:.1%} went bad;"
        f" of {told['rejected']['without_outcome']} turned down nobody knows how they would have gone",
        before=before["approved"]["share"],
        after=after["approved"]["share"],
    )
    points = [point for point in told["curve"] if point["bad_of_approved"]["share"] is not None]
    for title, name in (("Approved, by cut", "approved"), ("Gone bad of those approved, by cut", "bad_of_approved")):
        bars = [(f"pd below {point['approve_below']:.2f}", 100 * point[name]["share"]) for point in points[2::3]]
        teller.chart(title, bars, unit=" %")


def _watch(teller: Teller) -> None:
    history = payments(_HISTORY_DAYS + _STREAM_DAYS)
    cut = (FIRST_DAY + timedelta(days=_HISTORY_DAYS)).isoformat()
    past = [row for row in history if row["at"] < cut]
    run = teller.run("fraud", teller.upload("fraud", past)["id"], "head")
    teller.deploy("fraud", run["adapter"])
    teller.put("/policy", {"policy": {**POLICY, "fraud": {"budget": 0.08, "floor": 0.1}}, "by": "fraud desk"})
    stream = [row for row in history if row["at"] >= cut]
    known = past[-_REMEMBERED:]
    scored = _scored(teller, known)
    frauds = [row for row in known if row["label"] == "1" and row["label_known_at"] < cut]
    teller.post(
        "/outcomes",
        {
            "outcomes": [
                {"ref": row["transaction_id"], "kind": "chargeback", "value": 1, "observed_at": row["label_known_at"]}
                for row in frauds
            ]
        },
    )
    latest = _scored(teller, stream)
    alerts = sum(each["alert"] for each in latest)
    caught = sum(each["alert"] and row["label"] == "1" for each, row in zip(latest, stream, strict=True))
    there = sum(row["label"] == "1" for row in stream)
    teller.say(
        "payments",
        f"{len(scored)} payments seen, {len(frauds)} charged back days later; of the next {len(stream)},"
        f" {alerts} raise an alert, with {caught} of {there} frauds among them",
        alerts=alerts,
        caught=caught,
        frauds=there,
    )


def _scored(teller: Teller, rows: list[Row]) -> list[Row]:
    """Return the answers to payments, sent as they were known when they were made."""
    hidden = ("label", "label_known_at")
    sent = [{name: value for name, value in row.items() if name not in hidden} for row in rows]
    answers: list[Row] = []
    for start in range(0, len(sent), _AT_ONCE):
        answers += teller.post("/transactions:score-batch", {"transactions": sent[start : start + _AT_ONCE]})["data"]
    return answers
