"""The engine reads a record as sent and the client gets offsets of it; what is kept is masked, its spans moved."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podion.catalogue.catalogue import Catalogue
from podion.data.masking.policies import Masking
from podion.errors import DataError
from podion.hosting.client import EngineClient
from podion.hosting.protocol import Answered, Call
from podion.lifecycle.predictor import Predictor
from podion.lifecycle.watchers import Watchers
from podion.lifecycle.zero_shot import ZeroShot
from podion.storage import enablements, predictions
from podion.storage.database import Database
from podion.storage.files import Files
from podion.vertical import Vertical

TEXT = "call 13812345678 on Monday"


class Engine:
    """Marks the day and the number, in the text that it is given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def answer(self, call: Call) -> Answered:
        texts = [str(record["text"]) for record in call.records]
        self.seen += texts
        spans = [{"start": 5, "end": 16, "label": "phone"}, {"start": 20, "end": 26, "label": "day"}]
        return Answered(answers=tuple({"confidence": 0.9, "spans": spans} for _ in texts))


class Prepared:
    async def adapter(self, *_: Any) -> Any:
        return SimpleNamespace(id="a" * 64, base="minilm-l6")


def test_the_answer_counts_the_text_as_sent_and_the_kept_one_the_masked(
    database: Database, files: Files, catalogue: Catalogue, vertical: Vertical, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    engine, task = Engine(), vertical.task("slots")
    assert task is not None
    predictor = Predictor(
        database=database, files=files, engine=cast(EngineClient, engine), zero_shot=cast(ZeroShot, Prepared()),
        watchers=Watchers(catalogue), masking=Masking(bytes(32)),
    )  # fmt: skip
    with database.writing() as c:
        enablements.put(c, bob, "customer_service", {}, {f"{task.name}.text": "reject"})
    records = [task.record(text=TEXT)]
    (answer,) = asyncio.run(predictor.predict(ada, vertical, task, records)).answers
    assert engine.seen == [TEXT]
    assert [TEXT[span.start : span.end] for span in answer.spans] == ["13812345678", "Monday"]
    with database.reading() as c:
        row = predictions.get(c, ada, answer.prediction_id)
    assert row is not None
    kept = row.record["text"]
    assert kept == "call [PHONE] on Monday"
    assert [kept[span["start"] : span["end"]] for span in row.answer["spans"]] == ["[PHONE]", "Monday"]
    with pytest.raises(DataError, match="phone number"):
        asyncio.run(predictor.predict(bob, vertical, task, records))
    assert engine.seen == [TEXT], "refused before the engine read it"
