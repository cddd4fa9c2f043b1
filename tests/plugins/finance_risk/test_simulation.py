"""A draft over the past, the models beside each other, alerts within a budget, bins in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion import AdapterCard
from podion_finance_risk.alerting import RECENT, AlertBudget
from podion_finance_risk.bin_words import spoken
from podion_finance_risk.decisions import Application, Beside, Decision
from podion_finance_risk.fraud_report import report
from podion_finance_risk.model_comparison import compared, cost
from podion_finance_risk.policy import Bands, FraudPolicy, Policy, Watched
from podion_finance_risk.schema import Payment
from podion_finance_risk.simulation import Past, simulate
from podion_finance_risk.transactions import ScoredTransaction

DAY = datetime(2025, 1, 1, tzinfo=UTC)


def past(pd: float, bad: bool | None, **fields: Any) -> Past:
    decision = Decision(
        id="d", at=DAY, decided_at=DAY, score=600, pd=pd, grade="A", action="approve", reasons_exact=True,
        purely_automated=True, task="scorecard", adapter="a", policy="built-in", logit=0.0, reference_point="",
        bad=bad, beside=Beside(task="credit", adapter="c", pd=pd / 2, score=610),
    )  # fmt: skip
    return Past(decision=decision, application=Application(id="d", **fields))


def test_a_stricter_draft_approves_fewer_and_fewer_of_them_go_bad() -> None:
    loans = [past(place / 100, place > 60 and place % 2 == 0) for place in range(100)]
    strict = Policy(bands=Bands(approve_below=0.5, decline_from=0.9))
    told = simulate(loans, Policy(bands=Bands(approve_below=0.8, decline_from=0.9)), strict, version="v")
    assert (told.before.approved.count, told.after.approved.count) == (80, 50)
    assert (told.before.bad_of_approved.count, told.after.bad_of_approved.count) == (9, 0)
    assert told.changed == {"approve>refer": 30}
    assert [point.bad_of_approved.share for point in told.curve][-1] == pytest.approx(19 / 99)


def test_a_draft_is_judged_by_its_own_rules_and_its_own_model() -> None:
    loans = [past(0.2, None, applicant_ref="c-1"), past(0.2, None)]
    policy = Policy(bands=Bands(approve_below=0.15, decline_from=0.5))
    watched = Policy(bands=policy.bands, watch_list=(Watched(ref="c-1", action="decline"),))
    assert simulate(loans, policy, watched, version="v").after.actions == {"approve": 0, "refer": 1, "decline": 1}
    stronger = Policy(bands=policy.bands, decides="credit")
    assert simulate(loans, policy, stronger, version="v").after.actions["approve"] == 2, "its pd is half as high"


def test_unknown_outcomes_are_neither_good_nor_bad() -> None:
    told = simulate([past(0.01, None), past(0.01, True)], Policy(), Policy(), version="v")
    assert (told.after.bad_of_approved.count, told.after.bad_of_approved.of) == (1, 1)
    assert told.with_outcome == 1


def card(live: bool, auc: float, boosting: dict[str, Any]) -> AdapterCard:
    test = {"roc_auc": auc, "ece": 0.01, "slices": {}, "challengers": {"gradient_boosting": boosting}}
    return AdapterCard(
        adapter=f"{auc}", method="head", base="b", live=live, created_at=DAY, metrics={"test": test, "validation": {}}
    )


def test_models_stand_side_by_side_with_what_exactness_costs() -> None:
    cards = {
        "credit": [card(False, 0.99, {}), card(True, 0.80, {"roc_auc": 0.79})],
        "scorecard": [card(True, 0.78, {"roc_auc": 0.79})],
    }
    models = compared(cards)
    assert [(each.model, each.metrics["roc_auc"]) for each in models] == [
        ("credit", 0.80), ("gradient_boosting", 0.79), ("scorecard", 0.78), ("gradient_boosting", 0.79),
    ]  # fmt: skip
    told = cost(models)
    assert told.against_strong == pytest.approx(0.02)
    assert told.against_boosting == pytest.approx(0.01)
    failed = compared({"scorecard": [card(True, 0.78, {"error": "no rows"})]})
    assert [each.model for each in failed] == ["scorecard"]
    assert cost([]).against_strong is None


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=300), st.sampled_from([0.01, 0.05, 0.2]))
def test_alerts_stay_within_their_budget(probabilities: list[float], budget: float) -> None:
    seen = AlertBudget().seen(probabilities)
    threshold = seen.threshold(FraudPolicy(budget=budget, floor=0.05))
    assert threshold >= 0.05
    above = sum(value > threshold for value in seen.recent)
    assert above <= max(len(probabilities) * budget, 0) or threshold == 0.5


def test_only_the_latest_are_remembered() -> None:
    budget = AlertBudget().seen([0.9] * RECENT).seen([0.1] * RECENT)
    assert set(budget.recent) == {0.1}


def test_a_fraud_report_counts_what_is_known() -> None:
    def scored(amount: float, alert: bool, fraud: bool | None, days: float = 5) -> ScoredTransaction:
        payment = Payment(account="a", at=DAY, amount=amount)
        known = DAY + timedelta(days=days) if fraud is not None else None
        return ScoredTransaction(
            payment=payment, probability=0.5, alert=alert, threshold=0.4, adapter="a", policy="p", prediction_id="p",
            fraud=fraud, fraud_observed_at=known,
        )  # fmt: skip

    told = report([scored(90, True, True), scored(10, False, True, 7), scored(5, True, False), scored(5, True, None)])
    assert (told.recall.share, told.recall_by_value, told.precision.share) == (0.5, 0.9, 0.5)
    assert told.median_days_to_know == 6


@pytest.mark.parametrize(
    ("bin", "english", "chinese"),
    [
        ("amount between 900 and 1,200", "between 900 and 1,200", "900 至 1,200"),
        ("amount below 900", "below 900", "低于 900"),
        ("amount 900 or more", "900 or more", "900 或以上"),
        ("amount is missing", "not known", "未提供"),
        ("amount is something else", "something else", "其他"),
        ("amount is a car\nand a boat", "a car\nand a boat", "a car\nand a boat"),
        ("whatever", "whatever", "whatever"),
    ],
)
def test_a_bin_is_said_in_both_languages(bin: str, english: str, chinese: str) -> None:
    assert spoken(bin, "amount") == {"en": english, "zh": chinese}
