"""Spans within spans, tagged label by label; and the head that also reads the words in their surroundings."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from podion.answers import Span, SpanAnswer
from podion.data.masking.records import moved_spans
from podion.data.masking.redaction import Edits
from podion.finetuning.span_metrics import span_metrics
from podion.head_kinds import SpanHead
from podion.hosting.adapter_files import Calibration
from podion.hosting.answering import scores_of
from podion.hosting.nested_spans import NestedSpanTagger
from podion.hosting.tag_paths import likeliest_tags
from podion.hosting.worded_spans import WordedSpanTagger, agreed, hearing_of
from podion.nn import Head, LabelSpace, Scores, States
from podion.nn.token_tags import TagScores
from podion.nn.token_words import codes_of, token_words

HIDDEN = 8
SPACE = LabelSpace(("body", "symptom"))
OFFSETS = ((0, 0), (0, 2), (2, 4), (5, 8), (9, 12), (0, 0))


class Marked(BaseModel):
    text: str = ""
    label: list[Span] | None = None


def states_of(offsets: Sequence[tuple[int, int]] = OFFSETS) -> States:
    places = torch.tensor([list(offsets)])
    tokens = torch.randn(1, len(offsets), HIDDEN, generator=torch.Generator().manual_seed(1))
    return States(pooled=tokens.mean(1), tokens=tokens, mask=places[:, :, 1] > places[:, :, 0], offsets=places)


def told(tags: Sequence[Sequence[int]], certain: float = 0.9) -> torch.Tensor:
    """Probabilities [1, length, labels, 3] of tags [length, labels]."""
    shares = torch.full((1, len(tags), len(tags[0]), 3), (1 - certain) / 2)
    return shares.scatter(-1, torch.tensor([tags]).unsqueeze(-1), certain)


def decode(tags: Sequence[Sequence[int]], threshold: float | None = None, certain: float = 0.9) -> SpanAnswer:
    shares = told(tags, certain)
    (answer,) = NestedSpanTagger(HIDDEN, SPACE).decode(Scores(shares.log(), shares, threshold, states_of()))
    return answer


def test_a_span_within_another_is_learned_and_answered() -> None:
    spans = [Span(start=0, end=12, label="symptom"), Span(start=0, end=4, label="body")]
    tagger, states = NestedSpanTagger(HIDDEN, SPACE), states_of()
    tags = tagger.targets(states.mask, states.offsets, [Marked(label=spans[::-1])])[0]
    assert tags.tolist() == [[-100, -100], [1, 1], [2, 2], [0, 2], [0, 2], [-100, -100]]
    answer = decode(tags.clamp(min=0).tolist())
    assert list(answer.spans) == spans
    assert answer.confidences == pytest.approx((0.9, 0.9))


def test_of_overlapping_spans_of_one_label_the_longest_is_learned() -> None:
    spans = [Span(start=0, end=4, label="body"), Span(start=0, end=8, label="body"), Span(start=9, end=12, label="x")]
    tagger, states = NestedSpanTagger(HIDDEN, SPACE), states_of()
    tags = tagger.targets(states.mask, states.offsets, [Marked(label=spans)])[0, :, 0]
    assert tags.tolist() == [-100, 1, 2, 2, 0, -100]


def test_without_spans_the_confidence_is_that_of_outside_and_a_weak_one_abstains() -> None:
    assert decode([[0, 0]] * 6).confidence == pytest.approx(0.9)
    assert decode([[0, 0]] * 6, threshold=0.95).abstained
    assert not decode([[0, 0]] * 6, threshold=0.85).abstained


@given(
    bounds=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from(["body", "symptom"])), max_size=4)
)
@settings(deadline=None, max_examples=80)
def test_tags_of_spans_on_token_bounds_decode_to_the_same_spans(bounds: list[tuple[int, int, str]]) -> None:
    offsets = OFFSETS[1:5]
    spans: list[Span] = []
    for first, length, label in bounds:
        last = min(first + length - 1, 3)
        new = Span(start=offsets[first][0], end=offsets[last][1], label=label)
        if all(new.end <= other.start or other.end <= new.start for other in spans if other.label == label):
            spans.append(new)
    states, tagger = states_of(offsets), NestedSpanTagger(HIDDEN, SPACE)
    shares = told(tagger.targets(states.mask, states.offsets, [Marked(label=spans)])[0].tolist())
    (answer,) = tagger.decode(Scores(shares.log(), shares, None, states))
    assert sorted(map(str, answer.spans)) == sorted(map(str, spans))
    assert [one.start for one in answer.spans] == sorted(one.start for one in answer.spans)


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=6), st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_the_likeliest_tags_are_the_best_of_all_valid_ones(shares: list[list[float]], silent: int) -> None:
    probabilities = torch.tensor(shares)[None, :, None]
    mask = torch.tensor([[place != silent for place in range(len(shares))]])
    tags = likeliest_tags(probabilities, mask)[0, :, 0].tolist()
    logs = np.log(np.array(shares, dtype=np.float32))
    there = [place for place in range(len(shares)) if place != silent]
    if silent < len(shares):
        assert tags[silent] == 0
    best = _best(logs[there]) if there else 0.0
    assert sum(logs[place, tags[place]] for place in there) == pytest.approx(best, abs=1e-4)
    before = 0
    for place in there:
        assert not (tags[place] == 2 and before == 0)
        before = tags[place]


def _best(logs: Any) -> float:
    """The best valid sum by trying every sequence."""
    from itertools import product

    valid = (
        tags
        for tags in product(range(3), repeat=len(logs))
        if all(t != 2 or b for b, t in zip((0, *tags), tags, strict=False))
    )
    return max(float(sum(row[tag] for row, tag in zip(logs, tags, strict=True))) for tags in valid)


@pytest.mark.parametrize("kind", [NestedSpanTagger, WordedSpanTagger])
def test_a_record_without_spans_counts_only_when_it_says_so(kind: Callable[..., Head[Any, Any]]) -> None:
    head, record = kind(HIDDEN, SPACE), Marked(text="ab cd efg hij")
    states = states_of()
    states = States(states.pooled, states.tokens, states.mask, states.offsets, head.features([record]))
    assert head.loss(head(states), [record]).item() == 0.0
    head.loss(head(states), [record.model_copy(update={"label": []})]).backward()  # type: ignore[no-untyped-call]
    assert any(weight.grad is not None and weight.grad.any() for weight in head.parameters())


def test_metrics_count_a_span_within_another() -> None:
    outer, inner = Span(start=0, end=8, label="symptom"), Span(start=0, end=2, label="body")
    assert span_metrics([[outer]], [[outer, inner]], brief=True)["entity_recall"] == 0.5
    assert span_metrics([[outer, inner]], [[inner, outer]], brief=True)["accuracy"] == 1.0


def test_masking_keeps_spans_within_one_another() -> None:
    outer, inner, later = (
        Span(start=2, end=12, label="a"), Span(start=2, end=4, label="b"), Span(start=10, end=12, label="c"),
    )  # fmt: skip
    edits = Edits(((3, 6, 7),))
    moved = moved_spans([outer, inner, later], edits)
    assert [(one.start, one.end, one.label) for one in moved] == [(2, 16, "a"), (2, 10, "b"), (14, 16, "c")]
    parts = [Span(start=3, end=4, label="a"), Span(start=5, end=6, label="b")]
    assert [one.label for one in moved_spans(parts, edits)] == ["a"], "both became the whole tag"


def test_words_need_nested_spans() -> None:
    with pytest.raises(ValueError, match="nested=True, words=True"):
        SpanHead(words=True)
    assert SpanHead(nested=True, words=True).implementation == "podion.hosting.worded_spans:WordedSpanTagger"
    assert SpanHead(nested=True).implementation == "podion.hosting.nested_spans:NestedSpanTagger"


def test_words_of_any_script_and_where_they_stand() -> None:
    texts = ["Severe  ABC-1 胸痛, ＡＢＣ", "", "x"]
    found = token_words(codes_of(texts))
    words = [texts[row][start:end] for row, start, end in zip(found.rows, found.starts, found.ends, strict=True)]
    assert words == ["Severe", "ABC", "-", "1", "胸", "痛", ",", "ＡＢＣ", "x"]
    assert found.keys[1, 0] == found.keys[7, 0], "width and case do not count"
    assert len(set(found.keys[:, 0].tolist())) == len(words) - 1
    assert len(token_words(codes_of(["", " "]))) == 0


def test_a_word_is_known_alike_whatever_stands_in_the_other_texts() -> None:
    alone = token_words(codes_of(["acute chest pain"]))
    among = token_words(codes_of(["x" * 40, "acute chest pain", "1 2"]))
    assert np.array_equal(alone.keys, among.keys[among.rows == 1])


DRUGS = ("aspirin", "metformin", "insulin", "ramipril")
OTHERS = ("with", "daily", "patient", "takes", "and", "never", "meal", "dose")


def drug_note(seed: int) -> Marked:
    generator = random.Random(seed)
    words = generator.sample(OTHERS, 4)
    words.insert(generator.randrange(5), generator.choice(DRUGS))
    text = " ".join(words)
    drug = next(word for word in words if word in DRUGS)
    start = text.index(drug)
    return Marked(
        text=text,
        label=[
            Span(start=start, end=start + len(drug), label="symptom"),
            Span(start=start, end=start + 2, label="body"),
        ],
    )


def test_words_alone_find_what_they_taught_and_not_by_heart() -> None:
    records = [drug_note(seed) for seed in range(60)]
    scores = TagScores(1)
    marks = [
        [(span.start, span.end, 0) for span in record.label or () if span.label == "symptom"] for record in records
    ]
    folds = scores.fit([record.text for record in records], marks)
    assert sorted(set(folds.tolist())) == [0, 1, 2]
    codes = torch.from_numpy(codes_of([record.text for record in records]))
    whole, honest = scores(codes), scores(codes, folds)
    begins = whole.logits[:, 0].argmax(-1).numpy() == 1
    where = {(row, start) for row, start in zip(whole.words.rows[begins], whole.words.starts[begins], strict=True)}
    assert where == {(row, told[0][0]) for row, told in enumerate(marks)}
    assert not torch.equal(whole.logits, honest.logits), "a text hears a layer that did not learn from it"
    assert torch.equal(scores(codes, torch.full_like(folds, -1)).logits, whole.logits)


def test_a_head_that_reads_words_saves_what_it_learned() -> None:
    records = [drug_note(seed) for seed in range(40)]
    head = WordedSpanTagger(HIDDEN, SPACE)
    head.fit_features(records)
    loaded = WordedSpanTagger(HIDDEN, SPACE, **head.options())
    loaded.load_state_dict(head.state_dict())
    record = drug_note(99)
    starts = [0] + [place + 1 for place, character in enumerate(record.text) if character == " "]
    plain = states_of([(start, start + len(record.text[start:].split()[0])) for start in starts])
    states = States(plain.pooled, plain.tokens, plain.mask, plain.offsets, head.features([record]))
    with torch.inference_mode():
        answers = [one.decode(scores_of(one, Calibration(), one(states), states))[0] for one in (head, loaded)]
    assert answers[0] == answers[1]
    assert [span for span in answers[0].spans if span.label == "symptom"] == (record.label or [])[:1]


def test_a_token_that_goes_on_with_a_word_begins_nothing() -> None:
    records = [drug_note(seed) for seed in range(40)]
    head = WordedSpanTagger(HIDDEN, LabelSpace(("symptom",)))
    head.fit_features(records)
    states = states_of([(0, 4), (4, 7), (8, 12)])
    states = States(
        states.pooled, states.tokens, states.mask, states.offsets, head.features([Marked(text="insulin with")])
    )
    with torch.inference_mode():
        tags = head(states)[0, :, 0].argmax(-1).tolist()
    assert tags == [1, 2, 0]


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_the_tokens_of_a_word_agree(seed: int) -> None:
    """Tokens: none, insu, lin, (a space), with, aspi, rin; the first and the last are no text."""
    generator = torch.Generator().manual_seed(seed)
    states = states_of([(0, 0), (0, 4), (4, 7), (8, 12), (13, 17), (17, 20), (0, 0)])
    said = TagScores(2)(torch.from_numpy(codes_of(["insulin with aspirin"])))
    logits = 3 * torch.randn(1, 7, 2, 3, generator=generator)
    found = agreed(logits, hearing_of(said, states))
    shares = found.softmax(-1)
    assert torch.allclose(shares[0, [0, 3, 6]], logits.softmax(-1)[0, [0, 3, 6]], atol=1e-5), "alone, they stay"
    for first, later in ((1, 2), (4, 5)):
        assert torch.allclose(shares[0, first, :, 0], shares[0, later, :, 0], atol=1e-4)
        assert float(shares[0, later, :, 1].max()) < 1e-3
        before = logits[0, first, :, 1] - logits[0, first, :, 2]
        assert torch.allclose(found[0, first, :, 1] - found[0, first, :, 2], before, atol=1e-4)
    tags = likeliest_tags(shares, states.mask)[0]
    assert torch.equal(tags[1] == 0, tags[2] == 0)
    assert torch.equal(tags[4] == 0, tags[5] == 0)


def test_of_very_many_texts_some_teach(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [drug_note(seed) for seed in range(60)]
    texts = [record.text for record in records]
    marks = [[(record.label[0].start, record.label[0].end, 0)] for record in records if record.label]
    monkeypatch.setattr("podion.nn.token_tags._MOST_READ", sum(map(len, texts)) // 3)
    scores = TagScores(1)
    assert len(scores.fit(texts, marks)) == 60
    said = scores(torch.from_numpy(codes_of(texts)))
    begins = said.logits[:, 0].argmax(-1).numpy() == 1
    found = set(zip(said.words.rows[begins].tolist(), said.words.starts[begins].tolist(), strict=True))
    assert found == {(row, told[0][0]) for row, told in enumerate(marks)}


def test_confidences_are_held_against_whether_spans_are_right() -> None:
    right, wrong = Span(start=0, end=8, label="symptom"), Span(start=0, end=2, label="body")
    found, truth = [[right, wrong]] * 40, [[right]] * 40
    honest = span_metrics(found, truth, confidences=[[1.0, 0.0]] * 40)
    assert honest["ece"] == 0.0
    assert span_metrics(found, truth, confidences=[[0.9, 0.9]] * 40)["ece"] == pytest.approx(0.4)
    assert "ece" not in span_metrics([[]], [[right]], confidences=[[]])
