import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from transformers import AutoModel

from podion.errors import DataError
from podion.hosting.base_card import file_sha256
from podion.hosting.e5s1 import E5S1File, convert

HIDDEN, LAYERS, INTERMEDIATE, VOCABULARY, POSITIONS, TYPES = 32, 2, 64, 10, 16, 2


def pack_q4(values: np.ndarray) -> bytes:
    """Blocks of 32 integers in -8..7 under a scale of 0.5."""
    blocks = (values.reshape(-1, 32) + 8).astype(np.uint8)
    nibbles = blocks[:, :16] | (blocks[:, 16:] << 4)
    scale = np.full((len(blocks), 1), 0.5, "<f2").view(np.uint8).reshape(len(blocks), 2)
    return np.concatenate([scale, nibbles], axis=1).tobytes()


def tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)

    def matrix(*shape: int) -> np.ndarray:
        return random.integers(-8, 8, shape)

    def vector(size: int) -> np.ndarray:
        return random.normal(size=size).astype(np.float32)

    made = {
        "emb.word": matrix(VOCABULARY, HIDDEN),
        "emb.pos": random.normal(size=(POSITIONS, HIDDEN)),
        "emb.type": random.normal(size=(TYPES, HIDDEN)),
        "emb.ln.w": vector(HIDDEN),
        "emb.ln.b": vector(HIDDEN),
    }
    square = [(name, HIDDEN, HIDDEN) for name in ("q", "k", "v", "ao")]
    for layer in range(LAYERS):
        for name, rows, columns in [*square, ("fi", INTERMEDIATE, HIDDEN), ("fo", HIDDEN, INTERMEDIATE)]:
            made[f"l{layer}.{name}.w"], made[f"l{layer}.{name}.b"] = matrix(rows, columns), vector(rows)
        for name in ("aln", "oln"):
            made[f"l{layer}.{name}.w"], made[f"l{layer}.{name}.b"] = vector(HIDDEN), vector(HIDDEN)
    return made


def e5s1(without: str = "", types: int = TYPES) -> bytes:
    head = b"E5S1" + struct.pack("<i", 1)
    head += struct.pack("<7i", HIDDEN, LAYERS, 4, INTERMEDIATE, VOCABULARY, POSITIONS, types)
    head += struct.pack("<fi", 1e-12, 32) + struct.pack("<5i", 3, 0, 2, 1, 3)
    head += struct.pack("<Q", 6) + bytes(4 * 4) + bytes(4 * 3) + b"abcdef" + struct.pack("<iI", 1, 5) + b"norms"
    packed = {
        name: pack_q4(values) if values.dtype == np.int64 else values.astype("<f4").tobytes()
        for name, values in tensors().items()
        if name != without
    }
    size = len(head) + 4 + sum(2 + len(name) + 21 for name in packed)
    directory, body = struct.pack("<i", len(packed)), b""
    for name, content in packed.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 1, 0, size + len(body), len(content))
        body += content
    return head + directory + body


def test_it_becomes_a_checkpoint_that_loads(tmp_path: Path) -> None:
    (tmp_path / "packed.bin").write_bytes(e5s1())
    seen: list[float] = []
    convert(tmp_path / "packed.bin", tmp_path, seen.append)
    written = load_file(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(written["embeddings.word_embeddings.weight"], tensors()["emb.word"] * 0.5)
    np.testing.assert_allclose(written["encoder.layer.1.output.dense.bias"], tensors()["l1.fo.b"])
    assert all(array.dtype == np.float32 for array in written.values())
    loaded, report = AutoModel.from_pretrained(tmp_path, add_pooling_layer=False, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert loaded.config.num_hidden_layers == LAYERS
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "packed.bin").write_bytes(e5s1())
        convert(tmp_path / name / "packed.bin", tmp_path / name, lambda share: None)
        digests.add((file_sha256(tmp_path / name / "model.safetensors"), file_sha256(tmp_path / name / "config.json")))
    assert len(digests) == 1


def read_all(content: bytes) -> None:
    source = E5S1File(memoryview(content))
    for name, values in tensors().items():
        source.tensor(name, *values.shape)


def test_the_whole_file_reads() -> None:
    read_all(e5s1())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not start with E5S1"),
        (b"GGUF" + e5s1()[4:], "does not start with E5S1"),
        (b"E5S1" + struct.pack("<i", 2) + e5s1()[8:], "version 2"),
        (e5s1()[:8] + struct.pack("<i", -3) + e5s1()[12:], "out of range"),
        (e5s1()[:8] + struct.pack("<i", 33) + e5s1()[12:], "does not divide"),
        (e5s1()[:40] + struct.pack("<i", 64) + e5s1()[44:], "blocks of 64"),
        (e5s1(without="l1.fo.w"), "'l1.fo.w' is missing"),
        (e5s1()[:64] + struct.pack("<Q", 1 << 63) + e5s1()[72:], "does not fit"),
    ],
)
def test_a_malformed_file_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_all(content)


def test_a_tensor_of_another_size_is_refused() -> None:
    with pytest.raises(DataError, match="no way to store"):
        E5S1File(memoryview(e5s1())).tensor("emb.word", VOCABULARY + 1, HIDDEN)


@pytest.mark.parametrize(("name", "damage"), [("emb.pos", b"\x00\x00\xc0\x7f"), ("emb.word", b"\x00\x7c")])
def test_values_that_are_not_finite_are_refused(name: str, damage: bytes) -> None:
    content = bytearray(e5s1())
    entry = E5S1File(memoryview(e5s1()))._entries[name]
    content[entry.offset : entry.offset + len(damage)] = damage
    with pytest.raises(DataError, match=f"'{name}' holds values that are not finite"):
        read_all(bytes(content))


@given(cut=st.integers(0, len(e5s1()) - 1))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(DataError):
        read_all(e5s1()[:cut])


@given(place=st.integers(0, 900), value=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_changed_header_is_refused_or_read_but_never_anything_else(place: int, value: int) -> None:
    content = bytearray(e5s1())
    content[place] = value
    with contextlib.suppress(DataError):
        read_all(bytes(content))
