"""The heads of pairs: how pairs are read, what the heads see of them, and that a served one answers as it was saved."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from pydantic import BaseModel

from podion.head_kinds import PARTED, PairHead
from podion.hosting.adapter_files import HeadFile
from podion.hosting.encoder import Encoder
from podion.hosting.engine import Engine
from podion.hosting.head_loading import head_options, head_tensors, load_head
from podion.hosting.pair_heads import SECOND, WORDING, PairClassifier, WordedPairClassifier
from podion.hosting.protocol import Answered, Call
from podion.hosting.reader import Reader
from podion.nn import LabelSpace, States
from podion.vertical import Task

LABELS = LabelSpace(("no", "yes"))


class Pair(BaseModel):
    question: str = ""
    passage: str | None = None
    label: str | None = None


ASKED = Task(name="asked", record=Pair, head=PairHead("question", "passage"))


def read(encoder: Encoder, head: PairClassifier | WordedPairClassifier, records: list[Pair]) -> States:
    rows = encoder.tokenise([ASKED.reads(record) for record in records])
    return replace(encoder.states(rows, reads_tokens=True), features=head.features(records))


def plain(cut: int | None = 1) -> PairClassifier:
    torch.manual_seed(0)
    return PairClassifier(32, LABELS, first="question", second="passage", cut=cut)


def test_both_parts_are_read_with_the_bases_own_separator_and_offsets_are_of_the_joined_text(encoder: Encoder) -> None:
    text = ASKED.reads(Pair(question="lost card", passage="a bank"))
    assert text == f"lost card{PARTED}a bank"
    row = encoder.tokenise([text])[0]
    assert [text[start:end] for start, end in row.offsets] == ["", "lost", "card", "", "a", "bank", ""]
    assert row.ids[3] == row.ids[-1] == 3  # [SEP]
    assert encoder.tokenise([text], prefix="my ")[0].offsets[2:] == row.offsets[1:]


def test_a_separator_that_somebody_types_is_not_ours(encoder: Encoder) -> None:
    sneaky = Pair(question=f"lost [SEP] card{PARTED}money", passage="a bank")
    text = ASKED.reads(sneaky)
    assert text.count(PARTED) == 1
    assert text.index(PARTED) == len("lost [SEP] card money")
    head = plain()
    begins = int(head.features([sneaky])[SECOND])
    offsets = encoder.tokenise([text])[0].offsets
    assert "".join(text[start:end] for start, end in offsets if start >= begins) == "abank"


@pytest.mark.parametrize(
    ("first", "second"), [("lost " * 300, "bank"), ("lost", "bank " * 300), ("a " * 99, "b " * 99)]
)
def test_neither_part_vanishes_where_both_are_too_long(
    encoder: Encoder, tiny_reader: Reader, first: str, second: str
) -> None:
    record = Pair(question=first, passage=second)
    text, begins = ASKED.reads(record), int(plain().features([record])[SECOND])
    row = encoder.tokenise([text])[0]
    starts = [start for start, end in row.offsets if end]
    assert len(row) == encoder.base.max_tokens == tiny_reader.count([text], encoder.base.prefix)
    assert min(starts) < begins <= max(starts)
    shares = sum(start < begins for start in starts), sum(start >= begins for start in starts)
    assert min(shares) >= min(len(first.split()), len(second.split()), 18)


@pytest.fixture
def tiny_reader(encoder: Encoder) -> Reader:
    return Reader(encoder.base)


def test_what_is_unknown_in_a_pair_is_counted_without_its_mark(tiny_reader: Reader) -> None:
    assert tiny_reader.unknown_share([ASKED.reads(Pair(question="lost", passage="card"))]) == 0.0


def test_each_part_is_the_mean_of_its_own_tokens(encoder: Encoder) -> None:
    head = plain(cut=None)
    records = [Pair(question="lost card", passage="a bank"), Pair(question="refund please", passage="hello")]
    states = read(encoder, head, records)
    vectors = head.vectors(states)
    first = torch.nn.functional.normalize(states.tokens[0, 1:3].mean(0), dim=0)
    second = torch.nn.functional.normalize(states.tokens[0, 4:6].mean(0), dim=0)
    assert torch.allclose(vectors[0, 32:64], first, atol=1e-6)
    assert torch.allclose(vectors[0, 64:96], second, atol=1e-6)
    assert torch.allclose(vectors[0, 96:128], (first - second).abs(), atol=1e-6)
    assert torch.equal(vectors[:, -13:], states.features[WORDING])


def test_each_part_sees_the_other(encoder: Encoder) -> None:
    head = plain()
    states = read(encoder, head, [Pair(question="lost card", passage="a bank"), Pair(question="lost card")])
    vectors = head.vectors(states)
    assert not torch.allclose(vectors[0, 32:64], vectors[1, 32:64], atol=1e-3)
    assert not vectors[1, 64:96].any()  # nothing stands in the second


def test_a_pair_that_says_nothing_is_answered_all_the_same(encoder: Encoder) -> None:
    head = plain()
    assert ASKED.reads(Pair(question=" ", passage=None)) == ""
    assert torch.isfinite(head(read(encoder, head, [Pair(), Pair(question=" ")]))).all()


PAIRS = [
    Pair(question=f"{who} card", passage=f"{who} {what}", label=label)
    for who in ("my", "the", "a", "this", "his", "her", "our", "no")
    for what, label in (("card", "yes"), ("card please", "yes"), ("refund", "no"), ("money refund", "no"))
]


def test_words_that_one_part_alone_has_decide_and_survive_being_saved() -> None:
    torch.manual_seed(0)
    head = WordedPairClassifier(32, LABELS, first="question", second="passage", cut=1)
    head.fit_features(PAIRS)
    file = HeadFile(
        implementation=PairHead().implementation,
        record=f"{__name__}:Pair",
        hidden_size=32,
        labels=LABELS.labels,
        options=head_options(head),
    )
    loaded = load_head(file, head_tensors(head), torch.device("cpu"))
    said = loaded.features([Pair(question="your card", passage="your refund"), Pair(question="x", passage="x please")])
    told = said["said_by_words"]
    assert told[0, 0] > told[0, 1]
    assert told[1, 1] > told[1, 0]
    honest = head.training_features(PAIRS, len(PAIRS))["said_by_words"]
    targets = torch.tensor(LABELS.targets(PAIRS))
    loss = torch.nn.functional.cross_entropy
    assert float(loss(honest, targets)) > float(loss(head.features(PAIRS)["said_by_words"], targets))


def test_pairs_and_single_texts_share_a_batch(adapter: Callable[..., Call], bases: object, encoder: Encoder) -> None:
    options = {"first": "question", "second": "passage", "cut": 1}
    path = PairHead(words=False).implementation
    records = [Pair(question="lost card", passage="a bank"), Pair(question="refund my money now", passage="please")]
    sent = tuple({"text": ASKED.reads(record), **record.model_dump(exclude_none=True)} for record in records)
    made = adapter(labels=2, implementation=path, record=f"{__name__}:Pair", options=options, owner="tenant-b")
    pairs = replace(made, records=sent)
    texts = adapter(("the card was lost", "hello"))
    engine = Engine(encoder.base.path.parent, device="cpu")
    together = engine.answer([texts, pairs, texts])
    alone = [*engine.answer([texts]), *engine.answer([pairs])]
    assert all(isinstance(one, Answered) for one in (*together, *alone))
    for mixed, own in zip(together, [alone[0], alone[1], alone[0]], strict=True):
        assert isinstance(mixed, Answered)
        assert isinstance(own, Answered)
        for one, other in zip(mixed.answers, own.answers, strict=True):
            assert one["label"] == other["label"]
            assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-5)
