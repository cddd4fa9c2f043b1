"""A tiny random base model, tasks on it and records that it can learn: no download, no network."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pydantic import BaseModel
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from podion.answers import Span
from podion.head_kinds import LabelHead, SpanHead
from podion.hosting.base_card import InstalledBase
from podion.hosting.bases import find_base, install_base
from podion.hosting.encoder import Encoder
from podion.vertical import Method, Task

HIDDEN, LAYERS = 32, 4
TOPICS = {
    "card_lost": ["card", "lost", "stolen", "block"],
    "refund": ["refund", "money", "back", "return"],
    "weather": ["rain", "sun", "cloud", "wind"],
}
FILLERS = ["please", "my", "the", "now", "help", "about", "hello", "is"]


class Line(BaseModel):
    text: str
    label: str | None = None
    oos: bool = False
    conversation: str | None = None
    at: str | None = None


class MarkedLine(BaseModel):
    text: str
    spans: list[Span] | None = None


def write_tiny_base(folder: Path) -> Path:
    folder.mkdir(parents=True)
    words = [*FILLERS, *(word for topic in TOPICS.values() for word in topic)]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *[f"##{letter}" for letter in letters], *words]
    tokenizer = Tokenizer(models.WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=48, pad_token_id=0, architectures=["BertModel"],
    )  # fmt: skip
    config.save_pretrained(folder)
    model = BertModel(config)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> InstalledBase:
    bases = tmp_path_factory.mktemp("bases")
    install_base(write_tiny_base(tmp_path_factory.mktemp("made") / "tiny"), bases)
    return find_base("tiny", bases)


@pytest.fixture
def encoder(tiny: InstalledBase) -> Encoder:
    return Encoder.load(tiny, device="cpu", threads=1)


@pytest.fixture
def intent() -> Task:
    return Task(name="intent", record=Line, head=LabelHead(), out_of_scope="oos", metric="accuracy")


@pytest.fixture
def slots() -> Task:
    return Task(
        name="slots",
        record=MarkedLine,
        head=SpanHead(),
        label="spans",
        metric="entity_f1",
        methods=(Method.HEAD, Method.LORA),
    )


@pytest.fixture
def lines() -> Callable[..., list[Line]]:
    """Lines that say what they are about in one or two of their words."""

    def make(a_label: int, seed: int = 0, outside: int = 0) -> list[Line]:
        generator = random.Random(seed)
        made = []
        for label, words in TOPICS.items():
            for _ in range(a_label):
                text = [*generator.sample(FILLERS, 3), *generator.sample(words, 2)]
                generator.shuffle(text)
                made.append(Line(text=" ".join(text), label=label))
        made += [Line(text=" ".join(generator.sample(FILLERS, 5)), oos=True) for _ in range(outside)]
        generator.shuffle(made)
        return made

    return make


@pytest.fixture
def marked() -> Callable[..., list[MarkedLine]]:
    """Lines in which every word of the first topic is marked."""

    def make(count: int, seed: int = 0) -> list[MarkedLine]:
        generator = random.Random(seed)
        made = []
        for _ in range(count):
            words = [*generator.sample(FILLERS, 3), generator.choice(TOPICS["card_lost"])]
            generator.shuffle(words)
            place = next(place for place, word in enumerate(words) if word in TOPICS["card_lost"])
            start = sum(len(word) + 1 for word in words[:place])
            spans = [Span(start=start, end=start + len(words[place]), label="thing")]
            made.append(MarkedLine(text=" ".join(words), spans=spans))
        return made

    return make
