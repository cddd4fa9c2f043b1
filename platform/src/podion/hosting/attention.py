"""Attention within each row of packed tokens, without a mask and without padding."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from podion.hosting.token_rows import PackedRows


def attend(projected: Sequence[Tensor], rows: PackedRows, heads: int) -> Tensor:
    """Return what each token gathers from its own row, [tokens, hidden] in fp32.

    `projected` are queries, keys and values, each [tokens, hidden].
    """
    return _varlen(projected, rows, heads) if projected[0].is_cuda else _by_runs(projected, rows, heads)


def _by_runs(projected: Sequence[Tensor], rows: PackedRows, heads: int) -> Tensor:
    """Rows of one length at once. Padding lengths to steps of 4 or 8 was measured and is no faster on a processor."""
    parts = []
    width = projected[0].shape[1]
    for run in rows.runs:
        shape = (run.rows, run.length, heads, width // heads)
        query, key, value = (part[run.tokens].view(shape).transpose(1, 2) for part in projected)
        found = functional.scaled_dot_product_attention(query, key, value)
        parts.append(found.transpose(1, 2).reshape(run.rows * run.length, width))
    return torch.cat(parts)


def _varlen(projected: Sequence[Tensor], rows: PackedRows, heads: int) -> Tensor:
    """All rows in one kernel, in bf16, which is what a GPU's flash attention takes."""
    from torch.nn.attention.varlen import varlen_attn  # with it come torch's compilers: 2 s of a start without a GPU

    query, key, value = (part.bfloat16().view(len(part), heads, -1) for part in projected)
    lengths = torch.tensor(rows.lengths, dtype=torch.int32, device=query.device)
    bounds = functional.pad(lengths.cumsum(0, dtype=torch.int32), (1, 0))
    longest = max(rows.lengths)
    # one split: a row's result must not depend on how much work stands beside it
    found = cast(Tensor, varlen_attn(query, key, value, bounds, bounds, longest, longest, num_splits=1))
    return found.flatten(1).float()
