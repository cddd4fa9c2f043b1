"""What answers look like, for the API's documents."""

from typing import Any

REASON: dict[str, Any] = {
    "code": "DEBT_RATIO",
    "text": {
        "en": "Debts and instalments compared with income: 0.55 or more",
        "zh": "负债与还款占收入的比例：0.55 或以上",
    },
    "feature": "debt_to_income",
    "value": 0.62,
    "bin": "debt_to_income 0.55 or more",
    "points": -31.4,
}
DECISION: dict[str, Any] = {
    "id": "dec_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "application_id": "A-20260317-0123",
    "applicant_ref": "c1f0a9",
    "at": "2026-03-17T09:30:00Z",
    "decided_at": "2026-03-17T09:30:02Z",
    "state": "decided",
    "score": 482,
    "pd": 0.41,
    "grade": "E",
    "action": "decline",
    "reasons": [REASON],
    "reasons_exact": True,
    "purely_automated": True,
    "task": "scorecard",
    "adapter": "9f2c…",
    "policy": "pol_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "prediction_ids": {"scorecard": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H"},
    "abstained": False,
    "logit": -0.364,
    "base_logit": -1.732,
    "contributions": [
        {"feature": "debt_to_income", "value": 0.62, "logit": 1.088, "bin": "debt_to_income 0.55 or more"}
    ],
    "reference_point": "an applicant to whom every feature adds 0, …",
    "beside": None,
    "human": None,
    "bad": None,
    "bad_observed_at": None,
}
APPLICATION: dict[str, Any] = {
    "application_id": "A-20260317-0123",
    "applicant_ref": "c1f0a9",
    "applied_at": "2026-03-17T09:30:00Z",
    "text": "Car for the new job, salary from May on.",
    "amount": 12000,
    "term_months": 48,
    "debt_to_income": 0.62,
    "housing": "rent",
    "sensitive": {"sex": "female", "age": 34},
}
PAYMENT: dict[str, Any] = {
    "transaction_id": "T-88121",
    "account": "acc-5f21",
    "at": "2026-03-17T23:41:07Z",
    "amount": 219.9,
    "terminal": "term-0417",
    "mcc": "5732",
    "channel": "pos",
    "currency": "EUR",
}
SCORED: dict[str, Any] = {
    "id": "txn_2c26b46b68ffc68ff99b453c1d304134",
    "transaction_id": "T-88121",
    "payment": PAYMENT,
    "windows": {"account_count_1d": 7.0, "terminal_risk_7d": 0.33},
    "probability": 0.83,
    "alert": True,
    "threshold": 0.41,
    "abstained": False,
    "adapter": "41ab…",
    "policy": "built-in",
    "prediction_id": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "fraud": None,
    "fraud_observed_at": None,
}
REVIEW: dict[str, Any] = {
    "id": "rev_dec_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "decision": "dec_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "why": "referred",
    "comment": "",
    "state": "waiting",
    "opened_at": "2026-03-17T09:30:02Z",
    "human": None,
}
POLICY: dict[str, Any] = {
    "bands": {"approve_below": 0.06, "decline_from": 0.2},
    "caps": [
        {
            "name": "amount_cap",
            "feature": "amount",
            "most": 50000,
            "action": "refer",
            "reason": {"en": "The amount is above what is granted without a person", "zh": "金额超过自动审批上限"},
        }
    ],
}
VERSION: dict[str, Any] = {
    "id": "pol_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "policy": POLICY,
    "note": "lower cut after the March figures",
    "by": "risk committee",
    "since": "2026-04-01T08:00:00Z",
    "replaces": "built-in",
}
