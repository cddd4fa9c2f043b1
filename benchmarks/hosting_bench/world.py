"""Real texts, and tenants with adapters and heads of their own, as Podion's folders: PEFT reads the same files."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import torch

from podion.errors import BadSettings
from podion.hosting.adapter_files import AdapterParts, Calibration, HeadFile, LoraFiles, write_adapter
from podion.hosting.base_card import InstalledBase
from podion.hosting.protocol import Call

SEED = 2026
HIDDEN, INNER, LAYERS, RANK = 384, 1536, 6, 8
QUERY_VALUE = ("attention.self.query", "attention.self.value")
ALL_LINEAR = (*QUERY_VALUE, "attention.self.key", "attention.output.dense", "intermediate.dense", "output.dense")
_SIZES = {"intermediate.dense": (HIDDEN, INNER), "output.dense": (INNER, HIDDEN)}


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A tenant's adapter on disk, and what its head was made of."""

    owner: str
    base: str
    folder: Path
    digest: str
    weight: np.ndarray = field(repr=False)
    bias: np.ndarray = field(repr=False)

    @property
    def labels(self) -> list[str]:
        """Its labels in order."""
        return [f"label-{place}" for place in range(len(self.bias))]

    def call(self, text: str) -> Call:
        """Return the call that asks it of one text."""
        record = {"text": text}
        return Call(owner=self.owner, base=self.base, folder=str(self.folder), digest=self.digest, records=(record,))


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What an adapter changes: which linear layers, from which layer of the base on, and where its head reads."""

    targets: tuple[str, ...] = QUERY_VALUE
    lowest: int = 0
    cut: int | None = None


def texts_of(data: Path | None) -> list[str]:
    """Return the distinct questions of BANKING77's test file, in its order."""
    if data is None:
        raise BadSettings("PODION_DATA is not set: name the folder with the public data sets")
    with (data / "customer_service" / "banking77_test.csv").open(encoding="utf-8", newline="") as source:
        texts = list(dict.fromkeys(row["text"].strip() for row in csv.DictReader(source)))
    Random(SEED).shuffle(texts)
    return texts


def write(
    folder: Path, base: InstalledBase, number: int, labels: int, shape: Shape | None, owner: str | None = None
) -> Adapter:
    """Write one random adapter (`shape` None: a head alone); the same number gives the same numbers."""
    random = np.random.default_rng((SEED, number))
    cut = shape.cut if shape is not None else None
    width = HIDDEN * (1 if cut is None else 2)
    # weights large enough that a head is sure of itself, so that a small difference of states is seen
    weight = random.normal(0, 4, (labels, width)).astype(np.float32)
    bias = random.normal(0, 0.1, labels).astype(np.float32)
    parts = AdapterParts(
        card={"task": "bench/intent", "method": "lora", "base": base.name, "fingerprint": base.fingerprint},
        head=HeadFile(
            implementation="podion.hosting.heads:LabelClassifier",
            record="podion.answers:Span",
            hidden_size=HIDDEN,
            labels=tuple(f"label-{place}" for place in range(labels)),
            options={} if cut is None else {"cut": cut},
        ),
        head_tensors={"linear.weight": weight, "linear.bias": bias},
        calibration=Calibration(),
        lora=None if shape is None else _lora(random, shape),
    )
    place = folder / f"adapter-{number}"
    digest = write_adapter(place, parts)
    owner = owner or f"tenant-{number}"
    return Adapter(owner=owner, base=base.name, folder=place, digest=digest, weight=weight, bias=bias)


def write_many(folder: Path, base: InstalledBase, count: int, shape: Shape | None) -> list[Adapter]:
    """Write adapters of as many tenants, with heads of 2 to 77 labels."""
    return [write(folder, base, number, 2 + (75 * number) // max(1, count - 1), shape) for number in range(count)]


def linked(folder: Path, adapters: Sequence[Adapter], count: int) -> list[Adapter]:
    """Return `count` adapters in folders of their own, by hard links to the files of `adapters` in turn."""
    found = []
    for number in range(count):
        source = adapters[number % len(adapters)]
        place = folder / f"link-{number}"
        place.mkdir(parents=True)
        for name in os.listdir(source.folder):
            os.link(source.folder / name, place / name)
        found.append(
            Adapter(
                owner=f"tenant-{number}",
                base=source.base,
                folder=place,
                digest=source.digest,
                weight=source.weight,
                bias=source.bias,
            )
        )
    return found


def tensor_bytes(adapter: Adapter) -> int:
    """Return the bytes of an adapter's tensors, headers of their files not counted."""
    files = [adapter.folder / name for name in ("adapter_model.safetensors", "head.safetensors")]
    return sum(_content(file) for file in files if file.exists())


def one_thread() -> None:
    """Compute in one thread, as one engine's thread does on its own core."""
    torch.set_num_threads(1)


def _lora(random: np.random.Generator, shape: Shape) -> LoraFiles:
    tensors: dict[str, np.ndarray] = {}
    for layer in range(shape.lowest, LAYERS):
        for target in shape.targets:
            inputs, outputs = _SIZES.get(target, (HIDDEN, HIDDEN))
            name = f"base_model.model.encoder.layer.{layer}.{target}"
            tensors[f"{name}.lora_A.weight"] = random.normal(0, 0.05, (RANK, inputs)).astype(np.float32)
            tensors[f"{name}.lora_B.weight"] = random.normal(0, 0.05, (outputs, RANK)).astype(np.float32)
    config = {
        "peft_type": "LORA",
        "r": RANK,
        "lora_alpha": 2 * RANK,
        "bias": "none",
        "target_modules": list(shape.targets),
        "layers_to_transform": list(range(shape.lowest, LAYERS)),
        "inference_mode": True,
    }
    return LoraFiles(config=config, tensors=tensors)


def _content(file: Path) -> int:
    with file.open("rb") as source:
        header = int.from_bytes(source.read(8), "little")
    return file.stat().st_size - 8 - header
