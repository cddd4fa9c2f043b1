import pytest
import torch
from torch import Tensor
from torch.nn import functional

from podion.hosting import attention
from podion.hosting.token_rows import PackedRows, TokenRow, pack_rows

HEADS, HIDDEN = 4, 32


def packed(lengths: tuple[int, ...]) -> PackedRows:
    return pack_rows([TokenRow((1,) * length, ((0, 0),) * length) for length in lengths], torch.device("cpu"))


def expected(projected: list[Tensor], rows: PackedRows) -> Tensor:
    """Each row by itself, head by head, written out."""
    found = []
    for query, key, value in zip(*(rows.split(part) for part in projected), strict=True):
        heads = []
        for head in range(HEADS):
            own = slice(head * HIDDEN // HEADS, (head + 1) * HIDDEN // HEADS)
            scores = query[:, own] @ key[:, own].T / (HIDDEN // HEADS) ** 0.5
            heads.append(scores.softmax(-1) @ value[:, own])
        found.append(torch.cat(heads, -1))
    return torch.cat(found)


@pytest.mark.parametrize("lengths", [(3,), (2, 2, 5), (5, 1, 5, 5)])
def test_tokens_see_their_own_row_alone(lengths: tuple[int, ...]) -> None:
    rows = packed(lengths)
    projected = [torch.randn(rows.tokens, HIDDEN) for _ in range(3)]
    found = attention.attend(projected, rows, HEADS)
    assert (found - expected(projected, rows)).abs().max() < 1e-5


def test_a_gpu_is_given_all_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel itself needs a GPU: here stands what it promises, written with the kernel that processors have."""

    def kernel(q: Tensor, k: Tensor, v: Tensor, bounds: Tensor, same: Tensor, *longest: int, num_splits: int) -> Tensor:
        assert (q.dtype, num_splits, longest) == (torch.bfloat16, 1, (5, 5))
        assert bounds.dtype is torch.int32
        assert bounds is same
        parts = []
        for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            own = (part[start:end].float().transpose(0, 1) for part in (q, k, v))
            parts.append(functional.scaled_dot_product_attention(*own).transpose(0, 1))  # type: ignore[arg-type]
        return torch.cat(parts)

    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", kernel)
    rows = packed((2, 5, 5, 1))
    projected = [torch.randn(rows.tokens, HIDDEN) for _ in range(3)]
    found = attention._varlen(projected, rows, HEADS)
    assert (found.shape, found.dtype) == ((rows.tokens, HIDDEN), torch.float32)
    assert (found - expected(projected, rows)).abs().max() < 0.05


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu() -> None:
    rows = packed((2, 5, 5, 1))
    projected = [torch.randn(rows.tokens, HIDDEN, device="cuda") for _ in range(3)]
    found = attention.attend(projected, rows, HEADS).cpu()
    assert (found - expected([part.cpu() for part in projected], rows)).abs().max() < 0.05
