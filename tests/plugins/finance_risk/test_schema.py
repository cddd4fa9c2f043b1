"""Records: what is a feature, what is a label, what is withheld, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from podion_finance_risk.schema import AFTERWARDS, SENSITIVE, CreditApplication, Customer, RiskText, Transaction
from podion_finance_risk.tasks import customer_class, fraud, scorecard

NOON = "2024-07-01T12:00:00+00:00"


def test_every_other_field_is_a_feature_of_whatever_kind() -> None:
    record = CreditApplication.model_validate({"amount": 3, "rate": 0.5, "housing": "own", "new": True, "late": None})
    assert record.features() == {"amount": 3, "rate": 0.5, "housing": "own", "new": True, "late": None}
    assert CreditApplication.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize(
    ("given", "label"),
    [(1, "1"), (0, "0"), (1.0, "1"), (True, "1"), ("bad", "1"), ("Good", "0"), ("1", "1"), (None, None)],
)
def test_outcomes_are_read_in_the_usual_ways(given: Any, label: str | None) -> None:
    assert CreditApplication(label=given).label == label


def test_a_customers_class_is_taken_as_it_is() -> None:
    assert Customer.model_validate({"label": "good", "balance": 1}).label == "good"
    assert Customer(label=3).label == "3"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Sex", "AGE", "Marital Status", "foreign-worker"])
def test_a_sensitive_field_is_known_however_it_is_spelt(name: str) -> None:
    [seen] = CreditApplication.model_validate({name: 1}).features()
    assert seen in SENSITIVE
    assert seen in scorecard.sensitive
    assert seen in customer_class.sensitive


@pytest.mark.parametrize("name", AFTERWARDS)
def test_what_is_only_known_afterwards_is_no_feature(name: str) -> None:
    with pytest.raises(ValidationError, match="only after the decision"):
        CreditApplication.model_validate({name.upper(): 1})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1], {"a": 1}, "x" * 501, b"\xff"])
def test_what_is_no_value_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        CreditApplication.model_validate({"amount": value})
    assert {fault["loc"][0] for fault in raised.value.errors()} == {"amount"}


def test_too_many_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="at most 1,000"):
        CreditApplication.model_validate({f"f{place}": place for place in range(1_005)})


def test_a_time_without_a_zone_is_utc() -> None:
    made = Transaction.model_validate({"account": "a", "at": "2024-07-01T12:00:00", "amount": 1})
    assert made.at == datetime(2024, 7, 1, 12, tzinfo=UTC)
    assert CreditApplication(applied_at=NOON).applied_at == made.at  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"amount": "many"}, {"amount": float("inf")}, {"account": ""}, {"at": ""}, {"x": 1}])
def test_a_transaction_is_closed(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Transaction.model_validate({"account": "a", "at": NOON, "amount": 1, **wrong})


def test_fraud_is_looked_for_and_learned_out_of_time() -> None:
    assert (fraud.positive, fraud.labels, fraud.split.time) == ("1", ("0", "1"), "at")
    assert fraud.history is not None


@pytest.mark.parametrize("text", ["", " \n\t", "　"])
def test_a_text_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        RiskText(text=text)
