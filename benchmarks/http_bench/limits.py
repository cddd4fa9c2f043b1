"""What bounds every figure: a large matmul in this process, the machine, versions, how busy it was."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

_SIZE = 1024


def matmul_gflops(threads: int, seconds: float = 0.5) -> float:
    """Return GFLOP/s of fp32 [1024, 1024] x [1024, 1024] in torch: the best of the runs in so many seconds."""
    import torch

    torch.set_num_threads(threads)
    one, other = torch.randn(_SIZE, _SIZE), torch.randn(_SIZE, _SIZE)
    best = 0.0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        torch.mm(one, other)
        best = max(best, 2 * _SIZE**3 / (time.perf_counter() - began) / 1e9)
    return round(best, 1)


def machine() -> dict[str, Any]:
    """Return processor, cores, Python and the versions that matter."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    names = ("torch", "transformers", "peft", "fastapi", "uvicorn", "uvloop", "httptools")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
    }
