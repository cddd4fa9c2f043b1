import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from podion.answers import Span
from podion.errors import PluginError
from podion.hosting.adapter_files import HeadFile
from podion.hosting.encoder import Encoder
from podion.hosting.head_loading import head_tensors, load_head, new_head, reads_features, record_type
from podion.hosting.heads import LabelClassifier, SpanTagger
from podion.nn import LabelSpace, Scores, States

LABELS = LabelSpace(("card", "loan", "money", "other", "refund"))
CPU = torch.device("cpu")


class Remark(BaseModel):
    text: str = ""
    label: str | None = None


class Marked(BaseModel):
    label: list[Span] | None = None


def scores(
    probabilities: torch.Tensor,
    threshold: float | None = None,
    states: States | None = None,
    trust: torch.Tensor | None = None,
) -> Scores:
    read = states or pooled(len(probabilities))
    return Scores(
        logits=probabilities.log(), probabilities=probabilities, threshold=threshold, states=read, trust=trust
    )


def pooled(rows: int, hidden: int = 8, scale: float = 1.0) -> States:
    states = torch.randn(rows, hidden, generator=torch.Generator().manual_seed(rows)) * scale
    empty = torch.zeros(rows, 0, hidden)
    return States(
        pooled=states, tokens=empty, mask=empty[:, :, 0] > 0, offsets=torch.zeros(rows, 0, 2, dtype=torch.long)
    )


def test_a_label_answer_has_the_top_label_and_three_runners_up() -> None:
    (answer,) = LabelClassifier(8, LABELS).decode(scores(torch.tensor([[0.1, 0.05, 0.6, 0.05, 0.2]])))
    assert (answer.label, answer.abstained) == ("money", False)
    assert answer.confidence == pytest.approx(0.6)
    assert [other.label for other in answer.alternatives] == ["refund", "card", "loan"]


@pytest.mark.parametrize(("threshold", "abstained"), [(None, False), (0.59, False), (0.61, True)])
def test_an_answer_below_the_threshold_abstains(threshold: float | None, abstained: bool) -> None:
    probabilities = torch.tensor([[0.1, 0.05, 0.6, 0.05, 0.2]])
    assert LabelClassifier(8, LABELS).decode(scores(probabilities, threshold))[0].abstained is abstained


def test_trust_decides_where_it_is_given() -> None:
    probabilities = torch.tensor([[0.1, 0.9], [0.6, 0.4]])
    head = LabelClassifier(8, LabelSpace(("no", "yes")))
    plain, trusted = scores(probabilities, 0.7), scores(probabilities, 0.7, trust=torch.tensor([-3.0, 5.0]))
    assert [answer.abstained for answer in head.decode(plain)] == [False, True]
    assert [answer.abstained for answer in head.decode(trusted)] == [True, False]
    assert [answer.confidence for answer in head.decode(trusted)] == pytest.approx([0.9, 0.6])


def test_a_head_that_reads_the_cut_sees_both_layers() -> None:
    head = LabelClassifier(8, LABELS, cut=3)
    states = dataclasses.replace(pooled(4), lower=torch.randn(4, 8, generator=torch.Generator().manual_seed(1)))
    turned = dataclasses.replace(states, lower=-states.lower if states.lower is not None else None)
    assert head.vectors(states).shape == (4, 16)
    assert head.vectors(states)[:, :8].norm(dim=-1).tolist() == pytest.approx([1.0] * 4)
    assert (head(states) - head(turned)).abs().max() > 1e-3
    assert torch.equal(head.vectors(states)[:, :8], LabelClassifier(8, LABELS).vectors(states))


def test_centroids_are_saved_and_say_how_near_a_row_is(tmp_path: Path) -> None:
    head = LabelClassifier(8, LABELS, centroids=True)
    states = pooled(5)
    head.centroids = 3.0 * head.vectors(states)
    file = HeadFile(
        implementation="podion.hosting.heads:LabelClassifier", record="a:B", hidden_size=8, labels=LABELS.labels,
        options={"centroids": True},
    )  # fmt: skip
    loaded = load_head(file, head_tensors(head), CPU)
    assert isinstance(loaded, LabelClassifier)
    nearness = loaded.nearness(states)
    assert nearness is not None
    assert nearness.tolist() == pytest.approx([1.0] * 5)
    assert LabelClassifier(8, LABELS).nearness(states) is None
    with pytest.raises(PluginError, match="saved state"):
        load_head(dataclasses.replace(file, options={}), head_tensors(head), CPU)
    with pytest.raises(PluginError, match="cannot be built"):
        new_head(dataclasses.replace(file, options={"colour": "red"}))


def test_two_labels_have_one_runner_up() -> None:
    (answer,) = LabelClassifier(8, LabelSpace(("no", "yes"))).decode(scores(torch.tensor([[0.3, 0.7]])))
    assert [other.label for other in answer.alternatives] == ["no"]


def test_logits_do_not_depend_on_the_length_of_the_state() -> None:
    head = LabelClassifier(8, LABELS)
    assert torch.allclose(head(pooled(4)), head(pooled(4, scale=50.0)), atol=1e-6)


def test_records_without_our_label_do_not_count() -> None:
    head = LabelClassifier(8, LABELS)
    logits = head(pooled(3))
    records = [Remark(label="loan"), Remark(label=None), Remark(label="of another dataset")]
    assert torch.allclose(head.loss(logits, records), head.loss(logits[:1], records[:1]))
    nothing = head.loss(logits, records[1:2] * 3)
    nothing.backward()
    assert nothing.item() == 0.0


def marked_states(offsets: Sequence[tuple[int, int]], hidden: int = 8) -> States:
    places = torch.tensor([list(offsets)])
    tokens = torch.randn(1, len(offsets), hidden, generator=torch.Generator().manual_seed(1))
    return States(pooled=tokens.mean(1), tokens=tokens, mask=places[:, :, 1] > places[:, :, 0], offsets=places)


OFFSETS = ((0, 0), (0, 2), (2, 4), (5, 8), (9, 12), (0, 0))
SPANS = LabelSpace(("city", "day"))


def test_spans_become_tags_of_the_tokens_they_touch() -> None:
    states = marked_states(OFFSETS)
    record = Marked(label=[Span(start=0, end=4, label="day"), Span(start=9, end=11, label="city")])
    targets = SpanTagger(8, SPANS).targets(states.mask, states.offsets, [record])
    assert targets.tolist() == [[-100, 3, 4, 0, 1, -100]]


def test_of_overlapping_spans_the_longest_is_learned_and_unknown_labels_are_not() -> None:
    states = marked_states(OFFSETS)
    spans = [Span(start=0, end=2, label="city"), Span(start=0, end=8, label="day"), Span(start=9, end=12, label="x")]
    targets = SpanTagger(8, SPANS).targets(states.mask, states.offsets, [Marked(label=spans)])
    assert targets.tolist() == [[-100, 3, 4, 4, 0, -100]]


def test_a_record_without_spans_counts_only_when_it_says_so() -> None:
    states = marked_states(OFFSETS)
    tagger = SpanTagger(8, SPANS)
    assert tagger.targets(states.mask, states.offsets, [Marked(label=None)]).unique().tolist() == [-100]
    assert tagger.targets(states.mask, states.offsets, [Marked(label=[])]).unique().tolist() == [-100, 0]
    tagger.loss(tagger(states), [Marked(label=[])]).backward()
    assert tagger.linear.weight.grad is not None


def test_the_loss_is_of_what_forward_saw_last() -> None:
    tagger = SpanTagger(8, SPANS)
    with pytest.raises(ValueError, match="that forward returned last"):
        tagger.loss(torch.zeros(1, 6, 5), [Marked(label=[])])


def tagged(tags: list[int], certain: float = 0.9) -> torch.Tensor:
    probabilities = torch.full((1, len(tags), 5), (1 - certain) / 4)
    probabilities[0, range(len(tags)), tags] = certain
    return probabilities


def decode(tags: list[int], threshold: float | None = None, certain: float = 0.9) -> tuple[list[Span], float, bool]:
    states = marked_states(OFFSETS)
    given_scores = scores(tagged(tags, certain), threshold, states)
    (answer,) = SpanTagger(8, SPANS).decode(given_scores)
    return list(answer.spans), answer.confidence, answer.abstained


def test_tags_become_spans_in_reading_order() -> None:
    spans, confidence, abstained = decode([0, 3, 4, 0, 1, 0])
    assert spans == [Span(start=0, end=4, label="day"), Span(start=9, end=12, label="city")]
    assert confidence == pytest.approx(0.9)
    assert not abstained


def test_an_inside_without_its_begin_begins_a_span() -> None:
    assert decode([0, 4, 4, 2, 2, 0])[0] == [Span(start=0, end=4, label="day"), Span(start=5, end=12, label="city")]


def test_two_begins_are_two_spans_and_special_tokens_mark_nothing() -> None:
    assert decode([1, 1, 1, 0, 0, 3])[0] == [Span(start=0, end=2, label="city"), Span(start=2, end=4, label="city")]


def test_without_spans_the_confidence_is_that_of_outside() -> None:
    assert decode([0] * 6, threshold=0.95) == ([], pytest.approx(0.9), True)


@given(bounds=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.sampled_from(["city", "day"])), max_size=3))
@settings(deadline=None, max_examples=60)
def test_tags_of_spans_on_token_bounds_decode_to_the_same_spans(bounds: list[tuple[int, int, str]]) -> None:
    offsets = [(0, 2), (2, 4), (5, 8), (9, 12)]
    spans: list[Span] = []
    free = 0
    for first, length, label in sorted(bounds):
        last = first + length - 1
        if first >= free and last < len(offsets):
            spans.append(Span(start=offsets[first][0], end=offsets[last][1], label=label))
            free = last + 1
    states = marked_states(offsets)
    tagger = SpanTagger(8, SPANS)
    tags = tagger.targets(states.mask, states.offsets, [Marked(label=spans)])[0].tolist()
    (answer,) = tagger.decode(scores(tagged(tags), states=states))
    assert list(answer.spans) == spans


def test_spans_survive_a_real_tokenizer(encoder: Encoder) -> None:
    text = "hello the bank  now"
    states = encoder.states(encoder.tokenise([text]), reads_tokens=True)
    tagger = SpanTagger(encoder.hidden_size, SPANS)
    want = Span(start=text.index("bank"), end=len(text), label="city")
    tags = tagger.targets(states.mask, states.offsets, [Marked(label=[want])])[0].clamp(min=0).tolist()
    (answer,) = tagger.decode(scores(tagged(tags), states=states))
    assert answer.spans == (want,)


def file(implementation: str = "podion.hosting.heads:LabelClassifier", record: str = "podion.answers:Span") -> HeadFile:
    return HeadFile(implementation=implementation, record=record, hidden_size=8, labels=("no", "yes"))


def test_a_loaded_head_answers_bit_for_bit_as_before() -> None:
    head = new_head(file())
    loaded = load_head(file(), head_tensors(head), CPU)
    assert torch.equal(head(pooled(5)), loaded(pooled(5)))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no colon", "names no head"),
        ("podion.hosting.heads:Absent", "has no 'Absent'"),
        ("podion.answers:Span", "a subclass of podion.nn.Head"),
        ("no_such_package.heads:Head", "ModuleNotFoundError"),
    ],
)
def test_a_path_that_leads_nowhere_is_the_plugins_fault(path: str, words: str) -> None:
    with pytest.raises(PluginError, match=words):
        new_head(file(path))


def test_a_plugin_that_breaks_while_it_is_imported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_plugin_heads.py").write_text("raise OSError('no licence server')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="broken_plugin_heads:Head does not load: OSError: no licence server"):
        new_head(file("broken_plugin_heads:Head"))
    with pytest.raises(PluginError, match="no licence server"):
        record_type(file(record="broken_plugin_heads:Record"))


def test_a_state_that_does_not_fit_is_refused() -> None:
    for tensors in ({}, {"linear.weight": np.zeros((3, 8), np.float32), "linear.bias": np.zeros(3, np.float32)}):
        with pytest.raises(PluginError, match="does not take its saved state"):
            load_head(file(), tensors, CPU)


def test_a_record_is_a_pydantic_model() -> None:
    assert record_type(file()) is Span
    with pytest.raises(PluginError, match="no pydantic model"):
        record_type(file(record="podion.hosting.heads:SpanTagger"))
    assert not reads_features(new_head(file()))
