import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from podion.answers import LabelAnswer
from podion.errors import NotFound
from podion.hosting.adapter_files import Calibration, LoraFiles
from podion.hosting.engine import Engine
from podion.hosting.protocol import Answered, Call, Failed
from podion.nn import Head, Scores, States

Maker = Callable[..., Call]
HERE = __name__


class Row(BaseModel):
    text: str
    amount: float


class AmountHead(Head[Row, LabelAnswer]):
    """Answers by the record's amount alone."""

    def forward(self, states: States) -> torch.Tensor:
        amounts = states.features["amount"]
        return torch.stack([-amounts, amounts], dim=1)

    def loss(self, logits: torch.Tensor, records: Sequence[Row]) -> torch.Tensor:
        return logits.sum()

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        best = scores.probabilities.max(dim=-1)
        rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [LabelAnswer(label=self.label_space.labels[place], confidence=value) for place, value in rows]

    def features(self, records: Sequence[Row]) -> dict[str, torch.Tensor]:
        return {"amount": torch.tensor([record.amount for record in records])}


class ExplodingHead(AmountHead):
    features = Head.features

    def forward(self, states: States) -> torch.Tensor:
        raise ZeroDivisionError("in a plugin")


class ShapelessHead(ExplodingHead):
    def forward(self, states: States) -> torch.Tensor:
        return torch.zeros(1 + len(states.pooled), 2)


class ShapelyHead(ExplodingHead):
    def forward(self, states: States) -> torch.Tensor:
        return torch.zeros(len(states.pooled), 2)


class SilentHead(ExplodingHead):
    def forward(self, states: States) -> torch.Tensor:
        return torch.zeros(len(states.pooled), 2)

    def decode(self, scores: Scores) -> list[LabelAnswer]:
        return []


@pytest.fixture
def engine(bases: Path) -> Engine:
    return Engine(bases, device="cpu", threads=1)


def answers(result: Answered | Failed) -> tuple[dict[str, object], ...]:
    assert isinstance(result, Answered), result
    return result.answers


def failed(result: Answered | Failed) -> Failed:
    assert isinstance(result, Failed), result
    return result


def test_one_pass_answers_every_tenant_with_its_own_labels(engine: Engine, adapter: Maker) -> None:
    calls = [
        adapter(("hello", "the card"), labels=2, owner="a"),
        adapter(("my money",), labels=17, owner="b"),
        adapter(("in a bank", "now", "please"), labels=77, owner="c"),
    ]
    two, seventeen, many = (answers(result) for result in engine.answer(calls))
    assert [len(two), len(seventeen), len(many)] == [2, 1, 3]
    assert two[0].keys() == {"label", "confidence", "abstained", "alternatives", "possible"}
    assert {int(str(answer["label"]).removeprefix("label-")) for answer in many} <= set(range(77))
    assert engine.status()["rows"] == 6
    assert engine.status()["batches"] == 1


def test_alone_and_mixed_with_strangers_are_the_same(
    engine: Engine, adapter: Maker, lora_files: Callable[..., LoraFiles]
) -> None:
    calls = [
        adapter(("the card was lost", "hello"), lora=lora_files(1), owner="a"),
        adapter(("the card was lost",), seed=1, owner="b"),
        adapter(("refund my money please now",), lora=lora_files(2, rank=8), labels=9, owner="c"),
        adapter(("was the bank in the card", "a"), implementation="podion.hosting.heads:SpanTagger", owner="d"),
        adapter(("my card", "the bank"), implementation="podion.hosting.nested_spans:NestedSpanTagger", owner="e"),
    ]
    mixed = [answers(result) for result in engine.answer(calls)]
    for call, together in zip(calls, mixed, strict=True):
        for alone, answer in zip(answers(engine.answer([call])[0]), together, strict=True):
            assert abs(float(str(alone["confidence"])) - float(str(answer["confidence"]))) < 1e-5
            assert (alone.get("label"), alone.get("spans")) == (answer.get("label"), answer.get("spans"))
    assert mixed[0][0]["confidence"] != mixed[1][0]["confidence"]


def test_the_same_call_twice_gives_the_same_bits(engine: Engine, adapter: Maker, bases: Path) -> None:
    calls = [adapter(("the card was lost", "hello"), labels=5), adapter(("now",))]
    first = engine.answer(calls)
    assert engine.answer(calls) == first
    assert Engine(bases, device="cpu").answer(calls) == first


def test_calibration_decides_confidence_and_abstention(engine: Engine, adapter: Maker) -> None:
    sharp = adapter(labels=3, calibration=Calibration(temperature=0.01))
    flat = adapter(labels=3, calibration=Calibration(temperature=100.0, threshold=0.5))
    (high,), (low,) = (answers(result) for result in engine.answer([sharp, flat]))
    assert float(str(high["confidence"])) > 0.9
    assert float(str(low["confidence"])) < 0.4
    assert (high["abstained"], low["abstained"]) == (False, True)


SCORES = {"probability": 0.5, "energy": -100.0, "blend": 100.0, "distance": 2.0}


@pytest.mark.parametrize(("score", "threshold"), SCORES.items())
def test_the_score_decides_abstention_and_not_confidence(
    engine: Engine, adapter: Maker, score: str, threshold: float
) -> None:
    plain = adapter(labels=3)
    (expected,) = answers(engine.answer([plain])[0])
    options = {"centroids": True} if score == "distance" else {}
    call = adapter(
        labels=3, options=options, calibration=Calibration(temperature=0.5, threshold=threshold, score=score)
    )
    (found,) = answers(engine.answer([call])[0])
    assert found["confidence"] == expected["confidence"]
    below = float(str(found["confidence"])) < 0.5 if score == "probability" else threshold > 0
    assert found["abstained"] == below


def test_a_score_that_the_head_cannot_have_is_an_error_and_no_answer(engine: Engine, adapter: Maker) -> None:
    near = adapter(calibration=Calibration(threshold=0.5, score="distance"))
    own = adapter(
        calibration=Calibration(threshold=0.5, score="energy"), implementation=f"{HERE}:ShapelyHead", labels=2
    )
    first, second = (failed(result) for result in engine.answer([near, own]))
    assert (first.code, "centroids" in first.detail) == ("plugin_failed", True)
    assert (second.code, "ShapelyHead" in second.detail) == ("plugin_failed", True)


def test_heads_that_read_the_cut_answer_beside_others(
    engine: Engine, adapter: Maker, lora_files: Callable[..., LoraFiles]
) -> None:
    calls = [
        adapter(("the card was lost", "hello"), options={"cut": 1}, labels=4),
        adapter(("the card was lost",), labels=4),
        adapter(("refund my money",), options={"cut": 1}, labels=9, lora=lora_files(2, rank=8), owner="b"),
        adapter(("refund my money please now",), options={"cut": 2}, owner="c"),
    ]
    mixed = [answers(result) for result in engine.answer(calls)]
    for call, together in zip(calls, mixed, strict=True):
        for alone, answer in zip(answers(engine.answer([call])[0]), together, strict=True):
            assert abs(float(str(alone["confidence"])) - float(str(answer["confidence"]))) < 1e-5
            assert alone["label"] == answer["label"]
    (result,) = engine.answer([adapter(options={"cut": 9})])
    assert failed(result).code == "bad_adapter"


def test_an_intent_and_its_slots_share_the_frozen_layers(
    engine: Engine, adapter: Maker, lora_files: Callable[..., LoraFiles]
) -> None:
    texts = ("the card was lost", "refund my money")
    intent = adapter(texts, options={"cut": 1})
    upper = lora_files(1)
    kept = {name: array for name, array in upper.tensors.items() if "layer.0." not in name}
    slots = adapter(
        texts,
        implementation="podion.hosting.heads:SpanTagger",
        lora=LoraFiles(config=upper.config, tensors=kept),
    )
    engine.answer([intent, slots])
    status = engine.status()
    assert (status["rows"], status["lower_rows"], status["upper_rows"]) == (4, 2, 4)
    engine.answer([intent, dataclasses.replace(slots, owner="a stranger")])
    assert engine.status()["lower_rows"] == 2 + 2  # the stranger's: the intent's own are remembered
    assert engine.status()["upper_rows"] == 4 + 2


def test_a_failing_call_fails_alone(engine: Engine, adapter: Maker, tmp_path: Path) -> None:
    good = adapter(("hello",))
    damaged = adapter(("hello",), labels=4)
    (Path(damaged.folder) / "head.safetensors").write_bytes(b"0" * 100)
    nan = {"linear.weight": np.full((3, 32), np.nan, np.float32), "linear.bias": np.zeros(3, np.float32)}
    bad = {
        "unknown_adapter": dataclasses.replace(good, folder=str(tmp_path / "absent")),
        "damaged_adapter": damaged,
        "fingerprint_mismatch": adapter(fingerprint="0123456789abcdef"),
        "no_such_base": dataclasses.replace(good, base="absent"),
        "bad_output": adapter(tensors=nan),
        "plugin_failed": adapter(implementation=f"{HERE}:ExplodingHead", labels=2),
        "bad_record": dataclasses.replace(good, records=({"words": "hello"},)),
    }
    results = engine.answer([good, *bad.values(), good])
    alone = pytest.approx(answers(engine.answer([good])[0])[0]["confidence"], abs=1e-5)
    assert answers(results[0])[0]["confidence"] == answers(results[-1])[0]["confidence"] == alone
    assert [failed(result).code for result in results[1:-1]] == list(bad)


def test_a_text_that_cannot_be_read_fails_alone(engine: Engine, adapter: Maker) -> None:
    good, bad = adapter(("hello",), owner="a"), adapter(("hello", "half a \ud800 pair"), owner="b")
    results = engine.answer([good, bad, good])
    assert failed(results[1]).code == "internal"
    assert answers(results[0]) == answers(results[2])


def test_a_lora_that_computes_nan_stays_with_its_rows(
    engine: Engine, adapter: Maker, lora_files: Callable[..., LoraFiles]
) -> None:
    files = lora_files(1)
    broken = LoraFiles(
        config=files.config, tensors={name: np.full_like(array, 1e25) for name, array in files.tensors.items()}
    )
    good = adapter(("hello", "the card"), lora=lora_files(2))
    before = answers(engine.answer([good])[0])
    results = engine.answer([good, adapter(("the card was lost",), lora=broken)])
    assert failed(results[1]).code == "bad_output"
    assert [answer["label"] for answer in answers(results[0])] == [answer["label"] for answer in before]


def test_an_adapter_that_does_not_fit_the_base_fails(
    engine: Engine, adapter: Maker, lora_files: Callable[..., LoraFiles]
) -> None:
    (result,) = engine.answer([adapter(lora=lora_files(1, layers=9))])
    assert (failed(result).code, failed(result).status) == ("bad_adapter", 500)


def test_another_base_answers_only_its_own_adapters(engine: Engine, adapter: Maker) -> None:
    (result,) = engine.answer([dataclasses.replace(adapter(), base="other")])
    assert (failed(result).code, failed(result).status) == ("fingerprint_mismatch", 409)


@pytest.mark.parametrize(("head", "words"), [("ShapelessHead", "of 1 rows"), ("SilentHead", "decode made 0 answers")])
def test_what_is_no_answer_is_not_answered(engine: Engine, adapter: Maker, head: str, words: str) -> None:
    (result,) = engine.answer([adapter(implementation=f"{HERE}:{head}", labels=2)])
    assert failed(result).code == "bad_output"
    assert words in failed(result).detail


def test_a_head_reads_features_of_the_records(engine: Engine, adapter: Maker) -> None:
    call = adapter(implementation=f"{HERE}:AmountHead", record=f"{HERE}:Row", labels=2, tensors={})
    records = ({"text": "x", "amount": -5.0, "internal": 1}, {"text": "x", "amount": "5"})
    first, second = answers(engine.answer([dataclasses.replace(call, records=records)])[0])
    assert (first["label"], second["label"]) == ("label-0", "label-1")
    (result,) = engine.answer([dataclasses.replace(call, records=({"text": "x"},))])
    assert "amount" in failed(result).detail


def test_adapters_are_loaded_once_and_verified_at_each_load(bases: Path, adapter: Maker) -> None:
    first, second = adapter(labels=3), adapter(labels=4, seed=1)
    engine = Engine(bases, device="cpu", adapter_bytes=1)  # room for one only
    engine.answer([first, first])
    assert (engine.status()["adapter_loads"], engine.status()["adapter_hits"]) == (1, 1)
    engine.answer([second])
    assert (engine.status()["adapters"], engine.status()["adapter_loads"]) == (1, 2)
    (Path(first.folder) / "calibration.json").write_text("{}")
    assert failed(engine.answer([first])[0]).code == "damaged_adapter"


def test_no_records_have_no_answers(engine: Engine, adapter: Maker) -> None:
    assert answers(engine.answer([adapter(())])[0]) == ()
    assert engine.answer([]) == []


def test_embeddings_have_length_one_and_know_queries_from_passages(engine: Engine) -> None:
    vectors = engine.embed("tiny", ["hello", "the card was lost", "hello"])
    assert vectors.shape == (3, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-5)
    np.testing.assert_array_equal(engine.embed("tiny", ["hello"], "passage"), engine.embed("tiny", ["hello"]))
    with pytest.raises(NotFound):
        engine.embed("absent", ["hello"])
