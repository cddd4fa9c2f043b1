"""Several labels, labels in an order and numbers go all the way: records, fit, adapter on disk, engine, answers."""

import random
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from podion.finetuning.fit import FitRequest, fit
from podion.head_kinds import MultiLabelHead, OrdinalHead, RegressionHead
from podion.hosting.adapter_files import write_adapter
from podion.hosting.encoder import Encoder
from podion.hosting.engine import Engine
from podion.hosting.protocol import Answered, Call
from podion.vertical import Method, Metric, Task

FILLERS = ["please", "my", "the", "now", "help", "about", "hello", "is"]
TOPICS = {"card": ["card", "lost", "stolen", "block"], "money": ["refund", "money", "back", "return"]}
TOPICS["weather"] = ["rain", "sun", "cloud", "wind"]
NAMES = tuple(TOPICS)
STEPS = ("none", "one", "two")


class Filed(BaseModel):
    text: str
    label: str | list[str] | None = None


class Graded(BaseModel):
    text: str
    label: str | None = None


class Rated(BaseModel):
    text: str
    label: float | None = None


def lines(kind: str, count: int = 240) -> list[BaseModel]:
    """Lines that name some topics; the label says which, or how many, or ten times as many and a little more."""
    generator = random.Random(5)
    made: list[BaseModel] = []
    for row in range(count):
        held = list(NAMES[: row % 3]) if kind != "several" else [name for name in NAMES if generator.random() < 0.4]
        words = [*generator.sample(FILLERS, 3), *(word for name in held for word in generator.sample(TOPICS[name], 2))]
        generator.shuffle(words)
        text = " ".join(words)
        match kind:
            case "several":
                made.append(Filed(text=text, label=held[0] if len(held) == 1 else held))
            case "order":
                made.append(Graded(text=text, label=STEPS[row % 3]))
            case _:
                made.append(Rated(text=text, label=10.0 * len(held) + generator.gauss(0, 1)))
    return made


TASKS: dict[str, dict[str, Any]] = {
    "several": {"record": Filed, "head": MultiLabelHead(), "metric": "micro_f1"},
    "order": {"record": Graded, "head": OrdinalHead(), "labels": STEPS, "metric": "quadratic_kappa", "coverage": 0.9},
    "number": {"record": Rated, "head": RegressionHead(), "metric": Metric("mae", better="lower")},
}


@pytest.mark.parametrize(
    ("kind", "method"),
    [("several", Method.HEAD), ("order", Method.HEAD), ("number", Method.HEAD), ("number", Method.LORA)],
)
def test_it_learns_and_the_engine_answers_what_was_measured(
    kind: str, method: Method, encoder: Encoder, tmp_path: Path
) -> None:
    task = Task(name=kind, methods=(Method.HEAD, Method.LORA), **TASKS[kind])
    rows = lines(kind)
    cut = 2 * len(rows) // 3
    request = FitRequest(
        task=task, task_name=f"kinds/{kind}", method=method, train=rows[:cut], test=rows[cut:], base=encoder.base
    )
    made = fit(request, encoder)
    test, calibration = made.metrics["test"], made.parts.calibration
    assert test["rows"] == len(rows) - cut
    assert test["standard_error"][task.primary_metric.name] >= 0
    digest = write_adapter(tmp_path / "a", made.parts)
    asked = tuple({"text": row.text} for row in rows[cut : cut + 3])  # type: ignore[attr-defined]
    engine = Engine(encoder.base.path.parent, device="cpu", threads=1)
    [result] = engine.answer(
        [Call(owner="ada", base=encoder.base.name, folder=str(tmp_path / "a"), digest=digest, records=asked)]
    )
    assert isinstance(result, Answered)
    answer = result.answers[0]
    match kind:
        case "several":
            assert test["micro_f1"] > 0.9
            assert calibration.thresholds is not None
            assert {one["label"] for one in [*answer["labels"], *answer["alternatives"]]} == set(NAMES)
        case "order":
            assert test["quadratic_kappa"] > 0.9
            assert made.parts.head.labels == STEPS
            assert answer["label"] in STEPS
            assert made.metrics["validation"]["rows"] == cut  # each was judged by a head that did not see it
            assert (made.rows["train"], made.rows["validation"]) == (cut, 0)
            assert calibration.level is not None
            assert answer["possible"][0] == answer["label"]
            assert test["coverage"] >= 0.88
            assert 1.0 <= test["set_size"] < 2.0
        case _:
            assert test["mae"] < 2.0
            assert test["coverage"] > 0.7
            assert (answer["high"] - answer["low"]) / 2 == pytest.approx(calibration.margin)
            assert made.parts.head.labels == ()
