"""What an expert of credit and fraud would laugh at: each point of the list is a test, most over HTTP on a live server.

Two tenants: `bank` has a scorecard deployed, `stranger` has nothing.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podion_finance_risk.decisions import Decision
from podion_finance_risk.made_up import applications
from podion_finance_risk.schema import SENSITIVE, Transaction
from podion_finance_risk.tasks import TASKS, credit, fraud, scorecard
from podion_finance_risk.windows import TransactionHistory

API = "/v1/finance-risk"
LEARNED = 400
ROWS = [{**row, "text": ""} for row in applications(LEARNED + 40, days=700)]
OPEN = [{name: value for name, value in row.items() if name != "label"} for row in ROWS[LEARNED:]]


class Bank:
    """A tenant with a deployed scorecard, and what its run reported."""

    def __init__(self, server: Any) -> None:
        self.server, self.tenant = server, server.tenant("finance_risk")
        body = "".join(json.dumps(row) + "\n" for row in ROWS[:LEARNED]).encode()
        self.dataset = self.call("POST", "/datasets?task=scorecard", 201, content=body)["id"]
        asked = {"task": "scorecard", "dataset": self.dataset, "method": "head"}
        self.run = self.wait(self.call("POST", "/runs", 201, json=asked)["id"])
        assert self.run["state"] == "succeeded", self.run
        self.call("POST", "/deployments", 201, json={"task": "scorecard", "adapter": self.run["adapter"]})
        self.decisions = self.call("POST", "/applications:score-batch", json={"applications": OPEN})["data"]

    def call(self, method: str, path: str, status: int = 200, **arguments: Any) -> Any:
        return self.tenant.json(method, API + path, status, **arguments)

    def wait(self, run: str) -> Any:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            found = self.call("GET", f"/runs/{run}")
            if found["state"] in ("succeeded", "failed", "cancelled"):
                return found
            time.sleep(0.2)
        raise AssertionError(f"run {run} did not end: {found}")


@pytest.fixture(scope="module")
def bank(server: Any) -> Iterator[Bank]:
    yield Bank(server)


@pytest.mark.parametrize("task", [credit, scorecard, fraud], ids=lambda task: task.name)
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_the_split_goes_by_time_and_not_at_random(task: Any, share: float) -> None:
    """By the rule that the task declares, as a run splits: whatever is tested is later than all that was learned."""
    from podion.data.splits import split_rows

    assert task.split.time is not None
    times = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=7 * (place * 37 % 200)) for place in range(200)]
    learned, tested = split_rows(["0", "1"] * 100, None, times, share=share, seed=3, rule=task.split)
    assert max(times[place] for place in learned) < min(times[place] for place in tested)
    assert abs(len(tested) - 200 * share) <= 1


def test_accuracy_is_not_the_metric(bank: Bank) -> None:
    """Nine in ten pay: who approves everybody is right nine times in ten."""
    assert "accuracy" not in {task.primary_metric.name for task in TASKS}
    assert (scorecard.primary_metric.name, fraud.primary_metric.name) == ("roc_auc", "average_precision")
    told = bank.run["report"]["metrics"]["test"]
    assert {"roc_auc", "ks", "average_precision", "brier", "ece", "recall_at_1_percent"} <= set(told)


def test_probabilities_are_calibrated(bank: Bank) -> None:
    told = bank.run["report"]["metrics"]["test"]
    assert told["ece"] <= told["ece_noise_95"] + 0.1
    expected = sum(each["pd"] for each in bank.decisions)
    bad = sum(row["label"] == "1" for row in ROWS[LEARNED:])
    assert abs(expected - bad) <= 3 * (expected + 1) ** 0.5


def test_sensitive_attributes_are_no_input_and_what_stands_in_for_them_is_reported(bank: Bank) -> None:
    """Flipped in every way that a request can carry them they change nothing; no reason ever names one."""
    row = OPEN[3]
    assert {"sex", "age"} <= set(row)
    told = [
        bank.call("POST", "/applications:score", json={**row, **change})
        for change in ({"sex": "male", "age": 20}, {"sex": "female", "age": 69}, {"sensitive": {"religion": "x"}})
    ]
    assert len({(each["pd"], each["score"]) for each in told}) == 1
    for decision in [*told, *bank.decisions]:
        assert not set(SENSITIVE) & {each["feature"] for each in decision["contributions"]}
    report = bank.call("GET", "/fairness?least_group=5")
    assert {each["attribute"] for each in report["attributes"]} >= {"sex", "age"}
    assert "proxies" in report


@pytest.mark.parametrize("column", ["recoveries", "charged_off_at", "LOAN_STATUS"])
def test_what_is_only_known_afterwards_is_refused(bank: Bank, column: str) -> None:
    body = json.dumps({**ROWS[0], column: "1"}).encode()
    told = bank.call("POST", "/datasets?task=credit", 422, content=body)
    assert column in json.dumps(told)
    bank.call("POST", "/applications:score", 422, json={**OPEN[0], column: "1"})
    bank.call("POST", "/applications:score", 422, json={**OPEN[0], "label": "0"})


def test_there_is_a_reject_option(bank: Bank) -> None:
    """What the policy leaves between its bands, and of whom too little is known, goes to a person."""
    stranger = bank.call("POST", "/applications:score", json={"purpose": "a yacht", "amount": 3_000})
    assert (stranger["action"], stranger["abstained"]) == ("refer", True)
    assert [reason["code"] for reason in stranger["reasons"]] == ["model_unsure"]
    referred = [each for each in bank.decisions if each["action"] == "refer"]
    assert referred
    waiting = {each["decision"] for each in bank.call("GET", "/review-queue?limit=200")["data"]}
    assert {each["id"] for each in referred} <= waiting
    assert all(not each["purely_automated"] for each in referred)


def test_labels_are_not_assumed_instant() -> None:
    """A fraud of day 0 that became known on day 9 is no risk of its terminal before: in a run as on the server."""
    day = datetime(2025, 1, 1, tzinfo=UTC)
    stolen = Transaction(account="a", terminal="t", at=day, amount=9, label="1", label_known_at=day + timedelta(days=9))
    later = [Transaction(account="b", terminal="t", at=day + timedelta(days=days), amount=9) for days in (8, 10)]
    before, after = (record.windows or {} for record in TransactionHistory().follow([stolen, *later])[1:])
    assert before["terminal_frauds_30d"] == 0
    assert after["terminal_frauds_30d"] == 1


def test_outcomes_come_later_and_teach_the_next_run(bank: Bank) -> None:
    """What nobody knows yet teaches nothing; an outcome is kept with the day it was observed, and learned."""
    unknown, known = bank.decisions[0], bank.decisions[1]
    told = {"ref": known["id"], "kind": "default_12m", "value": 1, "observed_at": "2024-06-01T00:00:00Z"}
    bank.call("POST", "/outcomes", 201, json={"outcomes": [told]})
    assert bank.call("GET", f"/decisions/{known['id']}")["bad"] is True
    assert bank.call("GET", f"/decisions/{unknown['id']}")["bad"] is None
    grown = bank.call("POST", f"/datasets/{bank.dataset}:grow", 201, json={"feedback": True})
    assert grown["rows"] == LEARNED + 1
    before = sum(row["label"] == "1" for row in ROWS[:LEARNED])
    assert grown["labels"]["1"] == before + 1


def test_there_is_a_word_on_reject_inference(bank: Bank) -> None:
    told = [
        bank.call("GET", "/scorecard"),
        bank.call("POST", "/policy:simulate", json={"policy": {"bands": {"approve_below": 0.5, "decline_from": 0.6}}}),
    ]
    for report in told:
        assert report["rejected"]["count"] >= report["rejected"]["without_outcome"] > 0
        assert "Nothing is inferred of the rejected" in report["rejected"]["note"]


def test_reasons_are_what_was_added_up_and_no_explanation_after_the_fact(bank: Bank) -> None:
    """Contributions sum to the logit, equal input has equal reasons, and without the first the score is better."""
    worst = min(bank.decisions, key=lambda each: each["score"])
    for decision in bank.decisions:
        total = decision["base_logit"] + sum(each["logit"] for each in decision["contributions"])
        assert abs(total - decision["logit"]) <= 1e-4
        assert len(decision["reasons"]) <= 4
    explained = bank.call("GET", f"/decisions/{worst['id']}/explanation")
    assert explained["exact"] and explained["residual"] <= 1e-4
    heaviest = max(explained["contributions"], key=lambda each: each["logit"])
    assert worst["reasons"][0]["feature"] == heaviest["feature"]
    assert heaviest["points"] < 0
    row = next(row for row in OPEN if row["application_id"] == worst["application_id"])
    again = bank.call("POST", "/applications:score", json=row)
    assert again["reasons"] == worst["reasons"]
    notice = bank.call("GET", f"/decisions/{worst['id']}/adverse-action-notice?language=zh")
    assert all(reason["text"]["zh"] in notice["text"] for reason in worst["reasons"])


def test_the_direction_of_the_score_is_said(bank: Bank) -> None:
    by_score = sorted(bank.decisions, key=lambda each: each["score"])
    assert by_score[0]["pd"] > by_score[-1]["pd"]
    explained = bank.call("GET", f"/decisions/{by_score[0]['id']}/explanation")
    assert explained["direction"] == "higher is better"
    assert "higher is better" in Decision.model_json_schema()["properties"]["score"]["description"]


def test_why_was_it_declined_in_march_is_answered_by_the_very_version(bank: Bank) -> None:
    for decision in bank.decisions[:3]:
        told = bank.call("POST", f"/decisions/{decision['id']}:replay")
        assert told["equal"], told["differences"]
        assert told["adapter"] == bank.run["adapter"]


def test_a_phone_number_is_no_reference(bank: Bank) -> None:
    bank.call("POST", "/applications:score", 422, json={**OPEN[0], "applicant_ref": "13812345678"})
    kept = bank.call("POST", "/applications:score", json={**OPEN[0], "text": "call me on 13812345678"})
    assert bank.call("POST", f"/decisions/{kept['id']}:replay")["equal"], "the models read what was kept"


def test_another_lender_sees_nothing(bank: Bank) -> None:
    stranger = bank.server.tenant("finance_risk")
    decision = bank.decisions[0]["id"]
    for path in ("", "/explanation", "/adverse-action-notice"):
        stranger.json("GET", f"{API}/decisions/{decision}{path}", 404)
    stranger.json("POST", f"{API}/decisions/{decision}:replay", 404)
    told = stranger.json("POST", f"{API}/applications:score", 409, json=OPEN[0])
    assert told["code"] == "untrained"
    assert stranger.json("GET", f"{API}/decisions", 200)["data"] == []
