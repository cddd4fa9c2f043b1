"""Reads an E5S1 file (a 4-bit multilingual-e5-small) and writes it as a plain BERT checkpoint in safetensors.

Layout, little-endian: magic, version, 7 sizes, epsilon and block size, 5 token ids, unigram pieces, normaliser map, a
directory of tensors, then the tensors. Matrices are ggml Q4_0: blocks of 18 bytes, an fp16 scale and 32 nibbles, the
low ones first; value = (nibble - 8) * scale. Vectors are fp32.
"""

import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from podion.errors import DataError

Floats = NDArray[np.float32]

_MAGIC = b"E5S1"
_VERSION = 1
_Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_BLOCK_VALUES = 32
_LARGEST_SIZE = 1 << 24
_MATRICES = (
    ("q", "attention.self.query"),
    ("k", "attention.self.key"),
    ("v", "attention.self.value"),
    ("ao", "attention.output.dense"),
    ("fi", "intermediate.dense"),
    ("fo", "output.dense"),
)
_NORMS = (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm"))


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes an E5S1 header states."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    pieces: int
    bos: int
    eos: int
    pad: int


@dataclass(frozen=True)
class _Entry:
    offset: int
    size: int


class E5S1File:
    """An open E5S1 file: its `shape` and, by name, its tensors. Raises `DataError` for anything that does not fit."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._position = 0
        if len(content) < 4 or bytes(content[:4]) != _MAGIC:
            raise _malformed("the file does not start with E5S1")
        self._position = 4
        (version,) = self._unpack("<i")
        if version != _VERSION:
            raise _malformed(f"version {version}, only {_VERSION} is known")
        self.shape = self._read_shape()
        self._skip_pieces()
        self._skip_normaliser()
        self._entries = self._read_directory()

    def tensor(self, name: str, *shape: int) -> Floats:
        """Return one tensor in fp32; its stored size must be that of `shape`, packed or plain."""
        entry = self._entries.get(name)
        if entry is None:
            raise _malformed(f"tensor {name!r} is missing")
        count = math.prod(shape)
        stored = self._content[entry.offset : entry.offset + entry.size]
        if entry.size == count * 4:
            values = np.frombuffer(stored, "<f4", count).astype(np.float32)
        elif count % _BLOCK_VALUES == 0 and entry.size == count // _BLOCK_VALUES * _Q4_BLOCK.itemsize:
            values = _unpack_q4(stored, count)
        else:
            raise _malformed(f"tensor {name!r} has {entry.size} bytes, which is no way to store {list(shape)}")
        if not np.isfinite(values).all():
            raise _malformed(f"tensor {name!r} holds values that are not finite")
        return values.reshape(shape)

    def _unpack(self, form: str) -> tuple[Any, ...]:
        try:
            values = struct.unpack_from(form, self._content, self._position)
        except struct.error as error:
            raise _malformed(f"it ends at byte {len(self._content)}, inside its header") from error
        self._position += struct.calcsize(form)
        return values

    def _skip(self, size: int) -> None:
        if size < 0 or self._position + size > len(self._content):
            raise _malformed(f"it ends at byte {len(self._content)}, a part of {size} bytes does not fit")
        self._position += size

    def _read_shape(self) -> Shape:
        sizes = self._unpack("<7i")
        if not all(0 < size < _LARGEST_SIZE for size in sizes):
            raise _malformed(f"sizes {sizes} are out of range")
        hidden, layers, heads, intermediate, vocabulary, positions, types = sizes
        if hidden % heads:
            raise _malformed(f"hidden size {hidden} does not divide by {heads} heads")
        _, block = self._unpack("<fi")
        if block != _BLOCK_VALUES:
            raise _malformed(f"blocks of {block} values, only {_BLOCK_VALUES} are known")
        pieces, bos, eos, pad, _ = self._unpack("<5i")
        if not 0 < pieces <= vocabulary:
            raise _malformed(f"{pieces} pieces for a vocabulary of {vocabulary}")
        return Shape(
            hidden=hidden,
            layers=layers,
            heads=heads,
            intermediate=intermediate,
            vocabulary=vocabulary,
            positions=positions,
            types=types,
            pieces=pieces,
            bos=bos,
            eos=eos,
            pad=pad,
        )

    def _skip_pieces(self) -> None:
        (blob,) = self._unpack("<Q")
        self._skip(4 * (self.shape.pieces + 1) + 4 * self.shape.pieces + blob)

    def _skip_normaliser(self) -> None:
        _, size = self._unpack("<iI")
        self._skip(size)

    def _read_directory(self) -> dict[str, _Entry]:
        (count,) = self._unpack("<i")
        if not 0 < count < 100_000:
            raise _malformed(f"a directory of {count} tensors")
        entries: dict[str, _Entry] = {}
        for _ in range(count):
            (length,) = self._unpack("<H")
            start = self._position
            self._skip(length)
            name = bytes(self._content[start : start + length]).decode("ascii", errors="replace")
            _, _, offset, size = self._unpack("<BIQQ")
            if offset + size > len(self._content):
                raise _malformed(f"tensor {name!r} ends at byte {offset + size} of {len(self._content)}")
            if name in entries:
                raise _malformed(f"tensor {name!r} is there twice")
            entries[name] = _Entry(offset, size)
        return entries


def convert(packed: Path, folder: Path, progress: Callable[[float], None]) -> None:
    """Write `model.safetensors` (fp32) and `config.json` of the E5S1 file into `folder`; the same bytes every time."""
    source = E5S1File(memoryview(packed.read_bytes()))
    tensors = _embeddings(source)
    for layer in range(source.shape.layers):
        tensors |= _layer(source, layer)
        progress((layer + 1) / (source.shape.layers + 1))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_config(source.shape), indent=1, sort_keys=True) + "\n")
    progress(1.0)


def _unpack_q4(stored: memoryview, count: int) -> Floats:
    blocks = np.frombuffer(stored, _Q4_BLOCK, count // _BLOCK_VALUES)
    low = (blocks["nibbles"] & 15).astype(np.int8) - 8
    high = (blocks["nibbles"] >> 4).astype(np.int8) - 8
    values = np.concatenate([low, high], axis=1).astype(np.float32)
    with np.errstate(invalid="ignore"):  # a scale that is no number is found by who asked, by the tensor's name
        return np.ascontiguousarray(values * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _embeddings(source: E5S1File) -> dict[str, Floats]:
    shape = source.shape
    return {
        "embeddings.word_embeddings.weight": source.tensor("emb.word", shape.vocabulary, shape.hidden),
        "embeddings.position_embeddings.weight": source.tensor("emb.pos", shape.positions, shape.hidden),
        "embeddings.token_type_embeddings.weight": source.tensor("emb.type", shape.types, shape.hidden),
        "embeddings.LayerNorm.weight": source.tensor("emb.ln.w", shape.hidden),
        "embeddings.LayerNorm.bias": source.tensor("emb.ln.b", shape.hidden),
    }


def _layer(source: E5S1File, layer: int) -> dict[str, Floats]:
    shape, to = source.shape, f"encoder.layer.{layer}."
    sizes = {"fi": (shape.intermediate, shape.hidden), "fo": (shape.hidden, shape.intermediate)}
    tensors: dict[str, Floats] = {}
    for name, module in _MATRICES:
        size = sizes.get(name, (shape.hidden, shape.hidden))
        tensors[f"{to}{module}.weight"] = source.tensor(f"l{layer}.{name}.w", *size)
        tensors[f"{to}{module}.bias"] = source.tensor(f"l{layer}.{name}.b", size[0])
    for name, module in _NORMS:
        tensors[f"{to}{module}.weight"] = source.tensor(f"l{layer}.{name}.w", shape.hidden)
        tensors[f"{to}{module}.bias"] = source.tensor(f"l{layer}.{name}.b", shape.hidden)
    return tensors


def _config(shape: Shape) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "pad_token_id": shape.pad,
        "bos_token_id": shape.bos,
        "eos_token_id": shape.eos,
    }


def _malformed(what: str) -> DataError:
    return DataError(f"not a usable E5S1 file: {what}; delete the downloaded file and install again", code="bad_base")
