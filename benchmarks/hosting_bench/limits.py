"""What this machine can do at best, measured in the same process: matmuls and reading memory, one thread."""

import time
from statistics import median
from typing import Any

import numpy as np
import torch

SHAPES = ((1024, 384, 1536), (2048, 2048, 2048))


def limits(rounds: int) -> dict[str, Any]:
    """Return GFLOP/s of fp32 matmuls by shape, and GB/s of reading."""
    found: dict[str, Any] = {f"matmul_gflops_{m}x{k}x{n}": matmul(m, k, n, rounds) for m, k, n in SHAPES}
    found["read_gb_per_second"] = read_bandwidth(rounds)
    return found


def matmul(rows: int, inner: int, columns: int, rounds: int) -> float:
    """Return the GFLOP/s of [rows x inner] by [inner x columns], fp32."""
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    out = torch.empty(rows, columns)
    operations = 2 * rows * inner * columns
    repeats = max(1, int(2e10 / operations))
    seconds = []
    with torch.inference_mode():
        for _ in range(rounds + 1):
            started = time.process_time()
            for _ in range(repeats):
                torch.mm(left, right, out=out)
            seconds.append((time.process_time() - started) / repeats)
    return operations / median(seconds[1:]) / 1e9


def read_bandwidth(rounds: int) -> float:
    """Return the GB/s at which one thread reads 256 MiB that no cache holds."""
    content = np.ones(256 << 17, dtype=np.float64)
    seconds = []
    for _ in range(rounds + 1):
        started = time.process_time()
        content.sum()
        seconds.append(time.process_time() - started)
    return float(content.nbytes / median(seconds[1:]) / 1e9)


def encoder_operations(lengths: list[int], *, layers: int, hidden: int, inner: int) -> float:
    """Return the floating point operations that rows of these lengths need: linear layers and attention."""
    linear = 2 * (4 * hidden * hidden + 2 * hidden * inner)
    attention = 4 * hidden
    return float(layers * sum(length * linear + length * length * attention for length in lengths))
