"""Relations between a note's entities: asked about pairs that can be, found by what stands between, measured whole."""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from podion import LabelSpace
from podion.hosting.adapter_files import Calibration
from podion.hosting.answering import scores_of
from podion.nn import States
from podion_medical.entity_pairs import MOST_PAIRS, pairs_of
from podion_medical.heads.relations import RelationHead
from podion_medical.schema import Entity, RelatedText, RelationsAnswer
from podion_medical.windows import windows

HIDDEN = 16
DRUGS, DOSES, PROBLEMS = ("aspirin", "metformin"), ("75mg", "500mg"), ("pain", "diabetes")
WORDS = (*DRUGS, *DOSES, *PROBLEMS, "for", "not", "and", "then")


def note(seed: int, **others: Any) -> RelatedText:
    """Two drugs, each with its dose behind it; one is given `for` a problem, the other is `not`."""
    generator = random.Random(seed)
    first, second = generator.sample(DRUGS, 2)
    words = [first, generator.choice(DOSES), generator.choice(["for", "not"]), generator.choice(PROBLEMS), "then"]
    words += [second, generator.choice(DOSES), generator.choice(["for", "not"]), generator.choice(PROBLEMS)]
    starts = [sum(len(word) + 1 for word in words[:place]) for place in range(len(words))]
    labels = {0: "drug", 1: "dose", 3: "problem", 5: "drug", 6: "dose", 8: "problem"}
    entities = [
        {"id": f"T{at}", "start": starts[at], "end": starts[at] + len(words[at]), "label": label}
        for at, label in labels.items()
    ]
    told = [{"head": "T0", "tail": "T1", "label": "dose"}, {"head": "T5", "tail": "T6", "label": "dose"}]
    told += [{"head": f"T{at}", "tail": f"T{at + 3}", "label": "reason"} for at in (0, 5) if words[at + 2] == "for"]
    return RelatedText.model_validate({"text": " ".join(words), "entities": entities, "label": told, **others})


def states_of(records: Sequence[RelatedText]) -> States:
    generator = torch.Generator().manual_seed(1)
    vectors = {word: torch.randn(HIDDEN, generator=generator) for word in WORDS}
    rows = [record.text.split(" ") for record in records]
    length = max(map(len, rows))
    tokens, offsets = torch.zeros(len(rows), length, HIDDEN), torch.zeros(len(rows), length, 2, dtype=torch.long)
    for row, words in enumerate(rows):
        start = 0
        for place, word in enumerate(words):
            tokens[row, place] = vectors[word]
            offsets[row, place] = torch.tensor([start, start + len(word)])
            start += len(word) + 1
    return States(pooled=tokens.mean(1), tokens=tokens, mask=offsets[:, :, 1] > 0, offsets=offsets)


def featured(head: RelationHead, records: Sequence[RelatedText]) -> States:
    states = states_of(records)
    return States(states.pooled, states.tokens, states.mask, states.offsets, head.features(records))


def answers_of(head: RelationHead, records: Sequence[RelatedText], **calibration: Any) -> list[RelationsAnswer]:
    states = featured(head, records)
    with torch.inference_mode():
        return head.decode(scores_of(head, Calibration(**calibration), head(states), states))


@pytest.fixture(scope="module")
def head() -> RelationHead:
    torch.manual_seed(0)
    records = [note(seed) for seed in range(40)]
    made = RelationHead(HIDDEN, LabelSpace(("dose", "reason")))
    made.fit_features(records)
    states = featured(made, records)
    optimiser = torch.optim.Adam(made.parameters(), lr=0.01)
    for _ in range(80):
        optimiser.zero_grad()
        made.loss(made(states), records).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return made.eval()


def test_each_drug_gets_its_own_dose_and_the_problem_that_it_is_for(head: RelationHead) -> None:
    records = [note(seed) for seed in range(100, 120)]
    found = head.measure(answers_of(head, records), records)
    assert found["relation_f1"] > 0.95
    assert found["relation_f1_reason"] > 0.9
    shuffled = head.measure(answers_of(head, records), records[1:] + records[:1])
    assert shuffled["relation_f1"] < 0.8


def test_only_pairs_that_a_teacher_related_are_asked_about(head: RelationHead) -> None:
    assert head.pairs == (("drug", "dose"), ("drug", "problem"))
    record = note(3)
    assert {(one.label, other.label) for one, other, _ in pairs_of(record.entities, head.pairs)} == set(head.pairs)
    alone = record.model_copy(update={"entities": [each for each in record.entities if each.label != "drug"]})
    first, second = answers_of(head, [alone, record])
    assert first.relations == ()
    assert first.confidence == 1.0
    assert second.relations
    assert all(relation.head.label == "drug" for relation in second.relations)


def test_a_pair_that_the_base_did_not_read_is_not_answered(head: RelationHead) -> None:
    record = note(3)
    states = featured(head, [record])
    cut = States(states.pooled, states.tokens, states.mask & (torch.arange(9) < 5), states.offsets, states.features)
    (answer,) = head.decode(scores_of(head, Calibration(), head(cut), cut))
    assert {relation.head.start for relation in answer.relations} <= {0}


def test_a_saved_head_answers_as_before(head: RelationHead) -> None:
    records = [note(seed) for seed in range(5)]
    loaded = RelationHead(HIDDEN, head.label_space, **head.options())
    loaded.load_state_dict(head.state_dict())
    assert answers_of(loaded.eval(), records) == answers_of(head, records)


def test_notes_that_nobody_marked_do_not_count(head: RelationHead) -> None:
    records = [note(1), note(2, label=None)]
    states = featured(head, records)
    logits = head(states)
    disturbed = torch.cat([logits[:1], logits[1:] * 3 + 1])
    assert torch.equal(head.loss(logits, records), head.loss(disturbed, records))
    assert head.loss(logits[1:], records[1:]).item() == 0.0
    assert head.measure(answers_of(head, records[1:]), records[1:])["relation_f1"] == 1.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"label": [{"head": "T0", "tail": "T99", "label": "dose"}]},
            "must lie between two of the note's entities: T0",
        ),
        ({"label": [{"head": "T0", "tail": "T0", "label": "dose"}]}, "must lie between two"),
        ({"entities": [{"id": "a", "start": 0, "end": 999, "label": "drug"}]}, "must be a stretch of the text"),
        ({"entities": [{"id": "a", "start": 0, "end": 2, "label": "drug"}] * 2}, "two entities have the id 'a'"),
    ],
)
def test_what_is_no_relation_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        note(1, **change)


@given(st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["a", "b", "c"])), max_size=40))
def test_the_nearest_pairs_of_known_labels_come_first(drawn: list[tuple[int, str]]) -> None:
    entities = [Entity(id=f"T{at}", start=start, end=start + 1, label=label) for at, (start, label) in enumerate(drawn)]
    found = pairs_of(entities, [("a", "b"), ("c", "c")])
    distances = [max(one.start, other.start) - min(one.end, other.end) for one, other, _ in found]
    assert distances == sorted(distances)
    assert len(found) <= MOST_PAIRS
    assert all((one.label, other.label) == (("a", "b"), ("c", "c"))[kind] for one, other, kind in found)
    assert all(one.id != other.id for one, other, _ in found)


@given(st.text(alphabet="ab. 。痛\n1,", max_size=400), st.integers(3, 30))
def test_windows_hold_every_character_once(text: str, most: int) -> None:
    pieces = windows(text, most)
    assert "".join("".join(text[start:end].split()) for start, end in pieces) == "".join(text.split())
    assert all(start < end for start, end in pieces)
    assert all(one.end <= other.start for one, other in pairwise(pieces))


def test_windows_end_with_sentences() -> None:
    text = "Chest pain since 3.5 hours. No fever! " * 12
    pieces = windows(text)
    assert len(pieces) > 1
    assert all(text[start:end].endswith((".", "!")) for start, end in pieces)
