"""The story that the demo tells, over the plugin's own routes with models in memory; and the sample it ships."""

import json
from importlib.resources import files
from typing import Any

from podion_medical.made_up import GUIDELINES, cases, marked, measurements, notes, symptoms
from podion_medical.schema import ClinicalText, CodedNote, MedicalText, RiskCase, TriageCase
from podion_medical.story import tell

POSTED = ("/notes", "/guidelines")


class Narrator:
    """A teller whose runs take no time: the models in memory answer."""

    def __init__(self, ward: Any) -> None:
        self.ward = ward
        self.chapters: list[tuple[str, str]] = []
        self.facts: dict[str, Any] = {}
        self.uploaded: dict[str, int] = {}
        self.charts: list[tuple[str, list[tuple[str, float]]]] = []

    def say(self, chapter: str, text: str, **facts: Any) -> None:
        self.chapters.append((chapter, text))
        self.facts |= facts

    def get(self, path: str, **query: Any) -> Any:
        return self.ward.call("GET", path, params=query)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        return self.ward.call("POST", path, 201 if path in POSTED else 200, json=body, params=query)

    def upload(self, task: str, rows: Any) -> Any:
        self.uploaded[task] = len(rows)
        return {"id": f"dst_{task}"}

    def run(self, task: str, dataset: str, method: str = "auto") -> Any:
        return {"adapter": "sha-1", "report": {"metrics": {"test": {"accuracy": 0.9}}}}

    def deploy(self, task: str, adapter: str) -> Any:
        return {"task": task, "adapter": adapter}

    def chart(self, title: str, bars: Any, *, unit: str = "") -> None:
        self.charts.append((title, list(bars)))


def test_the_story_goes_from_a_question_to_an_audit(ward: Any) -> None:
    narrator = Narrator(ward)
    tell(narrator)  # type: ignore[arg-type]
    told = [chapter for chapter, _ in narrator.chapters]
    assert told[0] == "question" and told[-2:] == ["why", "audit"]
    assert {"red flags", "conditions", "codes", "held back", "verdict", "triage", "risk", "CDS Hooks"} <= set(told)
    assert set(narrator.uploaded) == {"diagnosis", "coding", "triage", "risk"}
    assert narrator.facts["no_source"] is True
    assert narrator.facts["risk_residual"] <= 1e-4
    assert "Smith" not in narrator.facts["kept"] and "4711" not in narrator.facts["kept"]
    assert narrator.facts["deeds"] >= 3
    assert all(value >= 0 for _, bars in narrator.charts for _, value in bars)


def test_the_sample_is_what_its_generator_writes_and_holds_both_languages() -> None:
    text = files("podion_medical").joinpath("sample.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert rows == symptoms(240)
    assert 0.3 < sum(row["lang"] == "en" for row in rows) / len(rows) < 0.7
    assert len({row["label"] for row in rows}) == 5


def test_what_is_made_up_are_records_of_one_seed() -> None:
    assert [MedicalText.model_validate(row).label for row in symptoms(50)]
    urgencies = {TriageCase.model_validate(row).label for row in cases(80)}
    assert urgencies == {"1", "2", "3", "4", "5"}
    coded = [CodedNote.model_validate(row) for row in notes(60)]
    assert all(1 <= len(note.label or ()) <= 2 for note in coded)
    assert sum("no " in note.text.lower() or "无" in note.text for note in coded) > 10
    spans = [ClinicalText.model_validate(row) for row in marked(40)]
    assert all(note.text[span.start : span.end] for note in spans for span in note.label or ())
    outcomes = [RiskCase.model_validate(row).label for row in measurements(200)]
    assert 0.15 < outcomes.count("1") / len(outcomes) < 0.55
    assert notes(20) == notes(20) and notes(20) != notes(20, seed=3)
    assert {guideline["language"] for guideline in GUIDELINES} == {"en", "zh"}
