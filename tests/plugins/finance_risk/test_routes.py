"""Every route of financial risk over HTTP, with models in memory: what is kept, what is refused, who sees it."""

from typing import Any

import pytest

from podion_finance_risk.decisions import Application, Decision, ReviewItem
from podion_finance_risk.made_up import payments
from podion_finance_risk.schema import Transaction
from podion_finance_risk.transactions import ScoredTransaction, WindowState
from podion_finance_risk.windows import TransactionHistory


def test_an_application_is_decided_with_its_reasons(lender: Any) -> None:
    good, bad = lender.score(), lender.score(**lender.risky)
    assert (good["action"], good["reasons"], good["state"]) == ("approve", [], "decided")
    assert bad["action"] == "decline"
    told = [reason["code"] for reason in bad["reasons"]]
    assert told == ["LATE_PAYMENTS", "DEBT_RATIO", "SAVINGS", "UTILISATION"]
    assert good["score"] > bad["score"]
    assert good["pd"] < bad["pd"]
    assert (bad["task"], bad["adapter"], bad["policy"]) == ("scorecard", "card-1", "built-in")
    assert bad["beside"]["task"] == "credit"
    assert bad["purely_automated"] and bad["reasons_exact"]
    assert lender.call("GET", f"/decisions/{bad['id']}") == bad


def test_a_batch_is_decided_in_its_order(lender: Any) -> None:
    sent = [{"debt_to_income": 0.1 * place, "application_id": f"A-{place}"} for place in range(12)]
    told = lender.call("POST", "/applications:score-batch", json={"applications": sent})["data"]
    assert [each["application_id"] for each in told] == [each["application_id"] for each in sent]
    assert len({each["id"] for each in told}) == 12
    scores = [each["score"] for each in told]
    assert scores == sorted(scores, reverse=True)


def test_sensitive_attributes_reach_no_model_wherever_they_stand(lender: Any) -> None:
    decided = lender.score(sex="female", Age=41, sensitive={"religion": "none"})
    for _, record in lender.caller.seen:
        assert not {"sex", "Age", "age", "religion", "sensitive"} & set(record.model_dump())
    kept = Application.model_validate_json(lender.caller.store.kept[Application][decided["id"]])
    assert kept.sensitive == {"sex": "female", "age": 41, "religion": "none"}
    assert "sex" not in kept.features


def test_nothing_is_kept_while_nothing_can_decide(lender: Any) -> None:
    lender.caller.deployed = {"credit"}
    told = lender.score(409)
    assert told["code"] == "untrained"
    assert "start a run" in told["detail"]
    assert not lender.caller.store.kept.get(Application)
    assert not lender.caller.store.kept.get(Decision)


@pytest.mark.parametrize(
    "fields",
    [
        {"label": "1"},
        {"recoveries": 200},
        {"debt_to_income": [0.2]},
        {"debt_to_income": {"a": 1}},
        {"applied_at": "yesterday"},
        {"application_id": "x" * 129},
        {"text": "x" * 5_001},
        {"savings": 10**400},
        {"sensitive": {"sex": ["f"]}},
    ],
)
def test_an_application_that_cannot_be_read_is_refused(lender: Any, fields: dict[str, Any]) -> None:
    lender.score(422, **fields)
    assert not lender.caller.store.kept


@pytest.mark.parametrize(
    "text", ["\x00", "\u202eevil", "'; DROP TABLE decisions; --", "🙂" * 500, "<script>alert(1)</script>"]
)
def test_hostile_words_are_data(lender: Any, text: str) -> None:
    decided = lender.score(text=text, purpose=text, **{text[:50]: 3})
    explained = lender.call("GET", f"/decisions/{decided['id']}/explanation")
    assert explained["residual"] <= 1e-4


def test_an_explanation_adds_up_and_a_notice_says_it_in_both_languages(lender: Any) -> None:
    lender.policy(creditor="Example Credit, 1 Main Street", contact="review@lender.example")
    decided = lender.score(**lender.risky)
    explained = lender.call("GET", f"/decisions/{decided['id']}/explanation")
    total = explained["base_logit"] + sum(each["logit"] for each in explained["contributions"])
    assert abs(total - explained["logit"]) <= 1e-4
    points = 600 - 20 / 0.6931471805599453 * 3.912023005428146 - 20 / 0.6931471805599453 * total
    assert abs(points - decided["score"]) <= 0.5
    assert explained["direction"] == "higher is better"
    told = {
        lang: lender.call("GET", f"/decisions/{decided['id']}/adverse-action-notice?language={lang}")
        for lang in ("en", "zh")
    }
    for language, notice in told.items():
        assert 1 <= len(notice["reasons"]) <= 4
        assert all(reason["text"][language] in notice["text"] for reason in notice["reasons"])
        assert "Example Credit" in notice["text"]
        assert "review@lender.example" in notice["text"]
    assert "was not approved" in told["en"]["text"]
    assert "未获批准" in told["zh"]["text"]


def test_an_approval_has_no_notice(lender: Any) -> None:
    decided = lender.score()
    assert lender.call("GET", f"/decisions/{decided['id']}/adverse-action-notice", 409)["code"] == "not_adverse"


def test_the_strong_model_never_declines_and_its_reasons_are_not_called_exact(lender: Any) -> None:
    lender.policy(decides="credit")
    decided = lender.score(**lender.risky)
    assert (decided["task"], decided["action"], decided["reasons_exact"]) == ("credit", "refer", False)
    assert [reason["code"] for reason in decided["reasons"]] == ["no_exact_reasons"]
    assert lender.call("GET", f"/decisions/{decided['id']}/explanation")["exact"] is False
    assert lender.score()["action"] in ("approve", "refer")


def test_a_person_is_asked_decides_and_stands_with_the_decision(lender: Any) -> None:
    decided = lender.score(**lender.risky)
    item = lender.call("POST", f"/decisions/{decided['id']}:request-human-review", 201, json={"comment": "please look"})
    assert item["why"] == "requested"
    lender.call("POST", f"/decisions/{decided['id']}:request-human-review", 409, json={})
    assert [each["id"] for each in lender.call("GET", "/review-queue")["data"]] == [item["id"]]
    verdict = {"action": "approve", "by": "Mei", "reason": "The debts are paid off since May."}
    path = f"/review-queue/{item['id']}:decide"
    assert lender.call("POST", path, json=verdict)["human"]["by"] == "Mei"
    lender.call("POST", path, 409, json={**verdict, "by": "Jan"})
    lender.call("POST", path, 422, json={**verdict, "reason": " "})
    now = lender.call("GET", f"/decisions/{decided['id']}")
    assert (now["state"], now["purely_automated"], now["human"]["action"]) == ("reviewed", False, "approve")
    assert now["action"] == "decline", "what the machine said stays as it was"
    assert lender.call("GET", "/review-queue")["data"] == []
    assert lender.call("GET", "/review-queue?state=decided")["data"][0]["human"]["reason"] == verdict["reason"]
    assert [name for name, _ in lender.caller.events] == ["review.opened"]


def test_what_is_referred_waits_in_the_queue(lender: Any) -> None:
    decided = lender.score(debt_to_income=0.9, late_payments=0)
    assert (decided["action"], decided["state"], decided["purely_automated"]) == ("refer", "under_review", False)
    [item] = lender.call("GET", "/review-queue")["data"]
    assert (item["decision"], item["why"]) == (decided["id"], "referred")
    declined = {"action": "decline", "by": "Mei", "reason": "The income could not be proven."}
    lender.call("POST", f"/review-queue/{item['id']}:decide", json=declined)
    notice = lender.call("GET", f"/decisions/{decided['id']}/adverse-action-notice")
    assert "could not be proven" in notice["text"]
    assert "A person decided." in notice["text"]


def test_policies_are_versions_and_old_decisions_keep_theirs(lender: Any) -> None:
    assert lender.call("GET", "/policy")["id"] == "built-in"
    first = lender.score(debt_to_income=0.9)
    put = lender.policy(bands={"approve_below": 0.9, "decline_from": 0.95})
    assert put["replaces"] == "built-in"
    second = lender.score(debt_to_income=0.9)
    assert (first["action"], second["action"]) == ("refer", "approve")
    assert (first["policy"], second["policy"]) == ("built-in", put["id"])
    again = lender.policy(bands={"approve_below": 0.01, "decline_from": 0.02})
    versions = lender.call("GET", "/policy/versions")["data"]
    assert [each["id"] for each in versions] == [again["id"], put["id"]]
    assert lender.call("GET", "/policy") == again
    for decision in (first, second):
        assert lender.call("POST", f"/decisions/{decision['id']}:replay")["equal"]


@pytest.mark.parametrize(
    "policy",
    [
        {"bands": {"approve_below": 0.5, "decline_from": 0.2}},
        {"grades": [{"name": "A", "below": 0.5}]},
        {"grades": [{"name": "A", "below": 0.5}, {"name": "B", "below": 0.2}, {"name": "C", "below": 1}]},
        {"caps": [{"name": "women", "feature": "sex", "values": ["f"], "reason": {"en": "no", "zh": "不"}}]},
        {"caps": [{"name": "never", "feature": "amount", "reason": {"en": "no", "zh": "不"}}]},
        {"scale": {"doubling": 0}},
        {"decides": "horoscope"},
        {"surprise": 1},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(lender: Any, policy: dict[str, Any]) -> None:
    lender.policy(422, **policy)
    assert lender.call("GET", "/policy")["id"] == "built-in"


def test_caps_and_watch_lists_come_before_the_score(lender: Any) -> None:
    cap = {
        "name": "amount_cap",
        "feature": "amount",
        "most": 50_000,
        "reason": {"en": "Too much at once", "zh": "金额过高"},
    }
    watched = {"ref": "c-9", "action": "decline", "reason": {"en": "Known from an earlier fraud", "zh": "曾涉欺诈"}}
    lender.policy(caps=[cap], watch_list=[watched])
    assert lender.score(amount=49_000)["action"] == "approve"
    capped = lender.score(amount=51_000)
    assert (capped["action"], [reason["code"] for reason in capped["reasons"]]) == ("refer", ["amount_cap"])
    seen = lender.score(applicant_ref="c-9")
    assert (seen["action"], [reason["code"] for reason in seen["reasons"]]) == ("decline", ["watch_list"])
    assert "earlier fraud" in lender.call("GET", f"/decisions/{seen['id']}/adverse-action-notice")["text"]


def test_outcomes_come_later_are_kept_once_and_fed_back(lender: Any) -> None:
    decided = lender.score(application_id="A-77")
    lender.outcome("A-77", 1)
    lender.outcome("A-77", 1)
    told = lender.call("GET", f"/decisions/{decided['id']}")
    assert told["bad"] is True
    assert sorted(lender.caller.reviews) == sorted((id, "1") for id in decided["prediction_ids"].values())
    assert len(lender.call("GET", "/outcomes")["data"]) == 1
    lender.outcome("A-77", 0, days=100)
    assert lender.call("GET", f"/decisions/{decided['id']}")["bad"] is True, "what was observed later holds"


def test_outcomes_that_cannot_be_are_refused_and_none_is_kept(lender: Any) -> None:
    lender.score(application_id="A-1")
    sound = {"ref": "A-1", "kind": "default_12m", "value": 1, "observed_at": "2025-07-01T00:00:00Z"}
    for wrong, pointer in [
        ({"ref": "A-2"}, "/outcomes/1/ref"),
        ({"observed_at": "2099-01-01T00:00:00Z"}, "/outcomes/1/observed_at"),
        ({"observed_at": "2020-01-01T00:00:00Z"}, "/outcomes/1/observed_at"),
    ]:
        told = lender.call("POST", "/outcomes", 422, json={"outcomes": [sound, {**sound, **wrong}]})
        assert told["faults"] == [pointer]
    lender.call("POST", "/outcomes", 422, json={"outcomes": [{**sound, "value": 2}]})
    lender.call("POST", "/outcomes", 422, json={"outcomes": [{**sound, "kind": "customer_class"}]})
    assert lender.call("GET", "/outcomes")["data"] == []
    assert lender.caller.reviews == []


def test_a_draft_policy_is_tried_on_the_past(lender: Any) -> None:
    for place in range(40):
        lender.score(application_id=f"A-{place}", debt_to_income=place / 40)
        if place % 2 == 0:
            lender.outcome(f"A-{place}", int(place > 30))
    draft = {"bands": {"approve_below": 0.2, "decline_from": 0.5}}
    told = lender.call("POST", "/policy:simulate", json={"policy": draft})
    assert (told["decisions"], told["with_outcome"], told["complete"]) == (40, 20, True)
    assert told["after"]["approved"]["share"] > told["before"]["approved"]["share"]
    assert told["after"]["bad_of_approved"]["share"] >= told["before"]["bad_of_approved"]["share"]
    assert sum(told["changed"].values()) > 0
    rates = [point["approved"]["share"] for point in told["curve"]]
    assert rates == sorted(rates)
    assert told["rejected"]["count"] > 0
    assert "Nothing is inferred" in told["rejected"]["note"]
    assert lender.call("GET", "/policy")["id"] == "built-in", "a draft does not hold"


def test_reports_are_there_before_there_is_anything_to_report(lender: Any) -> None:
    assert lender.call("GET", "/stability")["score"]["verdict"] == "too_few"
    assert lender.call("GET", "/fairness")["attributes"] == []
    assert lender.call("GET", "/fraud-report")["transactions"] == 0
    assert lender.call("POST", "/policy:simulate", json={"policy": {}})["curve"] == []
    lender.caller.deployed = set()
    told = lender.call("GET", "/scorecard")
    assert (told["adapter"], told["table"]) == (None, [])


def test_the_scorecard_tells_its_points(lender: Any) -> None:
    told = lender.call("GET", "/scorecard")
    assert told["adapter"] == "card-1"
    assert {line["feature"] for line in told["table"]} == {"debt_to_income", "late_payments", "utilisation", "savings"}
    assert all((line["logit"] > 0) == (line["points"] < 0) for line in told["table"])


def test_stability_looks_at_two_periods(lender: Any) -> None:
    body = [
        {"applied_at": f"2024-0{month}-{day:02}T00:00:00Z", "debt_to_income": 0.01 * day + (month == 6) * 0.3}
        for month in (5, 6)
        for day in range(1, 29)
        for _ in range(3)
    ]
    lender.call("POST", "/applications:score-batch", json={"applications": body})
    told = lender.call("GET", "/stability?since=2024-06-01T00:00:00Z")
    [feature] = told["features"]
    assert (feature["name"], feature["verdict"], told["score"]["verdict"]) == ("debt_to_income", "shifted", "shifted")
    lender.call("GET", "/stability?since=2024-06-01T00:00:00Z&base_since=2024-07-01T00:00:00Z", 422)


def test_transactions_see_their_past_and_alert_within_the_budget(lender: Any) -> None:
    lender.policy(fraud={"budget": 0.02, "floor": 0.1})
    sent = [
        {
            "account": "acc-1",
            "terminal": "term-1",
            "at": f"2024-07-01T12:{place // 2:02}:{place % 2 * 30:02}",
            "amount": 10,
        }
        for place in range(110)
    ]
    lender.call("POST", "/transactions:score-batch", json={"transactions": sent})
    high = lender.pay(minutes=200, amount=900, transaction_id="T-high")
    assert high["alert"] and high["probability"] > high["threshold"]
    assert high["windows"]["account_count_1d"] == 110
    alerts = lender.call("GET", "/transactions?alert=true")["data"]
    assert [each["id"] for each in alerts] == [high["id"]]
    assert [name for name, _ in lender.caller.events] == ["fraud.alerted"]
    assert lender.call("GET", f"/transactions/{high['id']}") == high


def test_a_transaction_sent_twice_counts_once(lender: Any) -> None:
    first = lender.pay(transaction_id="T-1")
    assert lender.pay(transaction_id="T-1") == first
    assert lender.pay(minutes=5, transaction_id="T-2")["windows"]["account_count_1d"] == 1
    assert len(lender.caller.store.kept[ScoredTransaction]) == 2


def test_a_batch_of_transactions_is_taken_in_order_of_time(lender: Any) -> None:
    sent = [
        {"account": "acc-1", "terminal": "term-1", "at": f"2024-07-01T12:{minute:02}:00", "amount": 5}
        for minute in (30, 10, 20)
    ]
    told = lender.call("POST", "/transactions:score-batch", json={"transactions": sent})["data"]
    assert [each["payment"]["at"][14:16] for each in told] == ["30", "10", "20"]
    assert [each["windows"]["account_count_1h"] for each in told] == [2, 0, 1]


def test_a_fraud_told_later_is_a_risk_of_its_terminal_from_then_on(lender: Any) -> None:
    paid = lender.pay(transaction_id="T-1", amount=300)
    lender.outcome("T-1", 1, days=4, kind="chargeback")
    told = lender.call("GET", f"/transactions/{paid['id']}")
    assert told["fraud"] is True
    assert lender.caller.reviews == [(paid["prediction_id"], "1")]
    before = lender.pay(minutes=3 * 24 * 60, account="acc-2")
    after = lender.pay(minutes=5 * 24 * 60, account="acc-2")
    assert before["windows"].get("terminal_frauds_7d", 0) == 0, "the outcome was observed a day later"
    assert after["windows"]["terminal_frauds_7d"] == 1
    report = lender.call("GET", "/fraud-report")
    assert (report["frauds"], report["median_days_to_know"]) == (1, 4.0)


def test_the_servers_windows_are_those_that_a_run_computes(lender: Any) -> None:
    """One by one over HTTP as in one go over a file, whose labels of old are known as `0` after three days."""
    rows = [{**row, "label": "0", "label_known_at": None} for row in payments(5, accounts=4, terminals=5)]
    expected = TransactionHistory().follow([Transaction.model_validate(row) for row in rows])
    for row, record in zip(rows, expected, strict=True):
        sent = {name: value for name, value in row.items() if not name.startswith("label")}
        told = lender.call("POST", "/transactions:score", json=sent)
        assert told["windows"] == pytest.approx(record.windows)


@pytest.mark.parametrize(
    "fields",
    [
        {"account": ""},
        {"amount": "NaN"},
        {"amount": None},
        {"at": "noon"},
        {"label": "1"},
        {"windows": {"terminal_risk_7d": 0}},
    ],
)
def test_a_transaction_that_cannot_be_read_is_refused(lender: Any, fields: dict[str, Any]) -> None:
    lender.pay(422, **fields)
    assert not lender.caller.store.kept.get(WindowState)


def test_transactions_leave_no_trace_while_nothing_can_score_them(lender: Any) -> None:
    lender.caller.deployed = set()
    assert lender.pay(409)["code"] == "untrained"
    assert not lender.caller.store.kept.get(WindowState)


def test_texts_and_customers_are_put_into_classes(lender: Any) -> None:
    told = lender.call("POST", "/texts:score", json={"texts": [{"text": "confirm your password", "label": "none"}]})
    assert told["answers"][0]["label"] == "phishing"
    lender.call("POST", "/texts:score", 422, json={"texts": [{"text": "  "}]})
    [customer] = lender.call(
        "POST", "/customers:classify", json={"customers": [{"customer_ref": "c-1", "balance": 3}]}
    )["data"]
    assert all(record.label is None for _, record in lender.caller.seen)
    told = {"ref": "c-1", "kind": "customer_class", "value": "leaving", "observed_at": customer["at"]}
    lender.call("POST", "/outcomes", 201, json={"outcomes": [told]})
    assert lender.caller.reviews == [(customer["prediction_id"], "leaving")]


def test_two_lenders_never_meet(two_lenders: list[Any]) -> None:
    ours, theirs = two_lenders
    decided = ours.score(debt_to_income=0.9)
    paid = ours.pay(transaction_id="T-1")
    ours.policy(bands={"approve_below": 0.5, "decline_from": 0.6})
    item = next(iter(ours.caller.store.kept[ReviewItem]))
    for path in (f"/decisions/{decided['id']}", f"/decisions/{decided['id']}/explanation",
                 f"/decisions/{decided['id']}/adverse-action-notice", f"/transactions/{paid['id']}"):  # fmt: skip
        theirs.call("GET", path, 404)
    theirs.call("POST", f"/decisions/{decided['id']}:replay", 404)
    theirs.call("POST", f"/decisions/{decided['id']}:request-human-review", 404, json={})
    verdict = {"action": "approve", "by": "Eve", "reason": "mine now"}
    theirs.call("POST", f"/review-queue/{item}:decide", 404, json=verdict)
    theirs.outcome(decided["id"], 1, status=422)
    assert theirs.call("GET", "/policy")["id"] == "built-in"
    assert theirs.pay(minutes=5)["windows"]["account_count_1d"] == 0
    for path in ("/decisions", "/policy/versions", "/review-queue", "/outcomes"):
        assert theirs.call("GET", path)["data"] == []
    assert ours.call("GET", f"/decisions/{decided['id']}")["bad"] is None


def test_a_replay_by_another_version_would_be_told(lender: Any) -> None:
    """The versions differ by half a unit of log-odds: had the live one answered, the replay would not be equal."""
    decided = lender.score(**lender.risky)
    lender.caller.version = "card-2"
    now = lender.score(**lender.risky)
    assert now["pd"] > decided["pd"]
    told = lender.call("POST", f"/decisions/{decided['id']}:replay")
    assert told["equal"] and told["adapter"] == "card-1" and told["differences"] == []
    kept = lender.caller.store.kept[Decision]
    kept[decided["id"]] = kept[decided["id"]].replace('"adapter":"card-1"', '"adapter":"card-2"')
    told = lender.call("POST", f"/decisions/{decided['id']}:replay")
    assert not told["equal"]
    assert {each["field"] for each in told["differences"]} >= {"pd", "score"}


def test_decisions_are_found_by_what_the_tenant_knows(lender: Any) -> None:
    first = lender.score(application_id="A-1")
    lender.score(application_id="A-2", **lender.risky)
    assert [each["id"] for each in lender.call("GET", "/decisions?application_id=A-1")["data"]] == [first["id"]]
    assert [each["application_id"] for each in lender.call("GET", "/decisions?action=decline")["data"]] == ["A-2"]
    page = lender.call("GET", "/decisions?limit=1")
    assert page["data"][0]["application_id"] == "A-2"
    rest = lender.call("GET", f"/decisions?limit=1&cursor={page['next']}")
    assert rest["data"][0]["application_id"] == "A-1"
    lender.call("GET", "/decisions?action=maybe", 422)
