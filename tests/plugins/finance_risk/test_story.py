"""The story that the demo tells, over the plugin's own routes with models in memory; and the sample it ships."""

import json
from importlib.resources import files
from typing import Any

from podion import AdapterCard
from podion_finance_risk.made_up import FIRST_DAY, applications, payments, texts
from podion_finance_risk.schema import CreditApplication, RiskText, Transaction
from podion_finance_risk.story import tell


class Narrator:
    """A teller whose runs take no time: the models in memory answer."""

    def __init__(self, lender: Any) -> None:
        self.lender = lender
        self.chapters: list[tuple[str, str]] = []
        self.facts: dict[str, Any] = {}
        self.uploaded: dict[str, int] = {}
        self.charts: list[tuple[str, list[tuple[str, float]]]] = []

    def say(self, chapter: str, text: str, **facts: Any) -> None:
        self.chapters.append((chapter, text))
        self.facts |= facts

    def get(self, path: str, **query: Any) -> Any:
        return self.lender.call("GET", path, params=query)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        status = 201 if path == "/outcomes" else 200
        return self.lender.call("POST", path, status, json=body, params=query)

    def put(self, path: str, body: Any) -> Any:
        return self.lender.call("PUT", path, json=body)

    def upload(self, task: str, rows: Any) -> Any:
        self.uploaded[task] = len(rows)
        return {"id": f"dst_{task}"}

    def run(self, task: str, dataset: str, method: str = "auto") -> Any:
        made = AdapterCard(
            adapter="card-1",
            method=method,
            base="b",
            live=True,
            created_at=FIRST_DAY,
            metrics={"test": {"roc_auc": 0.8}},
        )
        self.lender.caller.cards[task] = [made]
        return {"adapter": "card-1", "report": {}}

    def deploy(self, task: str, adapter: str) -> Any:
        return {"task": task, "adapter": adapter}

    def chart(self, title: str, bars: Any, *, unit: str = "") -> None:
        self.charts.append((title, list(bars)))


def test_the_story_goes_from_loans_to_an_audit(lender: Any) -> None:
    narrator = Narrator(lender)
    tell(narrator)  # type: ignore[arg-type]
    told = [chapter for chapter, _ in narrator.chapters]
    assert told == [
        "loans", "models", "decisions", "reasons", "notice", "notice", "outcomes", "policy", "payments", "audit",
    ]  # fmt: skip
    assert set(narrator.uploaded) == {"scorecard", "credit", "fraud"}
    assert narrator.facts["replay_equal"] is True
    assert narrator.facts["residual"] <= 1e-4
    assert narrator.facts["after"] < narrator.facts["before"]
    assert [len(bars) > 3 for _, bars in narrator.charts] == [True, True]
    assert all(value >= 0 for _, bars in narrator.charts for _, value in bars)


def test_the_sample_is_what_its_generator_writes_and_holds_both_languages() -> None:
    text = files("podion_finance_risk").joinpath("sample.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert rows == applications(400)
    records = [CreditApplication.model_validate(row) for row in rows]
    assert 0.1 < sum(record.label == "1" for record in records) / len(records) < 0.3
    told = [record.text for record in records if record.text]
    assert 60 < len(told) < 140
    assert 0.3 < sum(words.isascii() for words in told) / len(told) < 0.7
    assert any(record.features()["employment_months"] is None for record in records)


def test_made_up_payments_and_texts_are_records() -> None:
    made = [Transaction.model_validate(row) for row in payments(9)]
    assert made == sorted(made, key=lambda each: each.at)
    assert 0.005 < sum(each.label == "1" for each in made) / len(made) < 0.2
    assert {RiskText.model_validate(row).label for row in texts()} == {"complaint", "phishing", "spam", "none"}
    assert payments(9) == payments(9)
