"""Codes of a note: by categories where codes are rare, with the stretches that speak for them, and what coders ask."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from podion import DataError, LabelSpace
from podion.hosting.adapter_files import Calibration
from podion.hosting.answering import scores_of
from podion.nn import States
from podion_medical.code_evidence import stretches
from podion_medical.heads.coding import LEAST_NOTES, CodingHead
from podion_medical.hierarchy import category_of, rolled_up
from podion_medical.schema import CodedNote, CodesAnswer

HIDDEN = 16
WORDS = {"I10": "hypertension", "E11.9": "diabetes", "J45.0": "asthma", "I21.1": "inferior", "I21.4": "subendocardial"}
RARE = (("I21.1", ()), ("I21.4", ("I10",)), ("I21.4", ()), ("I21.1", ("J45.0",)))
FILLERS = ["patient", "seen", "today", "with", "known", "and", "stable"]


def note(codes: Sequence[str], seed: int, **others: Any) -> CodedNote:
    generator = random.Random(seed)
    words = [*generator.sample(FILLERS, 4), *(WORDS[code] for code in codes)]
    generator.shuffle(words)
    text = " ".join(words)
    marked = [
        {"start": text.index(WORDS[code]), "end": text.index(WORDS[code]) + len(WORDS[code]), "label": code}
        for code in codes
    ]
    return CodedNote.model_validate({"text": text, "label": list(codes), "evidence": marked, **others})


def notes() -> list[CodedNote]:
    """42 notes: three codes are frequent, and two heart attacks of different kinds have 4 notes each."""
    made = [note(random.Random(seed).sample(["I10", "E11.9", "J45.0"], 1 + seed % 2), seed) for seed in range(34)]
    return made + [note([code, *others], seed) for seed, (code, others) in enumerate(RARE * 2, start=100)]


def states_of(records: Sequence[CodedNote]) -> States:
    """States in which a word is a vector of its own; heart attacks share most of theirs."""
    generator = torch.Generator().manual_seed(1)
    vectors = {word: torch.randn(HIDDEN, generator=generator) for word in [*FILLERS, *WORDS.values()]}
    vectors["inferior"] = vectors["subendocardial"] + 0.1 * vectors["inferior"]
    rows = [record.text.split(" ") for record in records]
    length = max(map(len, rows))
    tokens = torch.zeros(len(rows), length, HIDDEN)
    offsets = torch.zeros(len(rows), length, 2, dtype=torch.long)
    for row, words in enumerate(rows):
        start = 0
        for place, word in enumerate(words):
            tokens[row, place] = vectors[word]
            offsets[row, place] = torch.tensor([start, start + len(word)])
            start += len(word) + 1
    return States(pooled=tokens.mean(1), tokens=tokens, mask=offsets[:, :, 1] > 0, offsets=offsets)


def answers_of(head: CodingHead, records: Sequence[CodedNote], **calibration: Any) -> list[CodesAnswer]:
    states = states_of(records)
    with torch.inference_mode():
        return head.decode(scores_of(head, Calibration(**calibration), head(states), states))


@pytest.fixture(scope="module")
def head() -> CodingHead:
    torch.manual_seed(0)
    records = notes()
    made = CodingHead(HIDDEN, LabelSpace(tuple(sorted(WORDS))))
    made.fit_features(records)
    states = states_of(records)
    optimiser = torch.optim.Adam(made.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        made.loss(made(states), records).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return made.eval()


def test_every_code_is_found_with_the_word_that_says_so(head: CodingHead) -> None:
    record = note(["I10", "J45.0"], 99)
    (answer,) = answers_of(head, [record])
    assert {one.label for one in answer.labels} == {"I10", "J45.0"}
    best = {one.code: record.text[one.start : one.end] for one in reversed(answer.evidence)}
    assert best == {"I10": "hypertension", "J45.0": "asthma"}
    assert (answer.system, answer.system_version) == ("ICD-10", "")


def test_a_code_seen_too_rarely_is_answered_by_its_category(head: CodingHead) -> None:
    assert LEAST_NOTES > 3
    record = note(["I21.4"], 99)
    (answer,) = answers_of(head, [record])
    assert [one.label for one in answer.labels] == ["I21"]
    assert not {"I21.1", "I21.4"} & {one.label for one in answer.alternatives}
    assert record.text[answer.evidence[0].start : answer.evidence[0].end] == "subendocardial"
    assert answer.labels[0].confidence > 0.7, "the category is as probable as its rare codes together"


def test_each_code_has_its_own_threshold(head: CodingHead) -> None:
    record = note(["I10"], 5)
    bars = [0.5] * len(WORDS)
    assert [one.label for one in answers_of(head, [record], thresholds=tuple(bars))[0].labels] == ["I10"]
    bars[sorted(WORDS).index("I10")] = 1.1
    refused = answers_of(head, [record], thresholds=tuple(bars))[0]
    assert refused.labels == () == refused.evidence
    assert refused.alternatives[0].label == "I10"


def test_a_saved_head_answers_as_before(head: CodingHead) -> None:
    records = notes()[30:]
    loaded = CodingHead(HIDDEN, head.label_space, **head.options())
    loaded.load_state_dict(head.state_dict())
    assert answers_of(loaded.eval(), records) == answers_of(head, records)


def test_a_text_without_tokens_is_answered_without_evidence(head: CodingHead) -> None:
    empty = States(
        torch.zeros(2, HIDDEN), torch.zeros(2, 0, HIDDEN), torch.zeros(2, 0, dtype=torch.bool), torch.zeros(2, 0, 2)
    )
    found = head.decode(scores_of(head, Calibration(), head(empty), empty))
    assert [answer.evidence for answer in found] == [(), ()]


def test_notes_of_two_code_systems_teach_nothing_together() -> None:
    fresh = CodingHead(HIDDEN, LabelSpace(("I10",)))
    with pytest.raises(DataError, match=r"ICD-10 2016, ICD-10-CM 2024.*an adapter learns one"):
        fresh.fit_features(
            [note(["I10"], 1, system_version="2016"), note(["I10"], 1, system="ICD-10-CM", system_version="2024")]
        )
    fresh.fit_features([note(["I10"], 1, system="ICD-10-CN", system_version="2.0")] * 2)
    assert fresh.options() == {"system": "ICD-10-CN", "version": "2.0", "counts": [2]}


def test_what_coders_ask(head: CodingHead) -> None:
    records = [note(["I10", "E11.9"], 50), note(["I21.4"], 51), note(["I21.1"], 52)]
    answers = answers_of(head, records)
    found = head.measure(answers, records)
    assert found["precision_at_5"] == pytest.approx((2 + 1 + 1) / 15)
    assert found["rolled_micro_f1"] == found["rare_f1"] == found["evidence_recall"] == 1.0
    wrong = head.measure(answers[::-1], records)
    assert wrong["rolled_micro_f1"] < 0.5
    unheard = [note(["I10"], 50).model_copy(update={"label": ["Z99.9"]})]
    assert head.measure(answers[:1], unheard)["precision_at_8"] == 0.0
    assert head.measure(answers, [record.model_copy(update={"label": None}) for record in records]) == {}


@pytest.mark.parametrize(
    ("code", "system", "category"),
    [
        ("I21.4", "ICD-10", "I21"), ("I10", "ICD-10", "I10"), ("C7A.010", "ICD-10-CM", "C7A"),
        ("I21.400x002", "ICD-10-CN", "I21"), ("E11900", "ICD-10-CN", "E11"), ("BA41.0", "ICD-11", "BA41"),
        ("22298006", "SNOMED CT", "22298006"), ("myocardial", "ICD-10", "myocardial"),
        ("label_01", "ICD-10", "label_01"),
    ],
)  # fmt: skip
def test_the_category_of_a_code(code: str, system: str, category: str) -> None:
    assert category_of(code, system) == category
    assert category_of(category, system) == category


def test_rare_codes_roll_up_and_frequent_ones_stay() -> None:
    assert rolled_up(["I21.4", "I21.1", "I10"], {"I21.4": 9, "I21.1": 2, "I10": 9}, 5) == {"I21.4", "I21", "I10"}


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_stretches_lie_where_something_speaks_for_the_code(said: list[float]) -> None:
    offsets = [(3 * place, 3 * place + 2) for place in range(len(said))]
    found = stretches(said, offsets)
    assert len(found) <= 3
    assert bool(found) == (sum(value for value in said if value > 0) > 0)
    assert sum(stretch.weight for stretch in found) <= 1 + 1e-9
    for stretch in found:
        inside = [
            value
            for value, (start, end) in zip(said, offsets, strict=True)
            if stretch.start <= start < end <= stretch.end
        ]
        assert inside
        assert all(value > 0 for value in inside)
