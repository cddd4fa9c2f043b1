"""A head named by import path goes all the way: load, fit, adapter on disk, engine, answers of its own schema."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from podion import Method, NotFound, Task
from podion.catalogue.catalogue import load_plugins
from podion.catalogue.plugin_record import GROUP
from podion.finetuning.fit import FitRequest, fit
from podion.hosting.adapter_files import write_adapter
from podion.hosting.bases import find_base
from podion.hosting.encoder import Encoder
from podion.hosting.engine import Engine
from podion.hosting.protocol import Answered, Call
from podion.settings import Settings

LETTERS = ("my car was hit on the road, case {}", "please cancel the contract number {}")
ASKED = ({"text": "a truck hit my car", "pages": 2}, {"text": "I want to end my contract", "pages": 1})


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    try:
        base = find_base("minilm-l6", Settings().bases)
    except NotFound as error:
        pytest.skip(error.detail)
    return Encoder.load(base, device="cpu", threads=1)


@pytest.fixture
def task() -> Task:
    entry = EntryPoint("own_head", "podion_own_head.plugin", GROUP)
    return load_plugins(strict=True, entry_points=[entry]).task("own_head/desk")[1]


def _letters(task: Task, desks: tuple[str, str]) -> list[BaseModel]:
    values: Sequence[dict[str, Any]] = [
        {"text": LETTERS[row % 2].format(row), "pages": 1 + row % 4, "desk": desks[row % 2]} for row in range(24)
    ]
    return [task.record.model_validate(row) for row in values]


def _call(task: Task, encoder: Encoder, owner: str, method: Method, desks: tuple[str, str], folder: Path) -> Call:
    train = _letters(task, desks)
    request = FitRequest(task=task, task_name="own_head/desk", method=method, train=train, base=encoder.base)
    made = fit(request, encoder)
    assert made.metrics["validation"]["macro_f1"] == 1.0
    digest = write_adapter(folder / owner, made.parts)
    return Call(owner=owner, base=encoder.base.name, folder=str(folder / owner), digest=digest, records=ASKED)


def test_two_tenants_of_one_head_are_answered_in_one_pass(task: Task, encoder: Encoder, tmp_path: Path) -> None:
    ada = _call(task, encoder, "ada", Method.HEAD, ("claims", "contracts"), tmp_path)
    bob = _call(task, encoder, "bob", Method.LORA, ("south", "north"), tmp_path)
    results = Engine(encoder.base.path.parent, device="cpu", threads=1).answer([ada, bob])
    for result, expected in zip(results, (["claims", "contracts"], ["south", "north"]), strict=True):
        assert isinstance(result, Answered), result
        answers = [task.answer_schema.model_validate(answer) for answer in result.answers]
        assert [answer.model_dump()["label"] for answer in answers] == expected
        assert all(answer.model_dump()["margin"] > 0 for answer in answers)
