import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors import SafetensorError
from safetensors.numpy import load, save
from safetensors.torch import save as save_torch

from podion.hosting.tensor_file import tensors_in


def content_of(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), np.uint8)


def file_of(header: Any, body: bytes = b"") -> np.ndarray:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return content_of(len(text).to_bytes(8, "little") + text + body)


tensors = st.dictionaries(
    st.text(max_size=8).filter(lambda name: name != "__metadata__"),
    arrays.arrays(
        st.sampled_from(["<f4", "<f2", "<f8", "<i8", "<i4", "u1", "?"]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    max_size=5,
)


@settings(max_examples=30, deadline=None)
@given(tensors)
def test_what_the_library_writes_is_read_without_a_copy(written: dict[str, np.ndarray]) -> None:
    content = content_of(save(written, {"format": "pt"}))
    found = tensors_in(content)
    assert found.keys() == written.keys()
    for name, array in written.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert not array.size or np.shares_memory(found[name], content)


@settings(max_examples=80, deadline=None)
@given(tensors, st.integers(0, 200), st.integers(0, 255), st.integers(0, 3))
def test_what_the_library_refuses_is_refused(
    written: dict[str, np.ndarray], place: int, value: int, shorter: int
) -> None:
    changed = bytearray(save(written))
    changed[place % len(changed)] = value
    del changed[len(changed) - shorter :]
    try:
        expected = load(bytes(changed))
    except (SafetensorError, KeyError, ValueError, MemoryError):
        with pytest.raises(ValueError, match=r"."):
            tensors_in(content_of(bytes(changed)))
        return
    try:
        found = tensors_in(content_of(bytes(changed)))
    except ValueError:
        return  # stricter than the library, never laxer
    assert found.keys() == expected.keys()
    assert all(found[name].shape == expected[name].shape for name in expected)


def test_bf16_becomes_fp32() -> None:
    written = torch.randn(3, 5).bfloat16()
    found = tensors_in(content_of(save_torch({"a": written})))["a"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, written.float().numpy())


def test_tensors_that_do_not_lie_straight_are_copied() -> None:
    body = np.arange(3, dtype="<f4").tobytes()
    header = json.dumps({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}}).encode()
    found = tensors_in(file_of(header + b" " * (1 - len(header) % 2), body))["a"]
    assert found.flags.aligned
    assert found.tolist() == [0, 1, 2]


A = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "content",
    [
        content_of(b""),
        content_of(b"\x00" * 7),
        content_of(b"\xff" * 16),
        file_of([]),
        file_of(b"{"),
        file_of(b'{"a": ' + b"[" * 20_000),
        file_of({"a": 1}),
        file_of({"a": A}),
        file_of({"a": A}, b"12345"),
        file_of({"a": A, "b": A}, b"1234"),
        file_of({"a": {**A, "data_offsets": [4, 8]}}, b"12345678"),
        file_of({"a": {**A, "data_offsets": [0, -4]}}, b"1234"),
        file_of({"a": {**A, "data_offsets": [False, 4]}}, b"1234"),
        file_of({"a": {**A, "data_offsets": [0]}}, b"1234"),
        file_of({"a": {**A, "dtype": "F128"}}, b"1234"),
        file_of({"a": {**A, "dtype": ["F32"]}}, b"1234"),
        file_of({"a": {**A, "shape": [2]}}, b"1234"),
        file_of({"a": {**A, "shape": [-1]}}, b"1234"),
        file_of({"a": {**A, "shape": [-1, -1]}}, b"1234"),
        file_of({"a": {**A, "shape": "1"}}, b"1234"),
        file_of({"a": {**A, "shape": [1 << 62, 1 << 62]}}, b"1234"),
    ],
)
def test_hostile_files_are_refused(content: np.ndarray) -> None:
    with pytest.raises((ValueError, RecursionError)):
        tensors_in(content)
