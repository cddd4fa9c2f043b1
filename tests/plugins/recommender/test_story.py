"""The story that the demo tells, over the plugin's own routes with a model in memory."""

from datetime import UTC, datetime
from typing import Any

import pytest

from podion import AdapterCard
from podion_recommender import story
from podion_recommender.made_up import items
from podion_recommender.story import CUSTOMERS, STEPS, tell


class Narrator:
    """A teller whose run takes no time: the model in memory puts each shelf in its order."""

    def __init__(self, counter: Any) -> None:
        self.counter, self.caller = counter, counter.tenant.caller
        self.chapters: list[tuple[str, str]] = []
        self.facts: dict[str, Any] = {}
        self.uploaded = 0
        self.charts: list[tuple[str, list[tuple[str, float]]]] = []

    def say(self, chapter: str, text: str, **facts: Any) -> None:
        self.chapters.append((chapter, text))
        self.facts |= facts

    def get(self, path: str, **query: Any) -> Any:
        return self.counter.call("GET", path, params=query)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        status = {"/experiments": 201, "/offline-eval": 202}.get(path, 200)
        return self.counter.call("POST", path, status, json=body, params=query)

    def upload(self, task: str, rows: Any) -> Any:
        self.uploaded += len(rows)
        return {"id": "dst_1"}

    def run(self, task: str, dataset: str, method: str = "auto") -> Any:
        return {"adapter": "adapter-1", "report": {}}

    def deploy(self, task: str, adapter: str) -> Any:
        made = datetime.now(UTC)
        self.caller.ranking = [item["item_id"] for item in items()]
        self.caller.cards = [AdapterCard(adapter=adapter, method="head", base="b", live=True, created_at=made)]
        return {}

    def chart(self, title: str, bars: Any, *, unit: str = "") -> None:
        self.charts.append((title, list(bars)))


def test_the_story_goes_from_an_empty_shelf_to_an_experiment(counter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "VISITORS", 20)
    narrator = Narrator(counter)
    narrator.caller.found = ["camping-new", "camping-03-en"]
    tell(narrator)  # type: ignore[arg-type]
    assert [chapter for chapter, _ in narrator.chapters] == [
        "shop", "at once", "next item", "a purchase", "a new item", "without persons", "experiment", "off policy",
    ]  # fmt: skip
    assert 0.8 < narrator.uploaded / (CUSTOMERS * STEPS) < 0.9, "the latest visits are kept back, to judge by"
    facts = narrator.facts
    assert facts["fallback"] == "untrained" and facts["model_spoke"] is True
    assert (facts["returned"], facts["cold_place"], facts["personalized"]) == (0, 1, False)
    assert set(facts["ndcg"]) == {"next_item", "popularity", "item_cosine", "sequence_cosine", "als"}
    assert facts["verdict"] in ("better", "worse", "open", "sample_ratio")
    told = dict(narrator.chapters)
    assert "clicks a place" in told["experiment"] and "clicks a place" in told["off policy"]
    [(title, bars)] = narrator.charts
    assert "NDCG@10" in title and [value for _, value in bars] == sorted((value for _, value in bars), reverse=True)
