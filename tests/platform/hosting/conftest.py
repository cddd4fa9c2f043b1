"""A tiny random base model, adapters on it, and an engine process: no download, no network."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from podion.hosting.adapter_files import AdapterParts, Calibration, HeadFile, LoraFiles, write_adapter
from podion.hosting.bases import InstalledBase, find_base
from podion.hosting.encoder import Encoder
from podion.hosting.head_loading import head_tensors, new_head
from podion.hosting.protocol import Call
from podion.hosting.runtimes import native_runtimes
from podion.settings import Settings

HIDDEN, LAYERS = 32, 3
WORDS = ["the", "card", "was", "lost", "in", "a", "bank", "hello", "please", "refund", "my", "money", "now", "##s"]


def write_tiny_base(folder: Path, seed: int = 0) -> Path:
    folder.mkdir(parents=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *[f"##{letter}" for letter in letters], *WORDS, "你", "好"]
    tokenizer = Tokenizer(models.WordPiece({piece: place for place, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=40)  # as some published tokenizers are saved: it must not be kept
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=48, pad_token_id=0, architectures=["BertModel"],
    )  # fmt: skip
    config.save_pretrained(folder)
    model = BertModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bases in which `tiny` and `other` are."""
    from podion.hosting.bases import install_base

    bases = tmp_path_factory.mktemp("bases")
    for name, seed in (("tiny", 0), ("other", 1)):
        install_base(write_tiny_base(tmp_path_factory.mktemp("made") / name, seed), bases)
    return bases


@pytest.fixture(scope="session")
def tiny(bases: Path) -> InstalledBase:
    return find_base("tiny", bases)


@pytest.fixture
def encoder(tiny: InstalledBase) -> Encoder:
    return Encoder.load(tiny, device="cpu", threads=1)


@pytest.fixture(scope="session")
def encoders(tiny: InstalledBase) -> dict[str, Encoder]:
    """One encoder of the tiny base for each runtime that this machine has."""
    runtimes = native_runtimes(torch.device("cpu"))
    return {runtime: Encoder.load(tiny.computed_by(runtime), device="cpu", threads=1) for runtime in runtimes}


@pytest.fixture(scope="session", params=["minilm-l6", "me5-small"])
def real_base(request: pytest.FixtureRequest) -> InstalledBase:
    from podion.errors import NotFound

    try:
        return find_base(request.param, Settings().bases)
    except NotFound as error:
        pytest.skip(error.detail)


def make_lora_files(
    seed: int, *, rank: int = 4, layers: int = LAYERS, targets: tuple[str, ...] = ("query", "value"), **config: Any
) -> LoraFiles:
    random = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray] = {}
    for layer in range(layers):
        for target in targets:
            name = f"base_model.model.encoder.layer.{layer}.attention.self.{target}"
            tensors[f"{name}.lora_A.weight"] = random.normal(0, 0.3, (rank, HIDDEN)).astype(np.float32)
            tensors[f"{name}.lora_B.weight"] = random.normal(0, 0.3, (HIDDEN, rank)).astype(np.float32)
    plain = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none", "target_modules": list(targets)}
    return LoraFiles(config={**plain, **config}, tensors=tensors)


@pytest.fixture(scope="session")
def lora_files() -> Callable[..., LoraFiles]:
    return make_lora_files


@pytest.fixture
def adapter(tiny: InstalledBase, tmp_path: Path) -> Callable[..., Call]:
    """Write an adapter and return a function from texts to the call that asks it."""
    made = iter(range(1_000))

    def make(
        texts: tuple[str, ...] = ("the card was lost",), *, labels: int = 3, seed: int = 0,
        lora: LoraFiles | None = None,
        implementation: str = "podion.hosting.heads:LabelClassifier", owner: str = "tenant-a", base: str = "tiny",
        fingerprint: str | None = None, calibration: Calibration | None = None,
        tensors: Mapping[str, np.ndarray] | None = None, record: str = "podion.answers:Span",
        options: Mapping[str, Any] | None = None,
    ) -> Call:  # fmt: skip
        head = HeadFile(
            implementation=implementation, record=record, hidden_size=HIDDEN,
            labels=tuple(f"label-{place}" for place in range(labels)), options=options or {},
        )  # fmt: skip
        torch.manual_seed(seed)
        parts = AdapterParts(
            card={"task": "t/t", "method": "head", "base": base, "fingerprint": fingerprint or tiny.fingerprint},
            head=head,
            head_tensors=head_tensors(new_head(head)) if tensors is None else tensors,
            calibration=calibration or Calibration(temperature=0.5),
            lora=lora,
        )
        folder = tmp_path / f"adapter-{next(made)}"
        digest = write_adapter(folder, parts)
        records = tuple({"text": text} for text in texts)
        return Call(owner=owner, base=base, folder=str(folder), digest=digest, records=records)

    return make


class EngineProcess:
    """An engine in a child process, started and killed by a test."""

    def __init__(self, bases: Path, socket_path: Path) -> None:
        self.bases, self.socket = bases, socket_path
        self.process: subprocess.Popen[str] | None = None

    def start(self, *options: str, **keywords: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "podion.hosting.server", "--socket", str(self.socket), "--bases"]
        self.process = subprocess.Popen(
            [*command, str(self.bases), "--device", "cpu", "--threads", "1", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
            **keywords,
        )  # fmt: skip
        self.wait_until_it_listens()
        return self.process

    def wait_until_it_listens(self) -> None:
        assert self.process is not None
        for _ in range(600):
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                probe.connect(str(self.socket))
                return
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        raise AssertionError("the engine does not listen")

    def stop(self) -> tuple[str, str]:
        if self.process is None:
            return "", ""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def engine_process(bases: Path) -> Iterator[EngineProcess]:
    with tempfile.TemporaryDirectory() as folder:
        process = EngineProcess(bases, Path(folder) / "engine.sock")
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def running_engine(bases: Path) -> Iterator[EngineProcess]:
    """One engine for the tests of a module that leave it as they found it."""
    with tempfile.TemporaryDirectory() as folder:
        process = EngineProcess(bases, Path(folder) / "engine.sock")
        try:
            process.start("--preload", "tiny")
            yield process
        finally:
            process.kill()
