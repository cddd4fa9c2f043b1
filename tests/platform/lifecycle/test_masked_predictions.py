"""The engine reads a record as sent and the client gets offsets of it; what is kept is masked, its spans moved."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from podion.catalogue.catalogue import Catalogue
from podion.data.masking.policies import Masking
from podion.errors import Conflict, DataError
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
        self.passes = 0

    async def answer_all(self, calls: Sequence[Call]) -> list[Answered]:
        self.passes += 1
        return [self._answered(call) for call in calls]

    def _answered(self, call: Call) -> Answered:
        texts = [str(record["text"]) for record in call.records]
        self.seen += texts
        spans = [{"start": 5, "end": 16, "label": "phone"}, {"start": 20, "end": 26, "label": "day"}]
        return Answered(answers=tuple({"confidence": 0.9, "label": "call", "spans": spans} for _ in texts))


class Prepared:
    def __init__(self, *untrained: str) -> None:
        self.untrained = untrained

    async def adapter(self, _tenant: str, name: str, _task: Any) -> Any:
        if name in self.untrained:
            raise Conflict(f"{name} has nothing to answer with yet", code="untrained")
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


def test_tasks_that_are_asked_together_share_a_pass_and_an_untrained_one_is_none(
    database: Database, files: Files, catalogue: Catalogue, vertical: Vertical, tenants: tuple[str, str]
) -> None:
    ada, bob = tenants
    engine = Engine()
    intent, slots = vertical.task("intent"), vertical.task("slots")
    assert intent is not None and slots is not None

    def predictor(*untrained: str) -> Predictor:
        return Predictor(
            database=database, files=files, engine=cast(EngineClient, engine),
            zero_shot=cast(ZeroShot, Prepared(*untrained)), watchers=Watchers(catalogue), masking=Masking(bytes(32)),
        )  # fmt: skip

    asked = [(intent, [intent.record(text=TEXT)]), (slots, [slots.record(text=TEXT)])]
    about, marked = asyncio.run(predictor().predict_together(ada, vertical, asked))
    assert about is not None and marked is not None
    assert engine.passes == 1
    assert (about.answers[0].label, len(marked.answers[0].spans)) == ("call", 2)
    with database.reading() as c:
        for each in (about, marked):
            assert predictions.get(c, ada, each.answers[0].prediction_id) is not None
            assert predictions.get(c, bob, each.answers[0].prediction_id) is None
    about, marked = asyncio.run(predictor("customer_service/slots").predict_together(ada, vertical, asked))
    assert about is not None and marked is None
    assert engine.passes == 2
    none = asyncio.run(
        predictor("customer_service/slots", "customer_service/intent").predict_together(ada, vertical, asked)
    )
    assert none == [None, None]
    assert engine.passes == 2, "nothing was asked, so nobody was"
